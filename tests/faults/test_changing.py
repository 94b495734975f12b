"""Files that are something else when they are read than when they were seen."""

import os
import socket
import subprocess
import threading
import time
import tomllib

import pytest
from conftest import HIT, PATIENCE, PYRELINT, codes, environment, found, limits, run


def disturb(folder, stop):
    """Renames, removes, truncates, grows, replaces and locks files, until it is told to stop."""
    number = 0
    while not stop.is_set():
        path = folder / f"f{number % 200}.py"
        number += 1
        try:
            match number % 8:
                case 0:
                    path.rename(folder / f"g{number % 200}.py")
                case 1:
                    path.unlink()
                case 2:
                    os.truncate(path, 7)
                case 3:
                    if path.stat().st_size < 10_000:
                        with path.open("a") as file:
                            file.write("x = 1\n" * 2_000)
                case 4:
                    path.unlink()
                    os.mkfifo(path)
                case 5:
                    path.unlink()
                    path.mkdir()
                    path.rmdir()
                case 6:
                    path.unlink()
                    path.symlink_to("/dev/zero")
                case 7:
                    path.chmod(0)
        except OSError:
            pass
        time.sleep(0.0002)
        if number % 3 == 0:
            other = folder / f"f{(number * 7) % 200}.py"
            try:
                other.unlink(missing_ok=True)
                other.write_text(HIT)
            except OSError:
                pass


@pytest.mark.parametrize("arguments", [[], ["--fix", "--unsafe-fixes"], ["--add-ignores"], ["--no-prefilter"]], ids=" ".join)
def test_files_change_while_they_are_checked(tree, arguments):
    stop = threading.Event()
    disturber = threading.Thread(target=disturb, args=(tree, stop))
    disturber.start()
    try:
        for _ in range(10):
            done = run(["--isolated", "-q", "--output-format", "json", *arguments], tree)
            assert done.returncode in (0, 1), done.stderr
    finally:
        stop.set()
        disturber.join()
    # Whoever wrote a file, it is whole: a text that somebody wrote, or a fix of it.
    assert not [path for path in tree.iterdir() if path.name.startswith(".pyrelint")]
    starts = (b"", b"import sys\nsys.exit(256)", b"import sys\nsys.exit(1)\n", b"import ")
    for path in tree.iterdir():
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 1000:
            path.chmod(0o600)
            assert path.read_bytes().startswith(starts), path.read_bytes()[:100]


def test_a_file_grows_while_it_is_read(tree):
    path, stop = tree / "grows.py", threading.Event()
    path.write_text(HIT)

    def grow():
        while not stop.is_set() and path.stat().st_size < 100_000_000:
            with path.open("ab") as file:
                file.write(b"#" * 1_000_000)

    grower = threading.Thread(target=grow)
    grower.start()
    try:
        findings, _ = found(["."], tree)
    finally:
        stop.set()
        grower.join()
    assert codes(findings).count("RL301") == 201


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed, whom permissions bind")
def test_unreadable_files_and_folders_are_findings(tree, tmp_path):
    (tree / "secret.py").write_text(HIT)
    (tree / "secret.py").chmod(0)
    (tree / "closed").mkdir(mode=0)
    for folder in [tree, tmp_path, *tmp_path.parents]:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o055)
    findings, done = found(["."], tree, user=65533, group=65533, extra_groups=[])
    assert done.returncode == 1
    assert codes(findings).count("RL301") == 200
    assert {finding["path"] for finding in findings if finding["code"] == "RL003"} == {"secret.py", "closed"}


def test_what_is_no_file_is_not_waited_for(tree):
    os.mkfifo(tree / "pipe.py")
    os.mkfifo(tree / "Dockerfile")
    os.mkfifo(tree / "script")
    server = socket.socket(socket.AF_UNIX)
    os.chdir(tree)
    server.bind("socket.py")
    for name, target in {"zero.py": "/dev/zero", "loop.py": "loop.py", "again": ".", "kmsg.py": "/proc/kmsg"}.items():
        (tree / name).symlink_to(target)
    (tree / "uses.py").write_text("import zero, kmsg, pipe\nclass A:\n    def __del__(self):\n        zero.f(); kmsg.f(); pipe.f()\n")
    findings, _ = found(["."], tree)
    server.close()
    assert codes(findings).count("RL301") == 200
    assert {finding["path"] for finding in findings if finding["code"] == "RL003"} == {"pipe.py", "socket.py", "Dockerfile"}
    # By name each is looked at, and none is waited for.
    findings, _ = found(["zero.py", "pipe.py", "loop.py"], tree)
    assert codes(findings) == ["RL003"] * 3


@pytest.mark.parametrize("name", ["pyproject.toml", "pyrelint.toml", "setup.cfg", "compose.yaml"])
@pytest.mark.parametrize("target", ["/dev/zero", "/proc/kmsg", "pipe", "/proc/self/mem"])
def test_configuration_that_is_no_file_is_not_waited_for(tree, name, target):
    os.mkfifo(tree / "pipe")
    (tree / ".git").mkdir()
    (tree / name).symlink_to(target)
    done = run(["-q", "--output-format", "concise"], tree, timeout=30)
    assert done.returncode in (1, 2)


# Where ignore files may lie: the name below the project, and whether it holds for the whole project or just for `inner`.
IGNORE_FILES = {".gitignore": True, ".ignore": True, "../.gitignore": True, ".git/info/exclude": True, "inner/.gitignore": False, "inner/.ignore": False}


@pytest.mark.parametrize("name", IGNORE_FILES)
@pytest.mark.parametrize("target", ["/dev/zero", "/proc/kmsg", "pipe", "/proc/self/mem", "large"])
def test_ignore_files_that_have_no_end_are_passed_over(tree, tmp_path, name, target):
    """Nothing waits, memory is bounded, what they would have left out is checked, and other ignore files count."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"a*\n" * 5_000_000)
    for folder in (".git/info", "inner", "other"):
        (tree / folder).mkdir(parents=True)
    for path in ("inner/a.py", "inner/left_out.py", "other/left_out.py", "other/a.py"):
        (tree / path).write_text(HIT)
    (tree / "other/.gitignore").write_text("left_out.py\n")
    (tree / "inner/.gitignore").write_text("left_out.py\n")
    (tree / name).unlink(missing_ok=True)
    (tree / name).symlink_to(target if target.startswith("/") else tmp_path / target)
    done = run(["--isolated", "--output-format", "concise"], tree, preexec_fn=limits(AS=2 << 30))
    paths = {line.split(":")[0] for line in done.stdout.decode().splitlines()}
    wanted = {f"f{number}.py" for number in range(200)} | {"inner/a.py", "other/a.py"}
    if name.endswith(".gitignore"):
        wanted.add("inner/left_out.py")
        if IGNORE_FILES[name]:
            wanted.add("other/left_out.py")
    assert paths == wanted and done.returncode == 1
    shown = str(tmp_path / ".gitignore") if name.startswith("..") else name
    assert f"warning: {shown}: no regular file".encode() in done.stderr, done.stderr


@pytest.mark.parametrize("what", ["gitdir", "commondir", "exclude"])
def test_a_worktree_that_leads_nowhere_is_passed_over(tree, tmp_path, what):
    git = tmp_path / "git"
    (git / "info").mkdir(parents=True)
    (tree / ".git").write_text(f"gitdir: {git}\n")
    (git / "commondir").write_text(".\n")
    (git / "info/exclude").write_text("f0.py\n")
    assert len(found(["."], tree)[0]) == 199
    bad = {"gitdir": tree / ".git", "commondir": git / "commondir", "exclude": git / "info/exclude"}[what]
    bad.unlink()
    if what == "gitdir":
        # What is no file is taken for a folder of Git; one that has no line is the danger.
        bad.write_bytes(bytes(10_000_000))
    else:
        bad.symlink_to("/dev/zero")
    findings, _ = found(["."], tree, preexec_fn=limits(AS=2 << 30))
    assert len(findings) == 200


@pytest.mark.parametrize("target", ["/dev/zero", "pipe"])
def test_excludes_of_the_user_that_have_no_end_are_passed_over(tree, tmp_path, target):
    os.mkfifo(tmp_path / "pipe")
    (tree / ".git").mkdir()
    (tmp_path / "git").mkdir()
    (tmp_path / "git/ignore").symlink_to(target if target.startswith("/") else tmp_path / target)
    findings, _ = found(["."], tree, env=environment(XDG_CONFIG_HOME=str(tmp_path), HOME=str(tmp_path)), preexec_fn=limits(AS=2 << 30))
    assert len(findings) == 200
    (tmp_path / ".gitconfig").write_text(f"[core]\n\texcludesFile = {tmp_path / 'git/ignore'}\n")
    findings, _ = found(["."], tree, env=environment(HOME=str(tmp_path)), preexec_fn=limits(AS=2 << 30))
    assert len(findings) == 200


@pytest.mark.parametrize("folder", ["/proc/self", "/dev", "/sys/kernel"])
def test_endless_file_systems_end(folder):
    done = run(["--isolated", "-q", "--exit-zero", folder], "/", timeout=120)
    assert done.returncode == 0


def test_two_runs_at_once_fix_each_file_once(tree):
    command = [str(PYRELINT), "--isolated", "--fix", "--unsafe-fixes", "-q"]
    runs = [subprocess.Popen(command, cwd=tree, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    for one in runs:
        _, stderr = one.communicate(timeout=60)
        assert one.returncode in (0, 1) and b"panicked" not in stderr
    assert {path.read_text() for path in tree.glob("*.py")} == {HIT.replace("256", "1")}
    assert len(list(tree.iterdir())) == 200


def test_two_runs_at_once_write_a_whole_baseline(tree):
    """One after the other replaces the file; whoever reads it meanwhile sees a whole one."""
    command = [str(PYRELINT), "--isolated", "--write-baseline", "--baseline", "base.toml", "-q"]
    run(command[1:], tree)
    wanted = (tree / "base.toml").read_text()
    assert len(tomllib.loads(wanted)["findings"]) == 200
    for _ in range(5):
        runs = [subprocess.Popen(command, cwd=tree, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
        while any(one.poll() is None for one in runs):
            assert (tree / "base.toml").read_text() == wanted
        for one in runs:
            _, stderr = one.communicate(timeout=PATIENCE)
            assert one.returncode == 0, stderr
        assert (tree / "base.toml").read_text() == wanted and len(list(tree.iterdir())) == 201


def test_a_module_that_others_import_vanishes(tmp_path):
    """The first run knows what `close` does; without the file the second says less, and neither breaks off."""
    (tmp_path / "user.py").write_text("from base import Base\nclass A(Base):\n    def __del__(self):\n        self.close()\n")
    base = "import socket\nclass Base:\n    def __init__(self):\n        self.s = socket.socket()\n    def close(self):\n        self.s.shutdown(2)\n"
    stop = threading.Event()

    def flicker():
        while not stop.is_set():
            (tmp_path / "base.py").write_text(base)
            time.sleep(0.001)
            (tmp_path / "base.py").unlink()

    flickering = threading.Thread(target=flicker)
    flickering.start()
    try:
        for _ in range(40):
            findings, _ = found(["."], tmp_path)
            assert set(codes(findings)) <= {"RL101", "RL102", "RL003"}, findings
    finally:
        stop.set()
        flickering.join()
