"""The hooks, run by the real pre-commit in repositories that the tests make."""

import pytest

from conftest import BIN, CLEAN, DEFECT, ROOT, run, target

PRE_COMMIT = BIN / "pre-commit"
# One of each kind that the program checks, and names that look alike.
NAMES = """
    a.py a.pyw x/b.py a.pyi a.ipynb a.pyx a.py.txt
    a.service x/a@.service a.service.in a.service.j2 a.service.d/x.conf a@1.service.d/10-x.conf.jinja a.timer a.socket etc/a.conf
    Dockerfile x/Containerfile Dockerfile.prod Dockerfile-web Dockerfile_web a.dockerfile prod.Dockerfile Dockerfile.j2 docker/dockerfile
    Dockerfile.md Dockerfile.py Dockerfile.dockerignore MyDockerfile Dockerfile.prod.sh
    docker-compose.yml docker-compose.prod.yaml compose.yaml compose-dev.yml podman-compose.yml docker-compose.yml.j2 composed.yml decompose.yml
    k8s/web.yaml x/kubernetes/base/web.yml helm/templates/a.yaml charts/a.yaml.tpl k8s/notes.txt web.yaml
    supervisord.conf x/supervisor/web.conf supervisor/conf.d/web.conf supervisor-web.conf supervisord.d/web.ini supervisor/programs/a.ini web.ini
    a.sh x/install.bash a.sh.in a.zsh a.bat Makefile makefile GNUmakefile x/rules.mk Makefile.in Makefile.am
    .github/workflows/ci.yml x/.github/workflows/ci.yaml .github/dependabot.yml .gitlab-ci.yml ci/lint.gitlab-ci.yml workflows/ci.yml
    tox.ini requirements.txt requirements-dev.txt x/dev-requirements.txt requirements/prod.txt constraints.txt notes.txt requirements.in
    setup.py setup.cfg pyproject.toml Procfile README README.md LICENSE
""".split()
SCRIPTS = {
    "bin/python-script": "#!/usr/bin/env python3\n",
    "bin/shell-script": "#!/bin/sh\n",
    "bin/bash-script": "#!/usr/bin/env bash\n",
    "bin/perl-script": "#!/usr/bin/perl\n",
}


def git(folder, *arguments, expect=0, **environment):
    return run(["git", *arguments], folder, expect, **environment)


class Repository:
    """A Git repository whose commits pre-commit looks at, with the hooks of the clone and the program that is there."""

    def __init__(self, folder, clone, pyrelint):
        self.folder = folder
        self.clone = clone
        self.environment = {"PRE_COMMIT_HOME": str(folder.parent / "pre-commit"), "PATH": f"{pyrelint.parent}:{BIN}:/usr/local/bin:/usr/bin:/bin"}
        folder.mkdir()
        git(folder, "init", "--quiet", "--initial-branch", "main")
        git(folder, "config", "user.name", "Somebody")
        git(folder, "config", "user.email", "somebody@example.org")

    def configure(self, **hook):
        revision = git(self.clone, "rev-parse", "HEAD").strip()
        lines = [f"      {key}: {value}" for key, value in {"language": "system", **hook}.items()]
        hooks = [line for name in ("pyrelint", "pyrelint-scripts") for line in [f"    - id: {name}", *lines]]
        text = "\n".join(["repos:", f"- repo: {self.clone}", f"  rev: {revision}", "  hooks:", *hooks, ""])
        self.write({".pre-commit-config.yaml": text})
        self.run(PRE_COMMIT, "install")

    def write(self, files):
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            # pre-commit reads the first lines of programs only.
            path.chmod(0o755 if text.startswith("#!") else 0o644)
        git(self.folder, "add", "--all")

    def run(self, *command, expect=0):
        return run(command, self.folder, expect, **self.environment)

    def commit(self, expect=0):
        return self.run("git", "commit", "--message", "Change", expect=expect)


@pytest.fixture
def repository(tmp_path, clone, pyrelint):
    return Repository(tmp_path / "project", clone, pyrelint)


def test_the_manifest_is_valid():
    run([PRE_COMMIT, "validate-manifest", ".pre-commit-hooks.yaml"])


def test_a_bad_commit_is_stopped_and_a_good_one_passes(repository):
    repository.configure()
    repository.write({"client.py": CLEAN, "more.py": CLEAN})
    said = repository.commit()
    assert "pyrelint" in said and "Passed" in said
    repository.write({"client.py": DEFECT, "more.py": DEFECT})
    said = repository.commit(expect=1)
    # Both files in one call.
    assert "client.py:8:9" in said and "more.py:8:9" in said and "del-io" in said and said.count("2 files checked") == 1, said
    assert git(repository.folder, "rev-list", "--count", "HEAD").strip() == "1"
    repository.write({"client.py": DEFECT.replace("__del__", "close"), "more.py": CLEAN})
    repository.commit()


def test_units_requirements_and_scripts_reach_it(repository):
    repository.configure(args="[--select, 'ALL']")
    files = {
        "app.py": "import time\n\nwhile True:\n    time.sleep(1)\n",
        "deploy/app.service": "[Service]\nExecStart=/usr/bin/python3 /srv/app.py\n",
        "requirements.txt": "# pyrelint: ignore[RL999]\nflask\n",
        "bin/start": "#!/bin/sh\npython3 app.py || true\n",
    }
    repository.write(files)
    said = repository.commit(expect=1)
    assert "deploy/app.service:1" in said and "unit-restart" in said, said
    shown = repository.run("pyrelint", "--show-files")
    assert {"app.py", "deploy/app.service", "requirements.txt", "bin/start"} <= set(shown.split())


def test_excluded_files_stay_excluded(repository):
    repository.configure()
    repository.write({"pyrelint.toml": "exclude = ['vendored']\n", "vendored/client.py": DEFECT})
    repository.commit()


def test_unchanged_files_tell_what_the_changed_ones_do(repository):
    repository.configure()
    repository.write(
        {
            "app.py": "import helper\n\nhelper.work()\n",
            "base.py": DEFECT.replace("__del__", "close"),
            "helper.py": "def work():\n    pass\n",
            "old.py": CLEAN,
        }
    )
    repository.commit()
    # A finding that was there before.
    repository.write({"old.py": DEFECT})
    git(repository.folder, "commit", "--quiet", "--no-verify", "--message", "Old")
    repository.write(
        {
            "helper.py": "import logging\n\nfrom base import Client\n\nlogging.basicConfig(level='INFO')\n\n\nclass Special(Client):\n"
            "    def __del__(self):\n        self.close()\n\n\ndef work():\n    Special()\n"
        }
    )
    said = repository.commit(expect=1)
    # Forwards, along an import: what the inherited method does. Backwards: that app.py imports the module.
    assert "helper.py:9:9" in said and "del-io" in said and "base.py" in said, said
    assert "helper.py:5:1" in said and "basic-config-in-library" in said, said
    assert "old.py" not in said, said


def test_the_hooks_get_the_files_that_the_program_checks(repository):
    repository.configure(entry="printf '<%s>\\n'", verbose="true")
    repository.write({name: "x\n" for name in NAMES} | SCRIPTS)
    said = repository.run(PRE_COMMIT, "run", "--all-files")
    passed = {line[1:-1] for line in said.splitlines() if line.startswith("<")}
    shown = set(repository.run("pyrelint", "--show-files", "--isolated").split())
    assert passed == shown
    assert {"a.service.d/x.conf", "requirements/prod.txt", "bin/shell-script", "bin/python-script"} <= passed
    assert not {"LICENSE", "notes.txt", "bin/perl-script", "a.pyi"} & passed


@pytest.mark.slow
def test_pre_commit_builds_and_runs_the_hook_by_itself(repository, clone):
    repository.write({"client.py": DEFECT})
    # Nothing is on the PATH but what pre-commit has installed, and what builds it.
    repository.environment.pop("PATH")
    repository.environment["CARGO_TARGET_DIR"] = target()
    try_repo = [PRE_COMMIT, "try-repo", clone, "--all-files", "--verbose"]
    said = repository.run(*try_repo, expect=1)
    assert "del-io" in said and "client.py:8:9" in said, said
    repository.write({"client.py": CLEAN})
    said = repository.run(*try_repo)
    assert "Passed" in said and "Failed" not in said, said


def test_the_repository_itself_passes_its_hooks(pyrelint):
    shown = run([pyrelint, "check", "--show-files", "python", "packaging", "ci", ".github"]).split()
    assert "packaging/Dockerfile" in shown and ".github/workflows/test.yml" in shown and "python/pyrelint/__main__.py" in shown
    run([pyrelint, "check", "--select", "ALL", "--fail-on", "info", *shown], ROOT)
