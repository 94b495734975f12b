"""What is on the disk is whole, wherever a run is cut off."""

from __future__ import annotations

import collections
import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pyrelint_fleet import outcomes
from pyrelint_fleet.errors import FleetError
from pyrelint_fleet.parts import split
from pyrelint_fleet.schema import FINDINGS, MANIFEST, RESULT
from pyrelint_fleet.store import Run, Store


def row(name: str, findings: int = 1, **changed: object) -> dict[str, object]:
    """A row as workers make it."""
    place = {"path": f"{name}.py", "line": 1, "column": 1, "end_line": 1, "end_column": 2}
    finding = {
        "code": "RL301",
        "name": "exit-code-range",
        "severity": "error",
        "message": "wrong",
        "help": None,
        **place,
        "related": [{"message": "there", **place}],
        "fix": None,
    }
    return {
        "input": f"/data/{name}",
        "package": name,
        "kind": "folder",
        "outcome": outcomes.OK,
        "detail": None,
        "findings": findings,
        "digest": f"sha256:{name}",
        "bytes": 10,
        "version": "pyrelint 1",
        "configuration": "c",
        "reused": False,
        "started": datetime.datetime.now(datetime.timezone.utc),
        "duration": 1.0,
        "reading": 0.5,
        "analysis": 0.5,
        "node": "",
        "found": [finding] * findings,
        **changed,
    }


def add(store: Store, run: str, *rows: dict[str, object]) -> None:
    store.write(run, *split(pa.Table.from_pylist(list(rows), schema=RESULT)))


def described(name: str, **changed: object) -> Run:
    values: dict[str, object] = {"version": "pyrelint 1", "configuration": "c", "arguments": [], "inputs": [], "started": 1.0}
    return Run(name, **{**values, **changed})  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "out")


def test_rows_come_back_as_they_were(store: Store) -> None:
    rows = [row("a", 2), row("b", 0), row("c", 1)]
    add(store, "r", *rows[:2])
    add(store, "r", rows[2])
    assert store.manifest("r").schema == MANIFEST and store.findings("r").schema == FINDINGS
    assert store.manifest("r").to_pylist() == [{key: value for key, value in r.items() if key != "found"} for r in rows]
    expected = [{"input": r["input"], "package": r["package"], **f} for r in rows for f in r["found"]]  # type: ignore[attr-defined]
    assert store.findings("r").to_pylist() == expected
    assert store.manifest("none").schema == MANIFEST and len(store.findings("none")) == 0


def test_any_reader_of_parquet_sees_the_partitions(store: Store) -> None:
    add(store, "r1", row("a", 2))
    add(store, "r2", row("a", 3))
    table = pq.read_table(store.folder / "findings", partitioning="hive")
    assert collections.Counter(table["run"].to_pylist()) == {"r1": 2, "r2": 3}
    counted = duckdb.sql(f"SELECT run, count(*) FROM '{store.folder}/findings/*/*.parquet' GROUP BY run ORDER BY run")
    assert counted is not None and counted.fetchall() == [("r1", 2), ("r2", 3)]


def test_findings_without_their_manifest_do_not_count(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    add(store, "r", row("a"))
    written = pq.write_table

    def cut_off(table: pa.Table, where: Path, **options: object) -> None:
        if "manifest" in str(where):
            where.write_bytes(b"PAR1 half")
            raise KeyboardInterrupt
        written(table, where, **options)

    monkeypatch.setattr(pq, "write_table", cut_off)
    with pytest.raises(KeyboardInterrupt):
        add(store, "r", row("b"))
    monkeypatch.undo()
    (store.folder / "manifest/run=r/.tmp-1-part-000002.parquet.new").write_bytes(b"PAR1 half")
    assert len(store.parts("findings", "r")) == 2
    assert store.findings("r")["input"].to_pylist() == ["/data/a"]
    store.repair("r")
    assert [path.name for path in store.folder.rglob("*") if path.is_file()] == ["part-000001.parquet"] * 2
    add(store, "r", row("b"))
    assert store.findings("r")["input"].to_pylist() == ["/data/a", "/data/b"]


def test_one_run_at_a_time(store: Store) -> None:
    with store.locked(), pytest.raises(FleetError, match="another run"), Store(store.folder).locked():
        pass
    with store.locked():
        pass


def test_runs_are_listed_in_order(store: Store) -> None:
    store.folder.mkdir()
    for name, started in (("b", 1.0), ("a", 2.0)):
        store.save(described(name, started=started, outcomes={"ok": 1}))
    assert [run.id for run in store.runs()] == ["b", "a"]
    assert store.runs()[0].outcomes == {"ok": 1}
    (store.folder / "runs/c.json").write_text("{")
    with pytest.raises(FleetError, match=r"c\.json"):
        store.runs()
