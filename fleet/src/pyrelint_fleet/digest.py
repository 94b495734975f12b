"""Digests of contents: what is the same is not analysed again."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pyrelint_fleet.stores import BLOCK

#: Files of a folder above this size, in bytes, count by their size and time of change: they are data, not sources.
LARGE = 16 << 20


class TooLarge(Exception):
    """The item has more bytes than the run allows."""


def of_stream(source: IO[bytes], copy: IO[bytes] | None, limit: int) -> tuple[str, int]:
    """The digest and the size of a stream that is read to its end, and copied where a copy is wanted.

    Raises TooLarge as soon as more than `limit` bytes have come.
    """
    digest = hashlib.sha256()
    size = 0
    while block := source.read(BLOCK):
        size += len(block)
        if size > limit:
            raise TooLarge(f"it has more than {limit} bytes")
        digest.update(block)
        if copy is not None:
            copy.write(block)
    return f"sha256:{digest.hexdigest()}", size


def of_file(path: Path, limit: int) -> tuple[str, int]:
    """The digest and the size of a file. Raises TooLarge, OSError."""
    with path.open("rb") as file:
        return of_stream(file, None, limit)


def of_folder(path: Path) -> tuple[str, int]:
    """The digest of all files below a folder, and the sum of their sizes.

    Names, contents and targets of links count; Git's own folder, owners and modes do not, nor does the time of change of
    files up to LARGE. What cannot be read counts by its name: pyrelint will report it.
    """
    digest = hashlib.sha256()
    total = 0
    for relative, full in _files(path, ""):
        try:
            status = os.lstat(full)
            text, size = _entry(full, status)
        except OSError as error:
            text, size = f"unreadable {error.errno}", 0
        total += size
        name = os.fsencode(relative)
        digest.update(b"%d %s %s\n" % (len(name), name, text.encode()))
    return f"sha256:{digest.hexdigest()}", total


def _entry(full: str, status: os.stat_result) -> tuple[str, int]:
    if stat.S_ISLNK(status.st_mode):
        return f"link {hashlib.sha256(os.fsencode(os.readlink(full))).hexdigest()}", 0
    if not stat.S_ISREG(status.st_mode):
        return f"special {stat.S_IFMT(status.st_mode)}", 0
    if status.st_size > LARGE:
        return f"large {status.st_size} {status.st_mtime_ns}", status.st_size
    # Not waiting: a pipe may have taken the file's place meanwhile.
    with open(os.open(full, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
        content = file.read(LARGE + 1)
    return f"file {hashlib.sha256(content).hexdigest()}", len(content)


def _files(path: Path, prefix: str) -> Iterator[tuple[str, str]]:
    """All files, links and unreadable folders, in an order that does not depend on the file system."""
    waiting = [(prefix, str(path))]
    while waiting:
        relative, folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            yield relative, folder
            continue
        for entry in entries:
            name = f"{relative}/{entry.name}" if relative else entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name != ".git":
                    waiting.append((name, entry.path))
            else:
                yield name, entry.path
