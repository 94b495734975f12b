"""What is the same has the same digest, and nothing else."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pyrelint_fleet import digest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "folder"
    (root / "b/c").mkdir(parents=True)
    (root / "a.py").write_text("a")
    (root / "b/c/d.py").write_text("d")
    os.symlink("a.py", root / "link")
    return root


def _relink(root: Path) -> None:
    (root / "link").unlink()
    os.symlink("b", root / "link")


def _pipe(root: Path) -> None:
    (root / "a.py").unlink()
    os.mkfifo(root / "a.py")


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a.py").write_text("A"),
        lambda root: (root / "a.py").rename(root / "z.py"),
        lambda root: (root / "new.py").write_text(""),
        lambda root: (root / "b/c/d.py").unlink(),
        _relink,
        _pipe,
    ],
)
def test_a_change_is_seen(folder: Path, change: Callable[[Path], object]) -> None:
    before = digest.of_folder(folder)
    assert digest.of_folder(folder) == before
    change(folder)
    assert digest.of_folder(folder)[0] != before[0]


def test_what_does_not_count(folder: Path) -> None:
    before = digest.of_folder(folder)
    (folder / ".git").mkdir()
    (folder / ".git/index").write_text("x")
    os.utime(folder / "a.py", (1, 1))
    (folder / "a.py").chmod(0o600)
    assert digest.of_folder(folder) == before == (before[0], 2)


def test_large_files_count_by_their_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "LARGE", 0)
    before = digest.of_folder(folder)
    os.utime(folder / "a.py", (1, 1))
    assert digest.of_folder(folder) != before


def test_boundaries_between_names_count(tmp_path: Path) -> None:
    """Names with line ends must not make two folders look like one."""
    digests = set()
    for number, names in enumerate([["a\nb"], ["a", "b"]]):
        root = tmp_path / str(number)
        root.mkdir()
        for name in names:
            (root / name).write_text("")
        digests.add(digest.of_folder(root)[0])
    assert len(digests) == 2


def test_streams_are_copied_and_bounded() -> None:
    copy = io.BytesIO()
    text, size = digest.of_stream(io.BytesIO(b"abc"), copy, 3)
    assert (text, size, copy.getvalue()) == (
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        3,
        b"abc",
    )
    with pytest.raises(digest.TooLarge):
        digest.of_stream(io.BytesIO(b"abcd"), copy, 3)
