"""Nothing of the analysed project is run, nothing goes over a network, and nothing that it holds steers a terminal, a log or a page."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest
from conftest import FORMATS, HIT, PYRELINT, environment, run

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
FINALIZER = "import socket\nclass A:\n    def __init__(self):\n        self.s = socket.socket()\n    def __del__(self):\n        self.s.shutdown(2)\n"


def traced(arguments, cwd, tmp_path, **more):
    """The system calls of a run, its own start aside, that start a program or open a connection."""
    log = tmp_path / "strace"
    command = ["strace", "-f", "-qq", "-s", "300", "-e", "trace=execve,execveat,socket,connect,bind,sendto", "-o", str(log), str(PYRELINT)]
    done = subprocess.run([*command, *arguments], cwd=cwd, env=environment(**more), capture_output=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    calls = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()]
    calls = [call for call in calls if re.match(r"(execve|execveat|socket|connect|bind|sendto)\(", call)]
    assert calls and str(PYRELINT) in calls[0]
    return calls[1:], done


@pytest.fixture
def hostile(tmp_path):
    """A project in which everything that somebody might run leaves a mark."""
    project = tmp_path / "project"
    (project / "pkg").mkdir(parents=True)
    mark = tmp_path / "MARK"
    script = f"#!/bin/sh\ntouch {mark}\n"
    for name in ("setup.py", "conftest.py", "sitecustomize.py", "pkg/__init__.py", "pkg/evil.py"):
        (project / name).write_text(f"open({str(mark)!r}, 'w')\nimport sys\nsys.exit(256)\n")
    for name in (".venv/bin/python", ".venv/bin/python3", "evil.sh", "git", "python3", "venv/bin/python"):
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)
    (project / ".venv/pyvenv.cfg").write_text(f"home = {project}\n")
    packages = project / ".venv/lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    (packages / "evil.pth").write_text(f"import os; open({str(mark)!r}, 'w')\n")
    (project / "user.py").write_text("import pkg.evil\n" + FINALIZER)
    (project / "Dockerfile").write_text("FROM python\nRUN pip install -U pkg\nCMD python user.py\n")
    (project / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n[build-system]\nrequires = ["evil"]\nbuild-backend = "evil"\n[tool.pyrelint]\nselect = ["ALL"]\n')
    return project, mark


def commit(project, *config):
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "-q"], cwd=project, check=True)
    subprocess.run([*git, "add", "-A", "-f"], cwd=project, check=True)
    subprocess.run([*git, "commit", "-qm", "x"], cwd=project, check=True)


@needs_strace
def test_nothing_is_run_and_nothing_is_sent(hostile, tmp_path):
    project, mark = hostile
    for arguments in (["."], ["--python", ".venv", "."], ["--python", ".venv/bin/python", "."], ["--fix", "--unsafe-fixes", "."], ["--no-prefilter", "user.py"], ["graph", "user.py"], ["config"]):
        calls, _ = traced(arguments, project, tmp_path, VIRTUAL_ENV=str(project / ".venv"))
        assert calls == [] and not mark.exists(), (arguments, calls)


@needs_strace
def test_git_runs_nothing_that_the_repository_names(hostile, tmp_path):
    project, mark = hostile
    commit(project)
    evil = project / "evil.sh"
    (project / ".gitattributes").write_text("*.py diff=evil filter=evil merge=evil\n")
    lines = [f"\tfsmonitor = {evil}", f"\thooksPath = {project}/hooks", f"\tpager = {evil}", f"\tsshCommand = {evil}", f"\taskPass = {evil}", f"\teditor = {evil}", f"\tgitProxy = {evil}", f"\talternateRefsCommand = {evil}"]
    config = "\n[core]\n" + "\n".join(lines) + f'\n[diff]\n\texternal = {evil}\n[diff "evil"]\n\ttextconv = {evil}\n\tcommand = {evil}\n'
    config += f'[filter "evil"]\n\tclean = {evil}\n\tsmudge = {evil}\n\tprocess = {evil}\n\trequired = true\n'
    config += f'[alias]\n\trev-parse = !{evil}\n\tdiff-index = !{evil}\n\tcat-file = !{evil}\n[pager]\n\tls-tree = {evil}\n\tdiff-index = {evil}\n'
    config += f'[credential]\n\thelper = !{evil}\n[gpg]\n\tprogram = {evil}\n[log]\n\tshowSignature = true\n[trace2]\n\tnormalTarget = {mark}\n'
    with (project / ".git/config").open("a") as file:
        file.write(config)
    hooks = project / "hooks"
    hooks.mkdir()
    for folder in (hooks, project / ".git/hooks"):
        for name in ("post-index-change", "pre-commit", "post-checkout", "fsmonitor-watchman", "reference-transaction"):
            (folder / name).write_text(evil.read_text())
            (folder / name).chmod(0o755)
    (project / "user.py").write_text("import pkg.evil\nimport sys\n" + FINALIZER + "sys.exit(256)\n")
    calls, done = traced(["--diff-base", "HEAD", "."], project, tmp_path)
    assert not mark.exists(), (calls, done.stderr)
    programs = [re.match(r'execve\("([^"]*)", \[(.*?)\]', call) for call in calls if "ENOENT" not in call]
    assert programs and all(program and pathlib.Path(program[1]).name == "git" for program in programs), calls
    wanted = ("rev-parse", "merge-base", "ls-tree", "diff-index", "cat-file")
    assert all(any(f'"{word}"' in program[2] for word in wanted) for program in programs), calls
    assert not [call for call in calls if not call.startswith("exec")], calls


def test_git_beside_the_project_is_not_ours(hostile):
    """A program named `git` in the working directory is not the one that is started."""
    project, mark = hostile
    commit(project)
    run(["--diff-base", "HEAD", "-q", "."], project)
    assert not mark.exists()


@needs_strace
def test_a_dot_git_that_points_elsewhere_runs_nothing(hostile, tmp_path):
    project, mark = hostile
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    commit(elsewhere if (elsewhere / "a.py").write_text(HIT) else elsewhere)
    with (elsewhere / ".git/config").open("a") as file:
        file.write(f"\n[core]\n\tfsmonitor = {project}/evil.sh\n\tworktree = {project}\n[diff]\n\texternal = {project}/evil.sh\n")
    (project / ".git").write_text(f"gitdir: {elsewhere}/.git\n")
    calls, _ = traced(["--diff-base", "HEAD", "."], project, tmp_path)
    assert not mark.exists(), calls


INJECTION = "\x1b[31m\x07\r\x9b2J\u202e%0A::error::x<script>alert(1)</script>]]>&quot;\"'##vso[task.complete]"


def steers(text):
    return re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)


@pytest.fixture
def injecting(tmp_path):
    """Control sequences, commands of CI services, and markup: in the names of files and folders, in code, in comments and in the environment."""
    project = tmp_path / "injecting"
    folder = project / INJECTION.replace("/", "\u2215")
    folder.mkdir(parents=True)
    hit = FINALIZER.replace("class A", "class A") + f"import sys\nsys.exit(256)  # {INJECTION.replace(chr(13), '')}\n"
    hit += "x = 1  # pyrelint: ignore[\x1b[31m\u202e<b>::error::]\n"
    (folder / ("new\nline" + INJECTION.replace("/", "\u2215") + ".py")).write_text(hit)
    (folder / "a.py").write_text("import sys\ndef f(\x1b[31m:\n" + hit)
    return project


@pytest.mark.parametrize("name", FORMATS)
def test_injection(injecting, name):
    done = run(["--select", "ALL", "--output-format", name, "-v", "--color", "never"], injecting)
    text, said = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == 1 and not steers(said), said
    if name in ("full", "concise", "grouped", "github", "azure", "html"):
        assert not steers(text), (name, steers(text))
    else:
        # For programs: what they get is what is there. Their own syntax escapes or refuses the control characters of ASCII.
        assert not re.findall(r"[\x00-\x08\x0b-\x1f\x7f]", text)
    if name == "github":
        # A command of its own begins a line; what it says must not begin another.
        assert all(re.match(r"::(error|warning|notice) ", line) for line in text.splitlines())
        assert "%0A::error" not in text.replace("%250A::error", "")
    elif name == "azure":
        assert all(line.startswith("##vso[task.logissue ") for line in text.splitlines())
    elif name in ("junit", "checkstyle"):
        import xml.etree.ElementTree

        assert not list(xml.etree.ElementTree.fromstring(text).iter("script"))
    elif name in ("json", "sarif", "gitlab", "rdjson"):
        json.loads(text)
    elif name == "html":
        assert "<script>alert" not in text and "<b>::" not in text


def test_configuration_and_environment_do_not_steer(injecting):
    cases = [
        (["--select", INJECTION], {}, None),
        (["--config", f"select = [{json.dumps(INJECTION)}]"], {}, None),
        (["--per-file-ignores", f"{INJECTION}:RL301"], {}, None),
        ([INJECTION], {}, None),
        (["--baseline", INJECTION], {}, None),
        (["--output-file", f"{INJECTION}/x"], {}, None),
        (["--python", INJECTION], {}, None),
        (["graph", INJECTION], {}, None),
        (["rule", INJECTION], {}, None),
        ([], {"PYRELINT_OUTPUT_FORMAT": INJECTION}, None),
        ([], {"PYRELINT_CONFIG": INJECTION}, None),
        ([], {"VIRTUAL_ENV": INJECTION}, None),
        ([], {}, f"select = [{json.dumps(INJECTION)}]\n"),
        ([], {}, f"{json.dumps(INJECTION)} = 1\n"),
        ([], {}, f"extend = {json.dumps(INJECTION)}\n"),
        (["config"], {}, f"extend-exclude = [{json.dumps(INJECTION)}]\nsrc = [{json.dumps(INJECTION)}]\n"),
        ([], {}, f"[severity]\n{json.dumps(INJECTION)} = \"error\"\n"),
        ([], {}, f"services = [{json.dumps('{' + INJECTION)}]\n"),
        ([], {}, "x = \x1b[31m\n"),
    ]
    for arguments, variables, configuration in cases:
        (injecting / "pyrelint.toml").write_text(configuration or "")
        done = run([*arguments, "--color", "never"] if arguments[:1] not in (["rule"], ["config"]) else arguments, injecting, env=environment(**variables))
        text = (done.stdout + done.stderr).decode()
        assert not steers(text), (arguments, variables, configuration, text)


BLOW_UPS = {
    "globs with **": ("pyrelint.toml", "extend-exclude = ['" + "**/" * 3000 + "x']\n"),
    "globs with *": ("pyrelint.toml", "extend-exclude = ['" + "*a" * 3000 + "b/c']\n"),
    "globs with braces": ("pyrelint.toml", "extend-exclude = ['" + "{a,b}" * 40 + "']\n"),
    "globs with deep braces": ("pyrelint.toml", "extend-exclude = ['" + "{a," * 5000 + "b" + "}" * 5000 + "']\n"),
    "globs with classes": ("pyrelint.toml", "extend-exclude = ['" + "[a-z]" * 20000 + "']\n"),
    "deep TOML": ("pyrelint.toml", "extend-exclude = " + "[" * 100_000 + "]" * 100_000 + "\n"),
    "deep keys in TOML": ("pyrelint.toml", "[" + ".".join("a" * 100_000) + "]\n"),
    "a baseline that nests": ("base.toml", "version = 1\nfindings = " + "[" * 100_000 + "\n"),
    "aliases in YAML": ("compose.yaml", "x-0: &a0 [lol, lol]\n" + "".join(f"x-{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40)) + "services:\n  web:\n    command: python a.py || true\n    environment: *a39\n"),
    "merges in YAML": ("compose.yaml", "x-0: &a0 {a: 1}\n" + "".join(f"x-{i}: &a{i}\n  <<: [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)) + "services:\n  web:\n    command: python a.py\n    environment:\n      <<: *a39\n"),
    "deep YAML": ("k8s.yaml", "apiVersion: v1\nkind: Pod\nspec: " + "[" * 100_000 + "\n"),
    "deep blocks in YAML": ("k8s.yaml", "apiVersion: v1\nkind: Pod\n" + "".join(" " * i + "spec:\n" for i in range(3000))),
    "a shell that nests": ("a.sh", "#!/bin/sh\n" + "$(" * 50_000 + "python a.py\n"),
    "a unit that goes on": ("a.service", "[Service]\nExecStart=/usr/bin/python3 a.py " + "\\\n" * 200_000 + "\nRestart=on-failure\n"),
    "a path in a .gitignore": (".gitignore", "**/" * 10_000 + "x\n" + "*a" * 5000 + "\n"),
}


@pytest.mark.parametrize("case", BLOW_UPS)
def test_small_files_do_not_blow_up(tmp_path, case):
    name, text = BLOW_UPS[case]
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.py").write_text(HIT)
    (tmp_path / name).write_text(text)
    start = time.process_time()
    children = os.times().children_user
    done = run(["-q", "--output-format", "concise", *(["--baseline", name] if name == "base.toml" else [])], tmp_path)
    assert os.times().children_user - children < 10 and time.process_time() - start < 10
    assert done.returncode in (1, 2)
    assert len(done.stdout) + len(done.stderr) < 1_000_000


def test_headers_of_the_language_server_are_bounded(tmp_path):
    """A header without an end, a message that is announced with more than memory holds, and one that nests."""
    good = b'{"jsonrpc":"2.0","id":1,"method":"shutdown"}'
    frame = lambda content: b"Content-Length: %d\r\n\r\n" % len(content) + content
    end = frame(b'{"jsonrpc":"2.0","method":"exit"}')
    for text in (b"X" * 50_000_000, b"Content-Length: 99999999999999999999\r\n\r\n" + frame(good), b"Content-Length: 900000000\r\n\r\nabc", frame(b"[" * 5_000_000), b"\r\n" * 1_000_000 + frame(good) + end):
        done = subprocess.run([str(PYRELINT), "server"], input=text, capture_output=True, timeout=60, cwd=tmp_path, env=environment())
        assert done.returncode in (0, 1), (text[:50], done)
        assert b"panicked" not in done.stderr


def test_configuration_reads_only_what_it_names(tmp_path):
    """`extend`, `src` and globs may lead anywhere, as their author may; what is no configuration is not shown beyond the line of the mistake."""
    (tmp_path / "a.py").write_text(HIT)
    (tmp_path / "pyrelint.toml").write_text('extend = "/etc/shadow"\n')
    done = run(["-q"], tmp_path)
    assert done.returncode == 2
    # `root` is an account with a line there.
    said = done.stderr.decode()
    assert "shadow" in said
    assert said.count("\n") < 12
    (tmp_path / "pyrelint.toml").write_text('src = ["../../../../etc", "/"]\ninclude = ["/etc/**", "../**"]\n')
    done = run(["-q", "--output-format", "json"], tmp_path)
    assert all(not finding["path"].startswith(("/", "..")) for finding in json.loads(done.stdout))
