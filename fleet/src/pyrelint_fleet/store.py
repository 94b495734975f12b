"""The folder with the results: two Parquet data sets, written in whole parts, and a description of each run.

    DIR/runs/RUN.json                            what the run is, and whether it is finished
    DIR/findings/run=RUN/part-000001.parquet     rows of FINDINGS
    DIR/manifest/run=RUN/part-000001.parquet     rows of MANIFEST

An item counts as finished once it stands in a part of the manifest. Its findings are in the part of the same number, which is
written before; a part of findings without one of the manifest is what a run left that was cut off in between, and is removed
when the run goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pyrelint_fleet.errors import FleetError
from pyrelint_fleet.schema import FINDINGS, MANIFEST

_PART = re.compile(r"part-(\d{6,})\.parquet\Z")
_RUN = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}\Z")


@dataclass
class Run:
    """What `runs/RUN.json` holds. Times are in seconds since the epoch."""

    id: str
    version: str
    configuration: str
    arguments: list[str]
    inputs: list[str]
    started: float
    #: None until every item is in the manifest.
    finished: float | None = None
    items: int = 0
    #: The run from which unchanged items are taken.
    previous: str | None = None
    #: How often the run was started.
    attempts: int = 1
    #: How many items each outcome has, once the run is finished.
    outcomes: dict[str, int] = field(default_factory=dict)


class Store:
    """The folder of one fleet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other runs away from the folder. Raises FleetError where one is there."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("a")
        except OSError as error:
            raise FleetError(f"{self.folder}: {error.strerror}") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise FleetError(f"{self.folder}: another run writes there") from error
            yield

    def runs(self) -> list[Run]:
        """All runs, the oldest first. Raises FleetError."""
        found = []
        for path in (self.folder / "runs").glob("*.json"):
            try:
                run = Run(**json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError) as error:
                raise FleetError(f"{path}: {error}") from error
            if run.id != path.stem or not _RUN.match(run.id):
                raise FleetError(f"{path}: describes another run")
            found.append(run)
        return sorted(found, key=lambda run: (run.started, run.id))

    def save(self, run: Run) -> None:
        """Writes the description of a run, as a whole."""
        target = self.folder / "runs" / f"{run.id}.json"
        target.parent.mkdir(exist_ok=True)
        with _replacing(target) as temporary:
            temporary.write_text(json.dumps(asdict(run), indent=1) + "\n", encoding="utf-8")

    def parts(self, kind: str, run: str) -> list[Path]:
        """The parts of `findings` or `manifest` of a run, in order."""
        folder = self.folder / kind / f"run={run}"
        return sorted((path for path in folder.glob("part-*.parquet") if _PART.search(path.name)), key=_number)

    def write(self, run: str, manifest: pa.Table, findings: pa.Table) -> None:
        """Adds a part to a run: both tables or, wherever it is cut off, none that counts."""
        number = max([_number(path) for path in self.parts("manifest", run)], default=0) + 1
        for kind, table in (("findings", findings), ("manifest", manifest)):
            target = self.folder / kind / f"run={run}" / f"part-{number:06}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            with _replacing(target) as temporary:
                pq.write_table(table, temporary, compression="zstd")

    def repair(self, run: str) -> None:
        """Removes what a run that was cut off has left half done."""
        whole = {path.name for path in self.parts("manifest", run)}
        for kind in ("findings", "manifest"):
            for path in (self.folder / kind / f"run={run}").glob("*"):
                if path.name.startswith(".tmp-") or (kind == "findings" and path.name not in whole):
                    path.unlink()
        for path in (self.folder / "runs").glob(".tmp-*"):
            path.unlink()

    def manifest(self, run: str, columns: list[str] | None = None) -> pa.Table:
        """The manifest of a run."""
        return _read(self.parts("manifest", run), MANIFEST, columns)

    def findings(self, run: str) -> pa.Table:
        """The findings of a run, without those of parts that do not count."""
        whole = {path.name for path in self.parts("manifest", run)}
        return _read([path for path in self.parts("findings", run) if path.name in whole], FINDINGS, None)


def _number(path: Path) -> int:
    match = _PART.search(path.name)
    return int(match[1]) if match else 0


def _read(parts: list[Path], schema: pa.Schema, columns: list[str] | None) -> pa.Table:
    wanted = schema if columns is None else pa.schema([schema.field(name) for name in columns])
    try:
        # One by one, not as a data set: the folder's name `run=...` is no column of the file.
        tables = [pq.ParquetFile(path).read(columns=columns) for path in parts]
        return pa.concat_tables([table.cast(wanted) for table in tables]) if tables else wanted.empty_table()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FleetError(f"{parts[0].parent}: cannot be read: {error}") from error


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A temporary name beside the target, which becomes the target once its content is on the disk."""
    # No name that a reader of Parquet or a list of runs would take.
    temporary = target.parent / f".tmp-{os.getpid()}-{target.name}.new"
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
