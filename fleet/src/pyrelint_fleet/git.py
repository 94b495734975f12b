"""Bare repositories: the tree of HEAD as a tar file, without letting the repository's configuration run anything."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

_HASH = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
#: How many symbolic references may follow one another.
_HOPS = 5
#: The largest file of references that is read, in bytes.
_LARGEST = 64 << 20


class GitError(Exception):
    """The repository cannot be read; the text says why."""


def head(repository: Path) -> str:
    """The object that HEAD names. Raises GitError.

    Read here and not by Git: Git would read the repository's own configuration, which may name programs.
    """
    name = "HEAD"
    for _ in range(_HOPS):
        text = _text(repository / name).strip() or _packed(repository, name)
        if _HASH.match(text):
            return text
        if not text.startswith("ref: "):
            raise GitError(f"{name} is neither a commit nor a reference")
        name = text[5:].strip()
        if not name.startswith("refs/") or ".." in name.split("/"):
            raise GitError(f"HEAD names {name!r}, which is no reference")
    raise GitError("HEAD leads nowhere")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(4096).decode("utf-8", "replace")
    except OSError:
        return ""


def _packed(repository: Path, name: str) -> str:
    try:
        with (repository / "packed-refs").open("rb") as file:
            packed = file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        packed = ""
    for line in packed.splitlines():
        commit, _, reference = line.partition(" ")
        if reference == name:
            return commit
    raise GitError(f"there is no {name}: the repository is empty, or keeps its references in another way")


class Reader:
    """Git on the objects of one repository, with an own, empty configuration in a scratch folder."""

    def __init__(self, repository: Path, scratch: Path, timeout: float, size_limit: int) -> None:
        """`timeout` is in seconds, for each call; `size_limit` in bytes, for the tar file. Raises GitError."""
        self._timeout = timeout
        self._size_limit = size_limit
        self.commit = head(repository)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self._environment = {
            **kept,
            "GIT_DIR": str(scratch / "git"),
            "GIT_OBJECT_DIRECTORY": str(repository / "objects"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
        }
        kind = "sha256" if len(self.commit) == 64 else "sha1"
        # A folder as `git init --bare` makes it, in less than the time of a process.
        folder = scratch / "git"
        (folder / "refs").mkdir(parents=True)
        (folder / "HEAD").write_text("ref: refs/heads/main\n")
        version = 1 if kind == "sha256" else 0
        extension = "[extensions]\n\tobjectformat = sha256\n" if version else ""
        (folder / "config").write_text(f"[core]\n\trepositoryformatversion = {version}\n\tbare = true\n{extension}")

    def tree(self) -> str:
        """The identity of the tree of HEAD: the same for two commits with the same files. Raises GitError."""
        return self._run(["rev-parse", "--verify", "--end-of-options", f"{self.commit}^{{tree}}"], subprocess.PIPE).strip()

    def archive(self, target: IO[bytes]) -> None:
        """Writes the tree of HEAD as a tar file. Raises GitError."""
        self._run(["archive", "--format=tar", self.commit], target)
        # The limit is set when Git runs already: a small tree may be written by then.
        if os.fstat(target.fileno()).st_size > self._size_limit:
            raise self._too_large()

    def _too_large(self) -> GitError:
        return GitError(f"its tree has more than {self._size_limit} bytes")

    def _run(self, arguments: list[str], output: int | IO[bytes]) -> str:
        try:
            child = subprocess.Popen(
                ["git", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                env=self._environment,
                start_new_session=True,
            )
        except OSError as error:
            raise GitError(f"git cannot be started: {error.strerror}") from error
        if sys.platform == "linux":
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (self._size_limit, self._size_limit))
        try:
            printed, errors = child.communicate(timeout=self._timeout)
        except subprocess.TimeoutExpired as error:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            raise GitError(f"git took longer than {self._timeout:g} s") from error
        if child.returncode:
            if child.returncode == -signal.SIGXFSZ:
                raise self._too_large()
            lines = errors.decode("utf-8", "replace").strip().splitlines() or [f"git ended with {child.returncode}"]
            raise GitError(lines[-1][:500])
        return (printed or b"").decode("utf-8", "replace")
