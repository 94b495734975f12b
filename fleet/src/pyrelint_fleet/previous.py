"""What an earlier run knows: items that have not changed are taken from there."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pyrelint_fleet.outcomes import STABLE
from pyrelint_fleet.schema import FINDINGS, MANIFEST
from pyrelint_fleet.store import Run, Store

#: How many parts of the earlier run's findings are kept in memory.
_KEPT_PARTS = 8


class Previous:
    """The stable results of one earlier run, by digest."""

    def __init__(self, store: Store, run: Run) -> None:
        self._store = store
        self.run = run
        #: digest -> part, input, outcome, detail, number of findings.
        self._known: dict[str, tuple[int, str, str, str | None, int]] = {}
        columns = ["digest", "input", "outcome", "detail", "findings"]
        self._parts = store.parts("manifest", run.id)
        for number, path in enumerate(self._parts):
            rows = pq.ParquetFile(path).read(columns=columns)
            for row in rows.to_pylist():
                if row["digest"] is not None and row["outcome"] in STABLE:
                    entry = (number, row["input"], row["outcome"], row["detail"], row["findings"])
                    self._known.setdefault(row["digest"], entry)
        self._part = functools.lru_cache(_KEPT_PARTS)(self._load)

    def digests(self) -> np.ndarray[Any, np.dtype[np.bytes_]]:
        """All digests, sorted: what workers search, without a copy for each task."""
        return np.array(sorted(digest.encode() for digest in self._known), dtype=np.bytes_)

    def _load(self, number: int) -> pa.Table:
        path = self._store.folder / "findings" / f"run={self.run.id}" / self._parts[number].name
        return pq.ParquetFile(path).read().cast(FINDINGS)

    def fill(self, manifest: pa.Table) -> tuple[pa.Table, pa.Table]:
        """The manifest with the outcomes of its reused rows, and their findings under their present names."""
        rows = manifest.to_pylist()
        wanted: dict[int, dict[str, list[dict[str, Any]]]] = {}
        for row in rows:
            if row["reused"]:
                part, name, outcome, detail, count = self._known[row["digest"]]
                row.update(outcome=outcome, detail=detail, findings=count)
                wanted.setdefault(part, {}).setdefault(name, []).append(row)
        tables = [table for part, names in wanted.items() for table in self._renamed(part, names)]
        return (
            pa.Table.from_pylist(rows, schema=MANIFEST),
            pa.concat_tables(tables) if tables else FINDINGS.empty_table(),
        )

    def _renamed(self, part: int, names: dict[str, list[dict[str, Any]]]) -> Iterable[pa.Table]:
        table = self._part(part)
        table = table.filter(pc.is_in(table["input"], value_set=pa.array(list(names))))
        index = {name.as_py(): number for number, name in enumerate(pc.unique(table["input"]))}
        for name in index:
            own = table.filter(pc.equal(table["input"], name))
            for row in names[name]:
                yield own.set_column(0, "input", pa.repeat(row["input"], len(own)).cast(pa.string())).set_column(
                    1, "package", pa.repeat(row["package"], len(own)).cast(pa.string())
                )


def latest(store: Store, version: str, configuration: str, besides: str | None = None) -> Previous | None:
    """The newest run of the same version and configuration that has results, whether it came to its end or not."""
    for run in reversed(store.runs()):
        same = run.version == version and run.configuration == configuration
        if same and run.id != besides and store.parts("manifest", run.id):
            return Previous(store, run)
    return None


def is_in(digests: np.ndarray[Any, np.dtype[np.bytes_]], digest: str) -> bool:
    """Whether a sorted array of digests holds one."""
    sought = digest.encode()
    place = int(np.searchsorted(digests, np.bytes_(sought)))
    return place < len(digests) and bool(digests[place] == sought)
