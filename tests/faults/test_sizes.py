"""Many files, large files, deep folders, many comments, slow disks, and the hostile folder of the developers' data."""

import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time

import pytest
from conftest import FORMATS, HIT, PYRELINT, ROOT, codes, environment, found, limits, run

HARD = ROOT.parent / "shared/hard/make.py"


def peak_of(arguments, cwd, **options):
    """A run, and how much memory it took at most, in MB."""
    script = "import resource, subprocess, sys\ncode = subprocess.run(sys.argv[2:]).returncode\nopen(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))\nsys.exit(code)"
    report = pathlib.Path(cwd).parent / "peak"
    done = subprocess.run([sys.executable, "-c", script, str(report), str(PYRELINT), *arguments], cwd=cwd, env=environment(), capture_output=True, **{"timeout": 300, **options})
    assert done.returncode in (0, 1, 2) and b"panicked" not in done.stderr, done.stderr[-2000:]
    return done, int(report.read_text()) / 1024


def test_a_hundred_thousand_tiny_files(tmp_path):
    """In a thousand folders; two threads and one say the same, and memory does not grow with what is skipped."""
    tree = tmp_path / "tree"
    for number in range(1000):
        folder = tree / f"d{number % 10}/e{number}"
        folder.mkdir(parents=True)
        for inner in range(100):
            descriptor = os.open(folder / f"m{inner}.py", os.O_WRONLY | os.O_CREAT, 0o644)
            os.write(descriptor, HIT.encode() if inner == number % 100 else b"x = 1\n")
            os.close(descriptor)
    done, peak = peak_of(["--isolated", "--output-format", "concise", "--jobs", "2"], tree)
    assert done.returncode == 1 and done.stdout.count(b"exit-code-range") == 1000, done.stderr
    assert b"100000 files checked" in done.stderr.replace(b",", b""), done.stderr
    assert peak < 400, peak
    one = run(["--isolated", "-q", "--output-format", "concise", "--jobs", "1"], tree, timeout=300)
    assert one.stdout == done.stdout
    shutil.rmtree(tree)


LARGE = {
    "no trigger": (b"x = 1\n", 1, set()),
    "one long comment": (b"#", 1, set()),
    "one long line": (b"x;", 1, set()),
}


@pytest.mark.parametrize("case", LARGE)
def test_a_file_of_200_megabytes_that_is_only_read(tmp_path, case):
    """It holds no trigger word: it is read and searched, in its own size, and the other files are found in."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.py").write_text(HIT)
    unit = LARGE[case][0]
    (tree / "large.py").write_bytes(unit * (200_000_000 // len(unit)))
    done, peak = peak_of(["--isolated", "-q", "--output-format", "concise", "--jobs", "2"], tree)
    (tree / "large.py").unlink()
    assert done.returncode == 1 and done.stdout.count(b"exit-code-range") == 1, done
    assert peak < 400, peak


@pytest.mark.parametrize("unit", [b"#", b"'" + b"x" * 98 + b"'"], ids=["comment", "text"])
def test_a_file_of_200_megabytes_that_is_parsed(tmp_path, unit):
    """The finding at its start is found; memory is a small multiple of the file where it has few syntax nodes."""
    tree = tmp_path / "tree"
    tree.mkdir()
    with (tree / "large.py").open("wb") as file:
        file.write(HIT.encode())
        line = unit * (1_000_000 // len(unit))
        for _ in range(200):
            file.write(line + b"\n")
    done, peak = peak_of(["--isolated", "-q", "--output-format", "concise"], tree)
    (tree / "large.py").unlink()
    assert done.returncode == 1 and done.stdout.count(b"exit-code-range") == 1, done
    assert peak < 3000, peak


def test_memory_of_a_parse_grows_with_the_file_alone(tmp_path):
    """Where each few bytes are a statement, a parse takes many times the size of the file, and not more for a larger one."""
    tree = tmp_path / "tree"
    tree.mkdir()
    ratios = []
    for megabytes in (5, 20):
        (tree / "a.py").write_text(HIT + "x=1\n" * (megabytes * 250_000))
        done, peak = peak_of(["--isolated", "-q", "--output-format", "concise"], tree)
        assert done.stdout.count(b"exit-code-range") == 1
        ratios.append(peak / megabytes)
    assert ratios[1] < 250 and ratios[1] < 1.2 * ratios[0], ratios


def test_a_file_larger_than_positions_count(tmp_path):
    """4 GB and more (a sparse file) is RL003, and is not read."""
    with (tmp_path / "large.py").open("wb") as file:
        file.truncate(5 << 30)
    (tmp_path / "a.py").write_text(HIT)
    start = time.monotonic()
    findings, _ = found(["."], tmp_path, preexec_fn=limits(AS=2 << 30))
    assert codes(findings) == ["RL003", "RL301"] and time.monotonic() - start < 60


def test_memory_that_does_not_suffice_for_a_large_file_ends_with_a_reason(tmp_path):
    """Where the address space is limited, a file that does not fit is said to be so, and the others are checked."""
    with (tmp_path / "large.py").open("wb") as file:
        file.write(HIT.encode())
        file.truncate(1 << 30)
    (tmp_path / "a.py").write_text(HIT)
    findings, done = found(["--jobs", "1", "."], tmp_path, preexec_fn=limits(AS=700 << 20))
    assert codes(findings) == ["RL003", "RL301"], (done, findings)


@pytest.mark.parametrize("depth", [500, 1500])
def test_deep_folders(tmp_path, depth):
    """Made step by step: from some depth on the path is longer than the system takes at once (4,096 bytes), and that is RL003."""
    start = os.getcwd()
    os.chdir(tmp_path)
    try:
        for number in range(depth):
            pathlib.Path("a.py").write_text(HIT)
            os.mkdir("deep")
            os.chdir("deep")
        pathlib.Path("bottom.py").write_text(HIT)
    finally:
        os.chdir(start)
    findings, done = found(["."], tmp_path)
    assert done.returncode == 1
    hits = codes(findings).count("RL301")
    if depth == 500:
        assert codes(findings) == ["RL301"] * (depth + 1)
    else:
        assert hits >= 750 and codes(findings).count("RL003") >= 1 and hits + codes(findings).count("RL003") == len(findings)
    fixed = run(["--isolated", "-q", "--fix", "--unsafe-fixes"], tmp_path)
    assert fixed.returncode in (0, 1)
    findings, _ = found(["."], tmp_path)
    assert codes(findings).count("RL301") == 0
    subprocess.run(["rm", "-rf", str(tmp_path / "deep")], check=True)


def test_ten_thousand_suppressions(tmp_path):
    """Used and unused ones, in one file; that many of them take no time that grows with their square."""
    path = tmp_path / "a.py"
    took = []
    for count in (5_000, 20_000):
        path.write_text("import sys\n" + "sys.exit(256)  # pyrelint: ignore[RL301]\nx = 1  # pyrelint: ignore[RL301]\n" * count)
        start = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        findings, _ = found(["."], tmp_path)
        took.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - start)
        assert codes(findings).count("RL301") == 0
        assert len(findings) == codes(findings).count("RL002") == count, set(codes(findings))
    assert took[1] < 8 * took[0] + 1, took


def test_ten_thousand_findings_are_silenced_and_found_again(tmp_path):
    (tmp_path / "a.py").write_text("import sys\n" + "sys.exit(256)\n" * 10_000)
    run(["--isolated", "-q", "--add-ignores"], tmp_path)
    assert (tmp_path / "a.py").read_text().count("pyrelint: ignore[RL301]") == 10_000
    findings, done = found(["."], tmp_path)
    assert findings == [] and done.returncode == 0


@pytest.fixture(scope="module")
def hard(tmp_path_factory):
    if not HARD.exists():
        pytest.skip(f"{HARD.parent} is not beside the project: its hostile folder is not made")
    folder = tmp_path_factory.mktemp("hard") / "tree"
    subprocess.run([sys.executable, str(HARD), str(folder)], check=True, capture_output=True)
    return folder


def wanted_in(folder):
    return sum(name.startswith(b"find_") for _, _, names in os.walk(os.fsencode(folder)) for name in names)


MODES = {
    "plain": [],
    "-v": ["-v"],
    "-vv": ["-vv"],
    "no-respect-gitignore": ["--no-respect-gitignore"],
    "no-prefilter": ["--no-prefilter"],
    "one-thread": ["--jobs", "1"],
    "many-threads": ["--jobs", "16"],
    "statistics": ["--statistics"],
    "show-files": ["--show-files"],
    "diff": ["--fix", "--unsafe-fixes", "--diff"],
}


@pytest.mark.parametrize("mode", MODES)
def test_a_hostile_folder(hard, mode):
    done = run(["--isolated", "--color", "never", "--output-format", "json", *MODES[mode]], hard, timeout=300)
    assert b"internal error" not in done.stderr
    assert not any(byte < 32 and byte != 10 or byte == 127 for byte in done.stderr), done.stderr
    if mode == "show-files":
        assert done.returncode == 0 and done.stdout.count(b"find_") >= wanted_in(hard)
    elif mode not in ("statistics", "diff"):
        assert done.returncode == 1
        findings = json.loads(done.stdout)
        hits = [finding["path"] for finding in findings if finding["code"] == "RL301" and os.path.basename(finding["path"]).startswith("find_")]
        assert len(hits) == len(set(hits)) == wanted_in(hard)


@pytest.mark.parametrize("format", FORMATS)
def test_a_hostile_folder_in_every_format(hard, format):
    done = run(["--isolated", "--color", "never", "--output-format", format], hard, timeout=300)
    assert done.returncode == 1
    # Each way of writing says as much as the others.
    name = {"github": b"RL301", "gitlab": b"RL301"}.get(format, b"RL301")
    assert done.stdout.count(name) >= wanted_in(hard) or done.stdout.count(b"exit-code-range") >= wanted_in(hard), done.stdout[:500]


@pytest.mark.parametrize("arguments", [["--fix", "--unsafe-fixes"], ["--add-ignores"], ["--write-baseline", "--baseline", "base.toml"]], ids=lambda words: words[0])
def test_a_hostile_folder_is_changed(hard, tmp_path, arguments):
    """A copy of it: what is changed has no such finding any more, the rest is byte for byte as it was."""
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", str(hard), str(copy)], check=True)
    done = run(["--isolated", "-q", *arguments], copy, timeout=300)
    assert b"internal error" not in done.stderr
    again = ["--baseline", "base.toml"] if "base.toml" in arguments else []
    findings, _ = found([*again, "."], copy, timeout=300)
    left = [finding["path"] for finding in findings if finding["code"] == "RL301" and os.path.basename(finding["path"]).startswith("find_")]
    assert left == []
    if again:
        assert subprocess.run(["diff", "-rq", "--no-dereference", "-x", "base.toml", "-x", "pipe.py", str(hard), str(copy)], capture_output=True).stdout == b""


FILE_SYSTEM = '''
import errno, os, stat, sys, time
from mfusepy import FUSE, FuseOSError, Operations


class Slow(Operations):
    """200 files; each look at one takes a while, and some fail half-way."""

    def getattr(self, path, fh=None):
        if path == "/":
            return dict(st_mode=stat.S_IFDIR | 0o755, st_nlink=2)
        if not path.endswith(".py"):
            raise FuseOSError(errno.ENOENT)
        return dict(st_mode=stat.S_IFREG | 0o644, st_nlink=1, st_size=25)

    def readdir(self, path, fh):
        time.sleep(0.2)
        return [".", ".."] + [f"f{number}.py" for number in range(200)]

    def read(self, path, size, offset, fh):
        time.sleep(0.01)
        if path == "/f7.py":
            raise FuseOSError(errno.EIO)
        return b"import sys\\nsys.exit(256)\\n"[offset:offset + size]


FUSE(Slow(), sys.argv[1], foreground=True, ro=True)
'''


def test_a_slow_file_system(tmp_path):
    """Everything is waited for and found; an error of the disk is RL003."""
    pytest.importorskip("mfusepy", reason="libfuse is not installed", exc_type=(ImportError, OSError))
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("/dev/fuse cannot be opened here")
    mount = tmp_path / "mount"
    mount.mkdir()
    (tmp_path / "slow.py").write_text(FILE_SYSTEM)
    with subprocess.Popen([sys.executable, str(tmp_path / "slow.py"), str(mount)], stderr=subprocess.PIPE) as server:
        try:
            deadline = time.monotonic() + 20
            while not os.path.ismount(mount) and server.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            if not os.path.ismount(mount):
                server.kill()
                pytest.skip(f"nothing can be mounted here: {server.stderr.read()[-200:]}")
            findings, _ = found(["."], mount)
            assert codes(findings) == ["RL003"] + ["RL301"] * 199
        finally:
            subprocess.run(["umount", "-l", str(mount)], capture_output=True)
            server.kill()
