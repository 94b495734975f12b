"""The items on Ray Data: batches become tasks, and each item's row comes back once."""

from __future__ import annotations

import functools
import logging
import os
import platform
import secrets
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from pyrelint_fleet import analysis, inputs
from pyrelint_fleet.errors import FleetError
from pyrelint_fleet.previous import is_in
from pyrelint_fleet.schema import RESULT

#: Small archives go together until they have this size in bytes, packed: half a second of work or more. Ray Data looks for
#: finished tasks ten times a second, so that a worker waits some 50 ms between two tasks.
BATCH_BYTES = 8 << 20
#: The most items in one batch.
BATCH_ITEMS = 64
#: Batches become smaller where there would be fewer than this many for each worker: none is to have the last one alone for long.
BATCHES_EACH = 8
#: How often a task is tried whose worker or node is lost, before its items are tried one by one.
RETRIES = 8

_ITEM = pa.schema([("input", pa.string()), ("kind", pa.string()), ("size", pa.int64())])

Known = np.ndarray[Any, np.dtype[np.bytes_]]


def batches(items: Sequence[inputs.Item], workers: int, single: bool = False) -> Iterator[list[inputs.Item]]:
    """Puts items into tasks: large archives, folders and repositories alone, small archives together unless each is to be `single`.

    The large ones come first, so that none is left for the end.
    """
    most = min(BATCH_BYTES, sum(item.size for item in items) // (workers * BATCHES_EACH))
    batch: list[inputs.Item] = []
    size = 0
    for item in sorted(items, key=lambda item: (-_weight(item), item.input)):
        weight = _weight(item)
        if batch and (single or size + weight > most or len(batch) == BATCH_ITEMS):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += weight
    if batch:
        yield batch


def _weight(item: inputs.Item) -> int:
    """Folders and repositories have no size until they are read: each is a task of its own."""
    return item.size if item.kind == inputs.ARCHIVE else BATCH_BYTES + 1


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Ray, for the time of a run: a cluster by its address, or this machine. What is connected already stays so."""
    # Before Ray is imported: nothing is reported to anybody.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    address = address or os.environ.get("RAY_ADDRESS")
    own: dict[str, Any] = {}
    if address is None:
        # Nothing that somebody else has started is taken for it, and nobody else can use what is started here: some of Ray's ports
        # are open on all interfaces, but without the token nobody gets in. (For 127.0.0.1 Ray would take the address in the network.)
        address = "local"
        own = {"_node_ip_address": "127.0.0.2" if sys.platform == "linux" else "127.0.0.1", "include_dashboard": False}
        # Ray reads it once in a process: where it is imported already, whoever did that has decided.
        if "RAY_AUTH_MODE" not in os.environ and "ray" not in sys.modules:
            os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    import ray

    if ray.is_initialized():
        _quiet()
        yield
        return
    terminate = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, logging_level="error", log_to_driver=False, **own)
    # Reason: Ray raises errors of many kinds where it cannot be had, and there is no run without it.
    except Exception as error:
        raise FleetError(f"Ray cannot be had at {address}: {error}") from error
    if threading.current_thread() is threading.main_thread():
        # Ray has put its own there, which ends the process at once.
        signal.signal(signal.SIGTERM, terminate)
    _quiet()
    try:
        yield
    finally:
        ray.shutdown()


def _quiet() -> None:
    import ray

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)


def rows(task: analysis.Task, items: Sequence[inputs.Item], known: Known, in_flight: int | None) -> Iterator[pa.Table]:
    """Tables of RESULT, as they come. Every item is in them once, whatever happens to workers.

    `in_flight` is the most tasks at a time; None: as many as there are processors.
    """
    waiting = {item.input: item for item in items}
    workers = in_flight or max(1, int(_processors(sum) / task.program.jobs))
    # Whoever shared a batch with what ends workers gets another chance, alone.
    for single in (False, True):
        for table in _once(task, list(batches(list(waiting.values()), workers, single)), known, in_flight):
            fresh = [waiting.pop(name, None) is not None for name in table["input"].to_pylist()]
            if not all(fresh):
                table = table.filter(pa.array(fresh))
            if len(table):
                yield table
        if not waiting:
            return
    yield pa.Table.from_pylist([analysis.lost(task, item) for item in waiting.values()], schema=RESULT)


def _once(task: analysis.Task, work: Sequence[Sequence[inputs.Item]], known: Known, in_flight: int | None) -> Iterator[pa.Table]:
    import ray

    context = ray.data.DataContext.get_current()
    # A task that failed RETRIES times is no reason to give up the others.
    context.max_errored_blocks = -1
    context.execution_options.preserve_order = False
    tables = [pa.Table.from_pylist([_row(item) for item in batch], schema=_ITEM) for batch in work]
    if not tables:
        return
    with warnings.catch_warnings():
        # Ray Data is about to take this way of naming the number of retries away, and has no other yet; without it an item
        # that ends its worker would be tried for ever. pyproject.toml admits the versions that have it.
        warnings.filterwarnings("ignore", message=".*ray_remote_args")
        dataset = ray.data.from_arrow(tables).map_batches(
            functools.partial(_work, task=task, known=ray.put(known)),
            batch_size=None,
            batch_format="pyarrow",
            # Ray would wait for ever for a machine with more processors than there is.
            num_cpus=min(float(task.program.jobs), _processors(max)),
            max_retries=RETRIES,
            compute=ray.data.TaskPoolStrategy(in_flight),
        )
    yield from dataset.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)


def _processors(combined: Callable[[list[float]], float]) -> float:
    """The processors of all machines, added up by `sum`, or those of the largest by `max`; at least one."""
    import ray

    return max(1.0, combined([float(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]))


def _row(item: inputs.Item) -> dict[str, Any]:
    return {"input": item.input, "kind": item.kind, "size": item.size}


def _work(batch: pa.Table, task: analysis.Task, known: Any) -> Iterator[pa.Table]:
    """One batch in a worker, one item after another."""
    import ray

    digests: Known = ray.get(known)
    has: Callable[[str], bool] = functools.partial(is_in, digests)
    node = f"{platform.node()} {ray.util.get_node_ip_address()}"
    for row in batch.to_pylist():
        item = inputs.Item(row["input"], row["kind"], row["size"])
        yield pa.Table.from_pylist([analysis.analyse(task, item, has, node)], schema=RESULT)
