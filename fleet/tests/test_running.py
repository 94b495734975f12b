"""Runs that are cut off, go on, and take from one another. Without Ray: a loop stands for it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest
from conftest import wheel

from pyrelint_fleet import outcomes, parts
from pyrelint_fleet.analysis import Task
from pyrelint_fleet.errors import FleetError
from pyrelint_fleet.program import Program, prepare
from pyrelint_fleet.running import Options, execute
from pyrelint_fleet.store import Run, Store

Inline = Callable[[Callable[[int], None] | None], None]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The archives that the program was called with."""
    path = tmp_path / "log"
    path.touch()
    monkeypatch.setenv("FAKE_LOG", str(path))
    return path


def made(store: Store, program: Program, *arguments: object, fresh: bool = False) -> Run:
    return execute(store, Task(program, 1 << 20), [str(argument) for argument in arguments], Options(fresh=fresh, quiet=True))


def calls(log: Path) -> int:
    """How often the program was called since the last time."""
    count = len(log.read_text().splitlines())
    log.write_text("")
    return count


def results(store: Store, run: Run) -> list[tuple[str, str, int]]:
    rows = store.manifest(run.id).to_pylist()
    return sorted((Path(row["input"]).name.split("-")[0], row["outcome"], row["findings"]) for row in rows)


def test_every_outcome_is_recorded_and_ends_nothing(
    inline: Inline, program: Program, tmp_path: Path, archives: Callable[..., Path]
) -> None:
    inline(None)
    folder = archives("abort", "broken", "corrupt", "garbage", "good", "half")
    (folder / "large.zip").write_bytes(b"x" * (1 << 20) + b"x")
    wheel(folder / "gone.whl", {})
    store = Store(tmp_path / "out")
    items = [path for path in sorted(folder.iterdir()) if path.name != "gone.whl"]
    run = made(store, program, *items)
    assert results(store, run) == [
        ("abort", "crash", 0),
        ("broken", "error", 0),
        ("corrupt", "unreadable", 1),
        ("garbage", "crash", 0),
        ("good", "ok", 1),
        ("half", "partial", 2),
        ("large.zip", "missing", 0),
    ]
    assert run.outcomes == {"crash": 2, "error": 1, "missing": 1, "ok": 1, "partial": 1, "unreadable": 1}
    assert run.finished is not None and run.items == 7
    assert sum(run.outcomes.values()) == 7 and set(run.outcomes) <= set(outcomes.OUTCOMES)
    assert len(store.findings(run.id)) == 4


def test_unchanged_items_are_taken_from_the_last_run(
    inline: Inline, program: Program, fake: Path, tmp_path: Path, archives: Callable[..., Path], log: Path
) -> None:
    inline(None)
    folder = archives("a", "b", "half", "corrupt", "abort")
    store = Store(tmp_path / "out")
    first = made(store, program, folder)
    assert calls(log) == 5
    second = made(store, program, folder)
    # What was cut short is tried again, all else is not.
    assert calls(log) == 1
    assert second.previous == first.id and results(store, second) == results(store, first)
    before = results(store, first)
    assert store.findings(second.id).sort_by("input") == store.findings(first.id).sort_by("input")
    reused = {Path(row["input"]).name[0]: row["reused"] for row in store.manifest(second.id).to_pylist()}
    assert sum(reused.values()) == len(reused) - 1
    # From the second as from the first: it is whole itself.
    shutil.rmtree(store.folder / "findings" / f"run={first.id}")
    shutil.rmtree(store.folder / "manifest" / f"run={first.id}")
    third = made(store, program, folder)
    assert calls(log) == 1 and results(store, third) == before
    # Changed, renamed, copied, another configuration, and everything anew.
    wheel(folder / "a-1.0-py3-none-any.whl", {"a.py": "changed"})
    shutil.copy(folder / "b-1.0-py3-none-any.whl", folder / "c-1.0-py3-none-any.whl")
    fourth = made(store, program, folder)
    assert calls(log) == 2
    assert {row["package"] for row in store.findings(fourth.id).to_pylist()} == {"a", "b", "c", "half", "corrupt"}
    made(store, prepare(str(fake), ["--select", "RL1"], timeout=20), folder)
    assert calls(log) == 6
    made(store, program, folder)
    assert calls(log) == 1
    made(store, program, folder, fresh=True)
    assert calls(log) == 6


def test_a_run_that_is_cut_off_goes_on(
    inline: Inline, program: Program, tmp_path: Path, archives: Callable[..., Path], log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = archives(*"abcdef")
    store = Store(tmp_path / "out")

    def cut_off(number: int) -> None:
        if number == 4:
            raise KeyboardInterrupt

    inline(cut_off)
    monkeypatch.setattr(parts, "PART_ITEMS", 3)
    with pytest.raises(KeyboardInterrupt):
        made(store, program, folder)
    (cut,) = store.runs()
    assert cut.finished is None and calls(log) == 4
    assert [name for name, _, _ in results(store, cut)] == list("abcd")
    inline(None)
    whole = made(store, program, folder)
    assert (whole.id, whole.attempts, whole.items) == (cut.id, 2, 6)
    assert calls(log) == 2 and [name for name, _, _ in results(store, whole)] == list("abcdef")
    assert len(store.findings(whole.id)) == 6
    # Another command is another run, which takes what it can.
    inline(cut_off)
    with pytest.raises(KeyboardInterrupt):
        made(store, program, folder, fresh=True)
    calls(log)
    inline(None)
    other = made(store, program, folder, folder / "a-1.0-py3-none-any.whl")
    assert len(store.runs()) == 3 and calls(log) == 2 and len(results(store, other)) == 6


def test_folders_repositories_and_stores(inline: Inline, program: Program, tmp_path: Path, bare: Callable[..., Path], log: Path) -> None:
    inline(None)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "setup.py").write_text("")
    fsspec.filesystem("memory").pipe({"/fleet/a-1.tar.gz": b"a", "/fleet/corrupt-1.zip": b"b"})
    local = wheel(tmp_path / "b-1.whl", {})
    arguments = (folder, bare(), f"file://{local}", "memory://fleet")
    store = Store(tmp_path / "out")
    run = made(store, program, *arguments)
    rows = {row["package"]: row for row in store.manifest(run.id).to_pylist()}
    assert {name: (row["kind"], row["outcome"]) for name, row in rows.items()} == {
        "project": ("folder", "ok"),
        "tool": ("git", "ok"),
        "b": ("archive", "ok"),
        "a": ("archive", "ok"),
        # The copy's name is the worker's own: the program saw no item of that name.
        "corrupt": ("archive", "ok"),
    }
    assert rows["tool"]["digest"].startswith("git:") and rows["tool"]["bytes"] > 0
    assert {row["path"] for row in store.findings(run.id).to_pylist()} == {"pkg/mod.py"}
    calls(log)
    made(store, program, *arguments)
    assert calls(log) == 0


def test_items_that_vanish_are_missing(inline: Inline, program: Program, tmp_path: Path, archives: Callable[..., Path]) -> None:
    folder = archives("a", "b")

    def vanish(number: int) -> None:
        (folder / "b-1.0-py3-none-any.whl").unlink(missing_ok=True)

    inline(vanish)
    store = Store(tmp_path / "out")
    run = made(store, program, folder)
    assert results(store, run) == [("a", "ok", 1), ("b", "missing", 0)]


def test_a_worker_with_another_version_takes_no_part(
    inline: Inline, program: Program, tmp_path: Path, archives: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    inline(None)
    monkeypatch.setattr("pyrelint_fleet.analysis.version_of", lambda command: "pyrelint 0")
    store = Store(tmp_path / "out")
    run = made(store, program, archives("a"))
    (row,) = store.manifest(run.id).to_pylist()
    assert (row["outcome"], row["detail"]) == ("error", "this worker has pyrelint 0, not pyrelint 9.9.9")


def test_nothing_is_left_in_the_scratch_folder(
    inline: Inline, program: Program, tmp_path: Path, archives: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    inline(None)
    made(Store(tmp_path / "out"), program, archives("a", "abort"))
    assert list(scratch.iterdir()) == []


def test_results_are_written_while_others_are_waited_for(
    inline: Inline, program: Program, tmp_path: Path, archives: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill in the middle of a long item loses nothing that came long before."""
    store = Store(tmp_path / "out")
    monkeypatch.setattr(parts, "PART_SECONDS", (0.1, 0.1))
    waited: list[int] = []

    def wait(number: int) -> None:
        deadline = time.monotonic() + 20
        while number == 2 and not waited and time.monotonic() < deadline:
            time.sleep(0.05)
            (run,) = store.runs()
            if len(store.manifest(run.id)) == 2:
                waited.append(number)

    inline(wait)
    made(store, program, archives("a", "b", "c"))
    assert waited == [2]


def test_a_disk_that_is_full_ends_the_run_and_keeps_what_is_there(
    inline: Inline, program: Program, tmp_path: Path, archives: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    inline(None)
    store = Store(tmp_path / "out")
    folder = archives("a", "b")
    monkeypatch.setattr(parts, "PART_ITEMS", 1)
    write = store.write

    def full(run: str, manifest: object, findings: object) -> None:
        if store.parts("manifest", run):
            raise OSError(28, "No space left on device")
        write(run, manifest, findings)

    monkeypatch.setattr(store, "write", full)
    with pytest.raises(FleetError, match="No space left on device"):
        made(store, program, folder)
    (run,) = store.runs()
    assert run.finished is None and [name for name, _, _ in results(store, run)] == ["a"]
    monkeypatch.undo()
    inline(None)
    assert made(store, program, folder).id == run.id and len(results(store, run)) == 2
