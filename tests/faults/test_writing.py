"""A full disk, a killed process, links and permissions, wherever the program writes."""

import os
import pathlib
import random
import signal
import stat
import subprocess
import time
import tomllib

import pytest
from conftest import HIT, PYRELINT, environment, limits, run

FIXED = HIT.replace("256", "1")
IGNORED = "import sys\nsys.exit(256)  # pyrelint: ignore[RL301]\n"
BASELINE = "baseline.toml"
# What writes, the texts that a Python file may have then, and the file that it writes besides.
WRITERS = {
    "fix": (["--fix", "--unsafe-fixes"], {HIT, FIXED}, None),
    "add-ignores": (["--add-ignores"], {HIT, IGNORED}, None),
    "write-baseline": (["--write-baseline", "--baseline", BASELINE], {HIT}, BASELINE),
    "prune-baseline": (["--prune-baseline", "--baseline", BASELINE], {HIT}, BASELINE),
    "output-file": (["--output-file", "out.json", "--output-format", "json"], {HIT}, "out.json"),
}


def reset(folder):
    """The tree as it was; the baseline has entries that match nothing besides those that do."""
    for number in range(200):
        path = folder / f"f{number}.py"
        if not path.exists() or path.read_text() != HIT:
            path.write_text(HIT)
    entries = "".join(f'  {{ path = "f{number}.py", rule = "exit-code-range", line = "sys.exit({256 + number % 2})" }},\n' for number in range(200))
    (folder / BASELINE).write_text(f"version = 1\nfindings = [\n{entries}]\n")
    (folder / "out.json").write_text("[]\n")


def check(folder, texts, written, temporary=0):
    """Nothing half-written: each file holds one of the texts, and what is left besides is at most a temporary file under a hidden name."""
    for path in folder.glob("f*.py"):
        assert path.read_text() in texts, path.read_text()
    if written == BASELINE:
        assert tomllib.loads((folder / BASELINE).read_text())["version"] == 1
    elif written:
        import json

        assert isinstance(json.loads((folder / written).read_text()), list)
    others = {path.name for path in folder.iterdir()} - {f"f{number}.py" for number in range(200)} - {BASELINE, "out.json"}
    assert all(name.startswith(".pyrelint-") and name.endswith(".tmp") for name in others), others
    assert len(others) <= temporary, others
    return others


@pytest.mark.parametrize("what", WRITERS)
def test_killed_at_any_moment(tree, what):
    arguments, texts, written = WRITERS[what]
    reset(tree)
    start = time.monotonic()
    run(["--isolated", "-q", *arguments], tree)
    lasts = time.monotonic() - start
    reset(tree)
    random.seed(what)
    killed = 0
    for _ in range(int(os.environ.get("PYRELINT_KILLS", "60"))):
        with subprocess.Popen([str(PYRELINT), "--isolated", "-q", *arguments], cwd=tree, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
            time.sleep(random.uniform(0, lasts * 1.1))
            one.send_signal(signal.SIGKILL)
            killed += one.wait() == -signal.SIGKILL
        left = check(tree, texts, written, temporary=1)
        for name in left:
            (tree / name).unlink()
        # The next run takes up where this one ended.
        if all(path.read_text() != HIT for path in tree.glob("f*.py")):
            reset(tree)
    print(f"{what}: killed {killed} times")
    assert killed > 10
    run(["--isolated", "-q", *arguments], tree)
    check(tree, texts, written)


@pytest.mark.parametrize("what", WRITERS)
@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system is mounted by root")
def test_a_full_disk(tmp_path, what):
    arguments, texts, written = WRITERS[what]
    mount = tmp_path / "small"
    mount.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", str(mount)], capture_output=True)
    if made.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {made.stderr}")
    try:
        reset(mount)
        with open(mount / "f_filler", "wb", buffering=0) as filler:
            try:
                while filler.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        before = {path.name: path.read_bytes() for path in mount.iterdir()}
        done = run(["--isolated", "-q", *arguments], mount)
        assert done.returncode in (1, 2), done
        said = done.stderr.lower()
        assert b"no space left" in said or what in ("fix", "add-ignores") and b"not fixed" in said, done.stderr
        assert {path.name: path.read_bytes() for path in mount.iterdir()} == before
    finally:
        subprocess.run(["umount", str(mount)], check=True)


@pytest.mark.parametrize("what", WRITERS)
def test_files_may_not_grow(tree, what):
    """RLIMIT_FSIZE ends a process by SIGXFSZ, unless that is ignored: then writing fails half-way, as on a disk that gets full."""
    arguments, texts, written = WRITERS[what]
    reset(tree)
    before = {path.name: path.read_bytes() for path in tree.iterdir()}

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limits(FSIZE=10)()

    done = run(["--isolated", "-q", *arguments], tree, preexec_fn=limit)
    assert done.returncode in (1, 2) and b"large" in done.stderr.lower(), done
    assert {path.name: path.read_bytes() for path in tree.iterdir()} == before


def test_a_file_keeps_its_permissions_owner_and_other_names(tree):
    reset(tree)
    path, other = tree / "f0.py", tree / "other.txt"
    os.link(path, other)
    path.chmod(0o751)
    if os.geteuid() == 0:
        os.chown(path, 65533, 65532)
    run(["--isolated", "-q", "--fix", "--unsafe-fixes"], tree)
    data = path.stat()
    assert path.read_text() == FIXED and stat.S_IMODE(data.st_mode) == 0o751
    if os.geteuid() == 0:
        assert (data.st_uid, data.st_gid) == (65533, 65532)
    # The other name keeps the old text: it may lie outside of what was checked.
    assert other.read_text() == HIT


@pytest.mark.parametrize("what", ["write-baseline", "prune-baseline", "output-file"])
def test_a_link_stays_and_its_target_is_replaced(tree, tmp_path, what):
    arguments, _, written = WRITERS[what]
    reset(tree)
    target = tmp_path / "elsewhere"
    (tree / written).rename(target)
    target.chmod(0o640)
    before = target.read_text()
    (tree / written).symlink_to(target)
    run(["--isolated", "-q", *arguments], tree)
    assert (tree / written).is_symlink() and target.read_text() != before
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_links_out_of_the_tree_are_not_written_through(tree, tmp_path):
    """Neither files nor folders that are links, whether they were so from the start or have become so during the run."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim.py").write_text(HIT)
    (tree / "link.py").symlink_to(outside / "victim.py")
    (tree / "folder").symlink_to(outside)
    run(["--isolated", "-q", "--fix", "--unsafe-fixes"], tree)
    assert (outside / "victim.py").read_text() == HIT
    inner = tree / "inner"
    script = r"""
import os, sys
inner, outside = sys.argv[1:]
while True:
    os.rename(inner, inner + ".real"); os.symlink(outside, inner)
    os.unlink(inner); os.rename(inner + ".real", inner)
"""
    inner.mkdir()
    (inner / "victim.py").write_text(HIT)
    with subprocess.Popen(["python3", "-c", script, str(inner), str(outside)]) as swapper:
        try:
            for _ in range(40):
                run(["--isolated", "-q", "--fix", "--unsafe-fixes"], tree)
                assert (outside / "victim.py").read_text() == HIT
                assert len(list(outside.iterdir())) == 1
                try:
                    # Something to fix for the next run; never through the link.
                    (pathlib.Path(f"{inner}.real") / "victim.py").write_text(HIT)
                except OSError:
                    pass
        finally:
            swapper.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed, whom permissions bind")
@pytest.mark.parametrize("what", WRITERS)
def test_a_read_only_folder(tree, tmp_path, what):
    arguments, _, _ = WRITERS[what]
    reset(tree)
    before = {path.name: path.read_bytes() for path in tree.iterdir()}
    tree.chmod(0o555)
    for folder in [tmp_path, *tmp_path.parents]:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o055)
    done = run(["--isolated", "-q", *arguments], tree, user=65533, group=65533, extra_groups=[])
    assert done.returncode in (1, 2) and b"ermission denied" in done.stderr, done
    assert {path.name: path.read_bytes() for path in tree.iterdir()} == before
