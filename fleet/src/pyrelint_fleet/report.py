"""What a run has found, in numbers: DuckDB over its Parquet files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pyrelint_fleet.errors import FleetError
from pyrelint_fleet.schema import FINDINGS, MANIFEST
from pyrelint_fleet.store import Run, Store

#: The most items without a full result that a report names.
TROUBLED = 50


@dataclass(frozen=True)
class Rule:
    """How often one rule reports; `before`, `new` and `gone` where two runs are compared."""

    code: str
    name: str
    severity: str
    findings: int
    packages: int
    before: int | None = None
    new: int | None = None
    gone: int | None = None


@dataclass(frozen=True)
class Package:
    """How much is found in one package."""

    name: str
    findings: int
    errors: int
    warnings: int
    infos: int
    before: int | None = None


@dataclass(frozen=True)
class Trouble:
    """An item that was not checked, or not as a whole."""

    input: str
    outcome: str
    detail: str


@dataclass(frozen=True)
class Summary:
    """All that a report shows."""

    run: Run
    compared: Run | None
    items: int
    reused: int
    bytes: int
    #: Seconds of all workers together.
    work: float
    outcomes: dict[str, int]
    severities: dict[str, int]
    rules: list[Rule] = field(default_factory=list)
    packages: list[Package] = field(default_factory=list)
    #: How many packages have findings; `packages` holds the first of them.
    affected: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    troubled: int = 0

    @property
    def findings(self) -> int:
        """The number of all findings."""
        return sum(self.severities.values())


def chosen(store: Store, name: str | None, before: Run | None = None) -> Run:
    """The run of a name; without one the newest that is finished; for `previous` the newest finished one before another.

    Raises FleetError.
    """
    runs = store.runs()
    if before is not None and name == "previous":
        older = [run for run in runs if run.finished is not None and run.started < before.started]
        if not older:
            raise FleetError(f"there is no finished run before {before.id}")
        return older[-1]
    if name is not None:
        for run in runs:
            if run.id == name:
                return run
        raise FleetError(f"{store.folder}: there is no run {name}")
    finished = [run for run in runs if run.finished is not None]
    if not finished:
        raise FleetError(f"{store.folder}: there is no finished run")
    return finished[-1]


def summarize(store: Store, name: str | None = None, compare: str | None = None, top: int = 20) -> Summary:
    """Summarizes a run, and compares it with another. Raises FleetError."""
    run = chosen(store, name)
    compared = chosen(store, compare, run) if compare is not None else None
    with duckdb.connect(":memory:") as database:
        _view(database, "now", store, run)
        if compared is not None:
            _view(database, "past", store, compared)
        try:
            return _summary(database, run, compared, top)
        except duckdb.Error as error:
            raise FleetError(f"{store.folder}: {error}") from error


def _view(database: duckdb.DuckDBPyConnection, name: str, store: Store, run: Run) -> None:
    """The tables `NAME_findings` and `NAME_manifest`: the parts that count, of one run."""
    whole = store.parts("manifest", run.id)
    findings = [store.folder / "findings" / path.parent.name / path.name for path in whole]
    for kind, parts, schema in (("findings", findings, FINDINGS), ("manifest", whole, MANIFEST)):
        _table(database, f"{name}_{kind}", parts, schema)


def _table(database: duckdb.DuckDBPyConnection, name: str, parts: Sequence[Path], schema: pa.Schema) -> None:
    if parts:
        paths = [str(path) for path in parts]
        relation = database.read_parquet(paths, hive_partitioning=False)
    else:
        relation = database.from_arrow(schema.empty_table())
    relation.create_view(name) if parts else relation.create(name)


def _rows(database: duckdb.DuckDBPyConnection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return database.execute(query, list(values)).fetchall()


def _summary(database: duckdb.DuckDBPyConnection, run: Run, compared: Run | None, top: int) -> Summary:
    ((items, reused, size, work),) = _rows(
        database,
        "SELECT count(*), count(*) FILTER (reused), coalesce(sum(bytes), 0)::BIGINT, coalesce(sum(duration), 0.0)::DOUBLE "
        "FROM now_manifest",
    )
    outcomes = dict(_rows(database, "SELECT outcome, count(*) FROM now_manifest GROUP BY 1 ORDER BY 2 DESC, 1"))
    severities = dict(_rows(database, "SELECT severity, count(*) FROM now_findings GROUP BY 1"))
    troubles = _rows(
        database,
        "SELECT input, outcome, coalesce(detail, '') FROM now_manifest WHERE outcome <> 'ok' "
        "ORDER BY outcome = 'partial', outcome, input LIMIT ?",
        TROUBLED,
    )
    ((affected,),) = _rows(database, "SELECT count(DISTINCT package) FROM now_findings")
    return Summary(
        run=run,
        compared=compared,
        items=items,
        reused=reused,
        bytes=size,
        work=work,
        outcomes=outcomes,
        severities=dict(sorted(severities.items(), key=lambda entry: (_SEVERITIES.get(entry[0], 3), entry[0]))),
        rules=_rules(database, compared is not None),
        packages=_packages(database, compared is not None, top),
        affected=affected,
        troubles=[Trouble(*row) for row in troubles],
        troubled=items - outcomes.get("ok", 0),
    )


#: A finding is the same in two runs if item, file, rule and text are: lines move. Of several equal ones each counts.
_SAME = "input, path, code, name, severity, message"
_SEVERITIES = {"error": 0, "warning": 1, "info": 2}
#: The highest of a rule's severities.
_WORST = "arg_min(severity, coalesce(list_position(['error', 'warning', 'info'], severity), 4))"


def _rules(database: duckdb.DuckDBPyConnection, comparing: bool) -> list[Rule]:
    if not comparing:
        query = (
            f"SELECT code, any_value(name), {_WORST}, count(*), count(DISTINCT package) FROM now_findings GROUP BY code ORDER BY 4 DESC, 1"
        )
        return [Rule(*row) for row in _rows(database, query)]
    query = f"""
        WITH now AS (SELECT {_SAME}, any_value(package) AS package, count(*) AS n FROM now_findings GROUP BY {_SAME}),
             past AS (SELECT {_SAME}, count(*) AS n FROM past_findings GROUP BY {_SAME}),
             both_runs AS (
                 SELECT code, name, severity, package, coalesce(now.n, 0) AS n, coalesce(past.n, 0) AS b
                 FROM now FULL JOIN past USING ({_SAME}))
        SELECT code, any_value(name), {_WORST}, sum(n)::BIGINT, count(DISTINCT package) FILTER (n > 0),
               sum(b)::BIGINT, sum(greatest(n - b, 0))::BIGINT, sum(greatest(b - n, 0))::BIGINT
        FROM both_runs GROUP BY code ORDER BY 4 DESC, 1
    """
    return [Rule(*row) for row in _rows(database, query)]


def _packages(database: duckdb.DuckDBPyConnection, comparing: bool, top: int) -> list[Package]:
    before = "(SELECT count(*) FROM past_findings AS past WHERE past.package = now.package)" if comparing else "NULL"
    query = f"""
        SELECT package, count(*) AS n, count(*) FILTER (severity = 'error'), count(*) FILTER (severity = 'warning'),
               count(*) FILTER (severity = 'info'), {before}
        FROM now_findings AS now GROUP BY package ORDER BY n DESC, package LIMIT ?
    """
    return [Package(*row) for row in _rows(database, query, top)]
