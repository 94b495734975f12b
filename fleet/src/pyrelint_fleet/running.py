"""One run from its inputs to its data sets."""

from __future__ import annotations

import collections
import datetime
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyrelint_fleet import analysis, engine, inputs
from pyrelint_fleet.previous import Previous, latest
from pyrelint_fleet.progress import Progress
from pyrelint_fleet.schema import FINDINGS, MANIFEST
from pyrelint_fleet.store import Run, Store

#: A part is written at the latest after this many items,
PART_ITEMS = 2048
#: and after so many seconds, which grow with the time of the run: a long run is not to end up in thousands of parts.
PART_SECONDS = (2.0, 60.0)


@dataclass(frozen=True)
class Options:
    """How a run is to be made."""

    #: The most tasks at a time; None: as many as there are processors.
    in_flight: int | None = None
    #: The address of a cluster of Ray; None: this machine.
    address: str | None = None
    #: Whether a run that was cut off is left as it is, and what is unchanged is analysed again.
    fresh: bool = False
    quiet: bool = False


def execute(store: Store, task: analysis.Task, arguments: Sequence[str], options: Options) -> Run:
    """Makes a run, or brings one to its end that was cut off. Raises FleetError."""
    items = inputs.find(arguments)
    with store.locked():
        run, done = _begun(store, task, arguments, options.fresh)
        waiting = [item for item in items if item.input not in done]
        run.items = len(done) + len(waiting)
        previous = None if options.fresh else latest(store, run.version, run.configuration, besides=run.id)
        run.previous = previous.run.id if previous else None
        store.save(run)
        progress = Progress(len(waiting), options.quiet)
        try:
            if waiting:
                _work(store, run, task, waiting, previous, progress, options)
        finally:
            progress.close()
        outcomes = store.manifest(run.id, ["outcome"])["outcome"].to_pylist()
        run.outcomes = dict(sorted(collections.Counter(outcomes).items()))
        run.finished = time.time()
        store.save(run)
    return run


def _begun(store: Store, task: analysis.Task, arguments: Sequence[str], fresh: bool) -> tuple[Run, set[str]]:
    """The last run, if it was the same one and was cut off, with the items that it has; else a new one."""
    program = task.program
    last = next(reversed(store.runs()), None)
    if last is not None and last.finished is None and not fresh:
        same = (last.version, last.configuration, last.inputs) == (program.version, program.configuration, [*arguments])
        if same:
            store.repair(last.id)
            last.attempts += 1
            return last, set(store.manifest(last.id, ["input"])["input"].to_pylist())
    now = time.time()
    stamp = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).strftime("%Y%m%dT%H%M%S")
    # The end keeps runs apart that start in the same second, elsewhere too.
    name = f"{stamp}-{secrets.token_hex(3)}"
    return Run(name, program.version, program.configuration, list(program.arguments), list(arguments), now), set()


def _work(
    store: Store,
    run: Run,
    task: analysis.Task,
    items: Sequence[inputs.Item],
    previous: Previous | None,
    progress: Progress,
    options: Options,
) -> None:
    known = previous.digests() if previous else np.array([], dtype=np.bytes_)
    begun = last = time.monotonic()
    held: list[pa.Table] = []
    try:
        with engine.connected(options.address):
            for table in engine.rows(task, items, known, options.in_flight):
                held.append(table)
                now = time.monotonic()
                least, most = PART_SECONDS
                if sum(map(len, held)) >= PART_ITEMS or now - last >= min(max(least, (now - begun) / 50), most):
                    _write(store, run, held, previous, progress)
                    held, last = [], now
    finally:
        # Whatever ends the run, an interrupt included: what has come is kept.
        _write(store, run, held, previous, progress)


def _write(store: Store, run: Run, held: list[pa.Table], previous: Previous | None, progress: Progress) -> None:
    if not held:
        return
    result = pa.concat_tables(held).combine_chunks()
    manifest, findings = split(result)
    if previous is not None:
        manifest, taken = previous.fill(manifest)
        findings = pa.concat_tables([findings, taken])
    store.write(run.id, manifest, findings)
    reused = pc.sum(manifest["reused"]).as_py() or 0
    progress.add(manifest["outcome"].to_pylist(), len(findings), reused)


def split(result: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Rows of RESULT as rows of the manifest, and rows of the findings."""
    manifest = result.select(MANIFEST.names).cast(MANIFEST)
    found = result["found"].combine_chunks()
    if isinstance(found, pa.ChunkedArray):
        found = pa.concat_arrays(found.chunks) if found.num_chunks else pa.array([], result.schema.field("found").type)
    parents = found.value_parent_indices() if hasattr(found, "value_parent_indices") else pc.list_parent_indices(found)
    flat = pa.Table.from_struct_array(found.flatten())
    columns = {name: result[name].take(parents) for name in ("input", "package")}
    for name in flat.column_names:
        columns[name] = flat[name]
    return manifest, pa.table([columns[name] for name in FINDINGS.names], schema=FINDINGS)


def count(runs: Iterable[Run]) -> int:
    """How many runs are finished."""
    return sum(run.finished is not None for run in runs)
