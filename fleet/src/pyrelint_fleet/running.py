"""One run from its inputs to its data sets."""

from __future__ import annotations

import collections
import datetime
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pyrelint_fleet import analysis, engine, inputs
from pyrelint_fleet.errors import FleetError
from pyrelint_fleet.parts import Parts
from pyrelint_fleet.previous import Previous, latest
from pyrelint_fleet.progress import Progress
from pyrelint_fleet.store import Run, Store


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
        except OSError as error:
            raise FleetError(f"{store.folder}: {error.strerror or error}") from error
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
    with Parts(store, run, previous, progress) as parts, engine.connected(options.address):
        for table in engine.rows(task, items, known, options.in_flight):
            parts.add(table)
