"""Bare repositories, friendly and hostile ones."""

from __future__ import annotations

import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import git

from pyrelint_fleet.git import GitError, Reader


def names(reader: Reader, folder: Path) -> list[str]:
    with (folder / "out.tar").open("wb") as file:
        reader.archive(file)
    with tarfile.open(folder / "out.tar") as tar:
        return tar.getnames()


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_the_tree_of_head(bare: Callable[..., Path], scratch: Path) -> None:
    repository = bare()
    reader = Reader(repository, scratch, 20, 1 << 20)
    assert reader.commit == git(repository, "rev-parse", "HEAD")
    assert reader.tree() == git(repository, "rev-parse", "HEAD^{tree}")
    assert names(reader, scratch) == ["tool.py"]


def test_loose_and_packed_references_and_none(bare: Callable[..., Path], scratch: Path) -> None:
    repository = bare()
    commit = git(repository, "rev-parse", "HEAD")
    git(repository, "pack-refs", "--all")
    assert Reader(repository, scratch / "a", 20, 1 << 20).commit == commit
    (repository / "packed-refs").unlink()
    git(repository, "update-ref", "refs/heads/trunk", commit)
    assert Reader(repository, scratch / "b", 20, 1 << 20).commit == commit
    (repository / "HEAD").write_text(commit + "\n")
    assert Reader(repository, scratch / "c", 20, 1 << 20).tree()


def test_sha256(bare: Callable[..., Path], scratch: Path) -> None:
    reader = Reader(bare(object_format="sha256"), scratch, 20, 1 << 20)
    assert len(reader.tree()) == 64
    assert names(reader, scratch) == ["tool.py"]


def test_nothing_that_the_repository_configures_is_run(bare: Callable[..., Path], scratch: Path) -> None:
    repository = bare()
    witness = scratch / "run"
    run = f"touch {witness}; cat"
    for key in ("filter.x.smudge", "filter.x.process", "core.fsmonitor", "tar.tar.command", "core.alternateRefsCommand"):
        git(repository, "config", key, run)
    git(repository, "config", "core.attributesFile", str(scratch / "attributes"))
    (scratch / "attributes").write_text("* filter=x\n")
    (repository / "info").mkdir(exist_ok=True)
    (repository / "info/attributes").write_text("* filter=x\n")
    # That it would be run otherwise shows that there is something to prevent.
    git(repository, "archive", "--format=tar", "--output", str(scratch / "x.tar"), "HEAD")
    assert witness.exists()
    witness.unlink()
    assert names(Reader(repository, scratch, 20, 1 << 20), scratch) == ["tool.py"]
    assert not witness.exists()


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("ref: refs/heads/none\n", "there is no refs/heads/none"),
        ("ref: refs/../../../etc/passwd\n", "no reference"),
        ("ref: /etc/passwd\n", "no reference"),
        ("--output=/tmp/x\n", "neither"),
        ("ref: refs/heads/loop\n", "leads nowhere"),
    ],
)
def test_heads_that_lead_nowhere(bare: Callable[..., Path], scratch: Path, head: str, message: str) -> None:
    repository = bare()
    (repository / "refs/heads/loop").write_text("ref: refs/heads/loop\n")
    (repository / "HEAD").write_text(head)
    with pytest.raises(GitError, match=message):
        Reader(repository, scratch, 20, 1 << 20)


def test_objects_that_are_missing(bare: Callable[..., Path], scratch: Path) -> None:
    repository = bare()
    (repository / "HEAD").write_text("0" * 39 + "1\n")
    with pytest.raises(GitError, match=r"\w"):
        Reader(repository, scratch, 20, 1 << 20).tree()


@pytest.mark.skipif(sys.platform != "linux", reason="limits are set on Linux alone")
def test_trees_are_bounded(bare: Callable[..., Path], scratch: Path) -> None:
    reader = Reader(bare(text="x" * 200_000), scratch, 20, 100_000)
    with pytest.raises(GitError, match="more than 100000 bytes"):
        names(reader, scratch)


@pytest.mark.skipif(sys.platform != "linux", reason="limits are set on Linux alone")
def test_a_large_tree_does_not_fill_the_disk(bare: Callable[..., Path], scratch: Path) -> None:
    reader = Reader(bare(text="x" * 100_000_000), scratch, 60, 1_000_000)
    with pytest.raises(GitError, match="more than 1000000 bytes"):
        names(reader, scratch)
    assert (scratch / "out.tar").stat().st_size < 50_000_000
