"""From the arguments of a command to the items of a run: which folders, archives and repositories there are."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pyrelint_fleet import stores
from pyrelint_fleet.errors import FleetError

FOLDER = "folder"
ARCHIVE = "archive"
GIT = "git"

#: What pyrelint reads as an archive, by the end of its name.
SUFFIXES = (".whl", ".zip", ".egg", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
#: A folder that holds one of these is one project, not a folder of projects.
MARKERS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "pyrelint.toml")
#: How deep folders of projects may lie in one another.
DEPTH = 3


@dataclass(frozen=True)
class Item:
    """One unit of work: a project that is analysed as a whole."""

    #: An absolute path or a URI; unique in a run.
    input: str
    #: One of FOLDER, ARCHIVE, GIT.
    kind: str
    #: Size in bytes of an archive where it is known without reading it, else 0: for the making of batches.
    size: int = 0

    @property
    def package(self) -> str:
        """The name that reports group by."""
        return package_of(self.input)


def package_of(name: str) -> str:
    """The package's or repository's name: `celery` for `/data/celery-5.7.0-py3-none-any.whl`.

    >>> package_of("s3://wheels/Flask_Login-0.6.3-py3-none-any.whl"), package_of("/src/tool.git")
    ('flask-login', 'tool')
    """
    base = re.split(r"[?#]", name)[0] if stores.is_uri(name) else name
    base = base.rstrip("/").rsplit("/", 1)[-1]
    suffix = suffix_of(base)
    if not suffix:
        return base.removesuffix(".git") or base
    stem = base[: -len(suffix)]
    stem = stem.split("-", 1)[0] if suffix in (".whl", ".egg") else re.sub(r"-v?\d[\w.+!]*$", "", stem) or stem
    return re.sub(r"[-_.]+", "-", stem).lower() or base


def suffix_of(name: str) -> str:
    """The suffix by which a name is that of an archive, or the empty string."""
    lower = name.lower()
    return next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if lower.endswith(suffix)), "")


def find(arguments: Iterable[str]) -> list[Item]:
    """All items that arguments name, each once, in the order of their names.

    Raises FleetError for what is not there, and where there is nothing at all.
    """
    items: dict[str, Item] = {}
    for argument in _expanded(arguments, frozenset()):
        for item in _items(argument):
            items.setdefault(item.input, item)
    if not items:
        raise FleetError("no folder, archive or repository among the inputs")
    return sorted(items.values(), key=lambda item: item.input)


def _expanded(arguments: Iterable[str], lists: frozenset[str]) -> Iterator[str]:
    """Replaces `@list.txt` by the lines of the file; `@-` is standard input."""
    for argument in arguments:
        if not argument.startswith("@"):
            yield argument
            continue
        name = argument[1:]
        if name in lists:
            raise FleetError(f"{name}: the list names itself")
        try:
            text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FleetError(f"{name}: cannot be read as a list: {error}") from error
        lines = (line.strip() for line in text.splitlines())
        yield from _expanded((line for line in lines if line and not line.startswith("#")), lists | {name})


def _items(argument: str) -> Iterator[Item]:
    if stores.is_uri(argument):
        for uri, size in stores.listed(argument, lambda name: bool(suffix_of(name))):
            yield Item(uri, ARCHIVE, size)
        return
    path = Path(os.path.abspath(argument))
    if path.is_dir():
        yield from _in_folder(path)
    elif path.is_file():
        if not suffix_of(path.name):
            raise FleetError(f"{argument}: no archive by its name (known are {' '.join(SUFFIXES)}), and no folder")
        yield _archive(path)
    else:
        raise FleetError(f"{argument}: no such file or folder")


def _name(path: Path) -> str:
    """A path as text. One that is no text is escaped: its item will be missing, and named so in the manifest."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _archive(path: Path) -> Item:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return Item(_name(path), ARCHIVE, size)


def is_bare_repository(path: Path) -> bool:
    """Whether a folder is what `git init --bare` or `git clone --mirror` makes."""
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def _project(path: Path) -> Item | None:
    if is_bare_repository(path):
        return Item(_name(path), GIT)
    if any((path / marker).exists() for marker in MARKERS):
        return Item(_name(path), FOLDER)
    return None


def _in_folder(path: Path) -> Iterator[Item]:
    """A folder that was named: it is a project, or a folder of projects."""
    project = _project(path)
    if project is not None:
        yield project
        return
    _entries(path, named=True)
    found = [] if _is_python(path) else list(_children(path, DEPTH))
    # Files and no projects beside them: the folder is the project.
    yield from found or ([Item(_name(path), FOLDER)] if _entries(path) else [])


def _children(path: Path, depth: int) -> Iterator[Item]:
    """What lies in a folder of projects: each archive and each folder is one, unless that is a folder of projects itself.

    Hidden ones and links are left out.
    """
    for entry in _entries(path):
        child = Path(entry.path)
        if entry.is_file() and suffix_of(entry.name):
            yield _archive(child)
        elif entry.is_dir(follow_symlinks=False):
            project = _project(child)
            if project is not None:
                yield project
            elif _holds_projects(child, depth - 1):
                yield from _children(child, depth - 1)
            else:
                yield Item(_name(child), FOLDER)


def _holds_projects(path: Path, depth: int) -> bool:
    """Whether there are archives or marked folders in a folder that has no marker and no modules itself."""
    if depth < 0 or _is_python(path):
        return False
    folders = []
    for entry in _entries(path):
        if entry.is_file() and suffix_of(entry.name):
            return True
        if entry.is_dir(follow_symlinks=False):
            folders.append(Path(entry.path))
    return any(_project(folder) is not None for folder in folders) or any(_holds_projects(folder, depth - 1) for folder in folders)


def _is_python(path: Path) -> bool:
    """Whether modules or an installed package's metadata lie right in a folder."""
    return any(entry.name.endswith((".py", ".dist-info", ".egg-info")) for entry in _entries(path))


def _entries(path: Path, named: bool = False) -> list[os.DirEntry[str]]:
    """What is in a folder, but for hidden files.

    A folder that cannot be listed is an item without projects in it, which pyrelint will report; one that was `named` is an error.
    """
    try:
        with os.scandir(path) as entries:
            return sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        if named:
            raise FleetError(f"{path}: cannot be listed: {error.strerror}") from error
        return []
