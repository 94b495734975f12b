"""From arguments to items."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest
from conftest import wheel

from pyrelint_fleet import inputs
from pyrelint_fleet.errors import FleetError


def found(*arguments: str | Path) -> list[tuple[str, str]]:
    return [(item.input, item.kind) for item in inputs.find([str(argument) for argument in arguments])]


@pytest.fixture
def tree(tmp_path: Path, bare: Callable[..., Path]) -> Path:
    """One of each."""
    root = tmp_path / "root"
    (root / "org/service/.git").mkdir(parents=True)
    (root / "org/service/dist").mkdir()
    wheel(root / "org/service/dist/inner.whl", {})
    (root / "org/plain").mkdir()
    (root / "unpacked/pkg").mkdir(parents=True)
    (root / "unpacked/pkg/mod.py").write_text("")
    (root / "project").mkdir()
    (root / "project/pyproject.toml").write_text("")
    (root / ".hidden").mkdir()
    (root / "notes.txt").write_text("")
    wheel(root / "a-1.0-py3-none-any.whl", {})
    bare("tool.git").rename(root / "tool.git")
    os.symlink(root / "project", root / "linked")
    return root


def test_a_folder_of_projects(tree: Path) -> None:
    assert found(tree) == [
        (f"{tree}/a-1.0-py3-none-any.whl", "archive"),
        (f"{tree}/org/plain", "folder"),
        (f"{tree}/org/service", "folder"),
        (f"{tree}/project", "folder"),
        (f"{tree}/tool.git", "git"),
        (f"{tree}/unpacked", "folder"),
    ]


def test_a_folder_that_is_a_project(tree: Path) -> None:
    assert found(tree / "org/service") == [(f"{tree}/org/service", "folder")]
    assert found(tree / "unpacked/pkg") == [(f"{tree}/unpacked/pkg", "folder")]
    assert found(tree / "tool.git") == [(f"{tree}/tool.git", "git")]


def test_an_item_that_is_named_twice_is_one(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert found("project", tree / "project", "./org/../project/") == [(f"{tree}/project", "folder")]


def test_lists(tree: Path, tmp_path: Path) -> None:
    inner, outer = tmp_path / "inner.txt", tmp_path / "outer.txt"
    inner.write_text(f"# a comment\n\n  {tree}/project  \n")
    outer.write_text(f"@{inner}\n{tree}/tool.git\n")
    assert [kind for _, kind in found(f"@{outer}")] == ["folder", "git"]
    inner.write_text(f"@{outer}\n")
    with pytest.raises(FleetError, match="names itself"):
        found(f"@{outer}")


def test_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    for argument, message in (("no", "no such file"), ("a.txt", "no archive by its name"), ("@no", "cannot be read as a list")):
        with pytest.raises(FleetError, match=message):
            found(argument if argument[0] == "@" else tmp_path / argument)
    with pytest.raises(FleetError, match="no folder, archive or repository"):
        (tmp_path / "empty").mkdir()
        found(tmp_path / "empty")


@pytest.mark.parametrize("suffix", inputs.SUFFIXES)
def test_every_kind_of_archive(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix.upper()}"
    path.write_bytes(b"x")
    assert inputs.find([str(path)]) == [inputs.Item(str(path), inputs.ARCHIVE, 1)]


def test_uris_through_pyarrow(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    wheel(tmp_path / "deep/a.whl", {})
    (tmp_path / "deep/a.txt").write_text("")
    uri = f"file://{tmp_path}"
    assert found(uri) == [(f"{uri}/deep/a.whl", "archive")]
    assert found(f"{uri}/deep/a.whl") == [(f"{uri}/deep/a.whl", "archive")]
    with pytest.raises(FleetError, match="nothing there"):
        found(f"{uri}/nowhere")


def test_uris_through_fsspec() -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe({"/bucket/x/a.whl": b"a", "/bucket/b.tar.gz": b"bb", "/bucket/c.txt": b""})
    assert inputs.find(["memory://bucket"]) == [
        inputs.Item("memory:///bucket/b.tar.gz", "archive", 2),
        inputs.Item("memory:///bucket/x/a.whl", "archive", 1),
    ]
    with pytest.raises(FleetError, match="nosuch"):
        found("nosuch://bucket/a.whl")


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("/data/Flask_Login-0.6.3-py3-none-any.whl", "flask-login"),
        ("/data/my-tool-1.2.3.tar.gz", "my-tool"),
        ("/data/tool-v2.zip", "tool"),
        ("/data/zope.interface-5.0.tar.xz", "zope-interface"),
        ("s3://bucket/a-1.0-py3-none-any.whl?region=eu", "a"),
        ("/src/Org/Service", "Service"),
        ("/src/tool.git", "tool"),
        ("/src/1.0.zip", "1-0"),
    ],
)
def test_names_of_packages(name: str, package: str) -> None:
    assert inputs.package_of(name) == package


def test_a_name_that_is_no_text_is_escaped(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff.whl", "wb"):
        pass
    ((name, kind),) = found(tmp_path)
    assert (name, kind) == (f"{tmp_path}/\\udcff.whl", "archive")


def test_a_folder_that_cannot_be_listed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere in a fleet it is one item; named, it is an error."""
    scan = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "org":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert (f"{tree}/org", "folder") in found(tree)
    with pytest.raises(FleetError, match="cannot be listed: Permission denied"):
        found(tree / "org")
