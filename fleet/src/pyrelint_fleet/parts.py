"""Writing what workers bring back, part by part, while more comes."""

from __future__ import annotations

import threading
import time
from types import TracebackType

import pyarrow as pa
import pyarrow.compute as pc

from pyrelint_fleet.previous import Previous
from pyrelint_fleet.progress import Progress
from pyrelint_fleet.schema import FINDINGS, MANIFEST
from pyrelint_fleet.store import Run, Store

#: A part is written at the latest after this many items,
PART_ITEMS = 2048
#: and after so many seconds, which grow with the time of the run: a long run is not to end up in thousands of parts.
PART_SECONDS = (2.0, 60.0)
#: Seconds between two looks at whether a part is due.
_LOOK = 0.5


class Parts:
    """Gathers results, and writes them when enough have come or waited long enough, even if no more come for a while.

    Whatever ends the block, an interrupt included: what has come by then is written.
    """

    def __init__(self, store: Store, run: Run, previous: Previous | None, progress: Progress) -> None:
        self._store = store
        self._run = run
        self._previous = previous
        self._progress = progress
        self._held: list[pa.Table] = []
        self._begun = self._last = time.monotonic()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._watch, name="parts", daemon=True)

    def __enter__(self) -> Parts:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        with self._lock:
            self._write()
        if self._failed is not None and error is None:
            raise self._failed

    def add(self, table: pa.Table) -> None:
        """Takes a table of RESULT. Raises what writing raises, OSError on a full disk for one."""
        with self._lock:
            if self._failed is not None:
                raise self._failed
            self._held.append(table)
            self._progress.came(len(table))
            self._write_if_due()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK):
            with self._lock:
                try:
                    self._write_if_due()
                # Reason: whoever adds next, or ends the block, raises it.
                except Exception as error:
                    self._failed = error
                    return

    def _write_if_due(self) -> None:
        now = time.monotonic()
        least, most = PART_SECONDS
        if sum(map(len, self._held)) >= PART_ITEMS or now - self._last >= min(max(least, (now - self._begun) / 50), most):
            self._write()

    def _write(self) -> None:
        self._last = time.monotonic()
        if not self._held or self._failed is not None:
            return
        manifest, findings = split(pa.concat_tables(self._held))
        if self._previous is not None:
            manifest, taken = self._previous.fill(manifest)
            findings = pa.concat_tables([findings, taken])
        self._store.write(self._run.id, manifest, findings)
        self._held = []
        self._progress.written(manifest["outcome"].to_pylist(), len(findings), pc.sum(manifest["reused"]).as_py() or 0)


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
