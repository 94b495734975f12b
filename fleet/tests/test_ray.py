"""Ray Data on this machine: what becomes of items whose workers end, and the command from end to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import git, wheel

from pyrelint_fleet import analysis, engine, inputs
from pyrelint_fleet.cli import main
from pyrelint_fleet.program import Program
from pyrelint_fleet.running import Options, execute
from pyrelint_fleet.store import Store

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def local() -> Iterator[None]:
    """One Ray for the tests of this module."""
    with engine.connected(None):
        yield


def test_batches() -> None:
    items = [inputs.Item(f"/{number}.whl", inputs.ARCHIVE, 1 << 16) for number in range(40)]
    items += [inputs.Item("/big.whl", inputs.ARCHIVE, 1 << 30), inputs.Item("/repo", inputs.FOLDER), inputs.Item("/x.git", inputs.GIT)]
    work = list(engine.batches(items, 2))
    assert [len(batch) for batch in work] == [1, 1, 1, 40]
    assert work[0][0].input == "/big.whl"
    # Without the big one there are few bytes, and more tasks than workers all the same.
    assert [len(batch) for batch in engine.batches(items[:40], 1)] == [5] * 8
    assert [len(batch) for batch in engine.batches(items[:40], 100)] == [1] * 40
    assert sorted(item.input for batch in work for item in batch) == sorted(item.input for item in items)
    assert [len(batch) for batch in engine.batches(items, 2, single=True)] == [1] * 43
    assert list(engine.batches([], 2)) == []


def test_an_item_that_ends_its_worker_is_lost_alone(
    local: None, program: Program, tmp_path: Path, archives: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "RETRIES", 1)
    folder = archives("a", "b", "corrupt", "murder")
    store = Store(tmp_path / "out")
    run = execute(store, analysis.Task(program, 1 << 20), [str(folder)], Options(quiet=True))
    rows = {row["package"]: row["outcome"] for row in store.manifest(run.id).to_pylist()}
    assert rows == {"a": "ok", "b": "ok", "corrupt": "unreadable", "murder": "lost"}
    assert len(store.manifest(run.id)) == 4 and len(store.findings(run.id)) == 3


def test_the_command_from_end_to_end(
    local: None, pyrelint: str, tmp_path: Path, bare: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Archives, a folder and a repository give the findings that the program itself prints."""
    root = tmp_path / "fleet"
    root.mkdir()
    text = "import sys\n\n\nclass A:\n    def __del__(self):\n        print('x')\n\n\nsys.exit(256)\n"
    wheel(root / "w-1.0-py3-none-any.whl", {"pkg/mod.py": text, "pkg/fine.py": ""})
    (root / "folder/pkg").mkdir(parents=True)
    (root / "folder/pkg/mod.py").write_text(text)
    (root / "folder/pyproject.toml").write_text("")
    bare(text=text).rename(root / "tool.git")
    (root / "corrupt.zip").write_bytes(b"PK\x03\x04 and no more")
    (root / "list.txt").write_text("\n".join(str(path) for path in root.iterdir() if path.name != "list.txt"))
    out = tmp_path / "out"
    command = ["run", f"@{root}/list.txt", "--output", str(out), "--pyrelint", pyrelint, "--", "--isolated", "--select", "RL101,RL3"]
    assert main(command) == 0
    assert "4 items (3 ok, 1 unreadable)" in capsys.readouterr().out
    store = Store(out)
    run = store.runs()[-1]
    printed = subprocess.run(
        [pyrelint, "--isolated", "--select", "RL101,RL3", "--output-format", "json", "-q", "."], cwd=root / "folder", capture_output=True
    )
    expected = {(f["code"], f["message"], f["line"]) for f in json.loads(printed.stdout)}
    assert {code for code, _, _ in expected} == {"RL101", "RL301"}
    for name, file in (("w-1.0-py3-none-any.whl", "pkg/mod.py"), ("folder", "pkg/mod.py"), ("tool.git", "tool.py")):
        found = [row for row in store.findings(run.id).to_pylist() if row["input"] == str(root / name)]
        assert {(row["code"], row["message"], row["line"]) for row in found} == expected, name
        assert {row["path"] for row in found} == {file}, name
    assert main(command) == 0
    assert [row["reused"] for row in store.manifest(store.runs()[-1].id).to_pylist()] == [True] * 4
    # A commit with the same tree is no change.
    work = tmp_path / "work-tool.git"
    git(work, "commit", "--quiet", "--allow-empty", "--message=second")
    git(work, "push", "--quiet", str(root / "tool.git"), "trunk")
    assert main(command) == 0
    assert [row["reused"] for row in store.manifest(store.runs()[-1].id).to_pylist()] == [True] * 4


def test_wrong_usage_starts_nothing(tmp_path: Path, fake: Path) -> None:
    command = [sys.executable, "-m", "pyrelint_fleet", "run", str(tmp_path / "none"), "--output", str(tmp_path / "out")]
    done = subprocess.run([*command, "--pyrelint", str(fake)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, f"error: {tmp_path}/none: no such file or folder\n")
    assert not (tmp_path / "out").exists()


def test_a_run_whose_process_is_killed_goes_on(fake: Path, tmp_path: Path, archives: Callable[..., Path]) -> None:
    """SIGKILL, at a moment when some items are written, some are done, and some are waiting."""
    folder = archives(*(f"nap{number:02}" for number in range(16)))
    out = tmp_path / "out"
    command = [sys.executable, "-m", "pyrelint_fleet", "run", str(folder), "--output", str(out), "--pyrelint", str(fake)]
    store = Store(out)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as running:
        deadline = time.monotonic() + 60
        while not (out / "runs").is_dir() or not any(store.parts("manifest", run.id) for run in store.runs()):
            assert running.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        running.kill()
    (cut,) = store.runs()
    before = store.manifest(cut.id)["input"].to_pylist()
    assert cut.finished is None and 0 < len(before) < 16
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert f"{16 - len(before)} of {16 - len(before)} items" in done.stderr
    (whole,) = store.runs()
    assert (whole.id, whole.attempts, whole.outcomes) == (cut.id, 2, {"ok": 16})
    items = sorted(str(path) for path in folder.iterdir())
    assert sorted(store.manifest(whole.id)["input"].to_pylist()) == items
    assert sorted(store.findings(whole.id)["input"].to_pylist()) == items


def test_an_interrupt_keeps_what_has_come(fake: Path, tmp_path: Path, archives: Callable[..., Path]) -> None:
    folder = archives(*(f"nap{number:02}" for number in range(16)))
    out = tmp_path / "out"
    command = [sys.executable, "-m", "pyrelint_fleet", "run", str(folder), "--output", str(out), "--pyrelint", str(fake)]
    store = Store(out)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as running:
        deadline = time.monotonic() + 60
        while not (out / "runs").is_dir() or not any(store.parts("manifest", run.id) for run in store.runs()):
            assert running.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        running.terminate()
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 130 and errors.endswith("interrupted\n"), errors
    (cut,) = store.runs()
    assert cut.finished is None and 0 < len(store.manifest(cut.id)) < 16


def test_nobody_else_gets_in(tmp_path: Path) -> None:
    """Ray listens on all interfaces; what is started for a run needs a token, which the processes of the run alone have."""
    start = """if True:
        import os
        from pyrelint_fleet import engine
        with engine.connected(None):
            import ray
            print(ray.get_runtime_context().gcs_address, os.environ["RAY_AUTH_TOKEN"], flush=True)
            input()
    """
    connect = "import ray, sys; ray.init(sys.argv[1], logging_level='error'); print('in')"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
    with subprocess.Popen(
        [sys.executable, "-c", start], cwd=tmp_path, env=kept, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        address, token = running.stdout.readline().split()
        for environment, expected in ((kept, ""), ({**kept, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}, "in\n")):
            command = [sys.executable, "-c", connect, address]
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
            assert done.stdout == expected, done.stderr
        running.communicate("\n", timeout=60)
    assert running.returncode == 0
