"""The work on one item, from its name to its row of the manifest with the findings in it."""

from __future__ import annotations

import datetime
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyrelint_fleet import digest, git, inputs, outcomes, stores
from pyrelint_fleet.errors import FleetError
from pyrelint_fleet.program import Ended, Program, run, version_of


@dataclass(frozen=True)
class Task:
    """What workers need besides the items."""

    program: Program
    #: The largest archive that is read, in bytes.
    size_limit: int


class _Missing(Exception):
    """The item cannot be had."""


class _Work:
    """One item in the hands of a worker."""

    def __init__(self, task: Task, item: inputs.Item, known: Callable[[str], bool], scratch: Path) -> None:
        self.task = task
        self.item = item
        self.known = known
        self.scratch = scratch
        self.digest: str | None = None
        self.size: int | None = None
        self.reused = False
        self.reading = 0.0
        self.analysis = 0.0

    def done(self) -> Ended:
        """Does it. Raises _Missing, and whatever a disk may raise."""
        begun = time.perf_counter()
        try:
            target = self._fetched()
        finally:
            self.reading = time.perf_counter() - begun
        if target is None:
            self.reused = True
            return Ended(outcomes.OK)
        program = self.task.program
        own = self.scratch / "run"
        own.mkdir()
        begun = time.perf_counter()
        try:
            return run(program, target, own)
        finally:
            self.analysis = time.perf_counter() - begun

    def _fetched(self) -> Path | None:
        """The folder or archive to check, digested; None where its findings are known."""
        item = self.item
        if item.kind == inputs.GIT:
            return self._from_git(Path(item.input))
        if item.kind == inputs.FOLDER:
            path = Path(item.input)
            if not path.is_dir():
                raise _Missing("no such folder")
            self.digest, self.size = digest.of_folder(path)
            return None if self.known(self.digest) else path
        try:
            if not stores.is_uri(item.input):
                path = Path(item.input)
                self.digest, self.size = digest.of_file(path, self.task.size_limit)
            else:
                path = self.scratch / ("item" + inputs.suffix_of(item.input.split("?")[0]))
                with stores.opened(item.input) as source, path.open("xb") as copy:
                    self.digest, self.size = digest.of_stream(source, copy, self.task.size_limit)
        except (digest.TooLarge, FileNotFoundError, PermissionError, IsADirectoryError) as error:
            raise _Missing(_reason(error)) from error
        return None if self.known(self.digest) else path

    def _from_git(self, repository: Path) -> Path | None:
        try:
            reader = git.Reader(repository, self.scratch, self.task.program.timeout, self.task.size_limit)
            self.digest = f"git:{reader.tree()}"
            if self.known(self.digest):
                self.size = 0
                return None
            path = self.scratch / "item.tar"
            with path.open("xb") as tar:
                reader.archive(tar)
        except git.GitError as error:
            raise _Missing(str(error)) from error
        self.size = path.stat().st_size
        return path


def analyse(task: Task, item: inputs.Item, known: Callable[[str], bool], node: str = "") -> dict[str, Any]:
    """The row of RESULT for one item. Raises nothing that the item can cause.

    `known` tells of a digest whether the findings for it are there from the run before: then they are not in the row, and
    `reused` is true.
    """
    started = datetime.datetime.now(datetime.timezone.utc)
    begun = time.perf_counter()
    scratch = Path(tempfile.mkdtemp(prefix="pyrelint-fleet-"))
    work = _Work(task, item, known, scratch)
    try:
        try:
            version = version_of(task.program.command)
            if version == task.program.version:
                ended = work.done()
            else:
                ended = Ended(outcomes.ERROR, f"this worker has {version}, not {task.program.version}")
        except _Missing as error:
            ended = Ended(outcomes.MISSING, str(error))
        except (FleetError, OSError) as error:
            ended = Ended(outcomes.ERROR, _reason(error))
        # Reason: an item that breaks something nobody thought of must not end the run of all others.
        except Exception as error:
            kind = outcomes.MISSING if work.digest is None else outcomes.CRASH
            ended = Ended(kind, _reason(error))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return {
        "input": item.input,
        "package": item.package,
        "kind": item.kind,
        "outcome": ended.outcome,
        "detail": ended.detail,
        "findings": len(ended.findings),
        "digest": work.digest,
        "bytes": work.size,
        "version": task.program.version,
        "configuration": task.program.configuration,
        "reused": work.reused,
        "started": started,
        "duration": time.perf_counter() - begun,
        "reading": work.reading,
        "analysis": work.analysis,
        "node": node,
        "found": ended.findings,
    }


def lost(task: Task, item: inputs.Item) -> dict[str, Any]:
    """The row of an item that no worker has brought back."""
    return {
        "input": item.input,
        "package": item.package,
        "kind": item.kind,
        "outcome": outcomes.LOST,
        "detail": "its workers ended before they were done with it",
        "findings": 0,
        "digest": None,
        "bytes": None,
        "version": task.program.version,
        "configuration": task.program.configuration,
        "reused": False,
        "started": datetime.datetime.now(datetime.timezone.utc),
        "duration": 0.0,
        "reading": 0.0,
        "analysis": 0.0,
        "node": "",
        "found": [],
    }


def _reason(error: BaseException) -> str:
    """An error as a short, printable line."""
    text = f"{error.strerror}" if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    return "".join(c if c.isprintable() else " " for c in text)[:500]
