"""Reports: numbers, tables, the page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from test_store import add, described, row

from pyrelint_fleet import page, tables
from pyrelint_fleet.cli import main
from pyrelint_fleet.errors import FleetError
from pyrelint_fleet.report import Rule, Trouble, summarize
from pyrelint_fleet.store import Store

HOSTILE = "<script>alert(1)</script>&\"'\x1b[31m\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two runs: one finding of `a` has gone, two of `c` have come, and one item is corrupt."""
    store = Store(tmp_path / "out")
    store.folder.mkdir()
    add(store, "r1", row("a", 3), row("b", 1))
    store.save(described("r1", started=1.0, finished=2.0))
    add(store, "r2", row("a", 2, reused=True), row("b", 1))
    add(store, "r2", row("c", 2), row("d", 0, outcome="unreadable", detail="corrupt"))
    store.save(described("r2", started=3.0, finished=4.0, previous="r1"))
    store.save(described("r3", started=5.0))
    return store


def test_the_numbers_of_a_run(store: Store) -> None:
    summary = summarize(store)
    assert (summary.run.id, summary.compared, summary.items, summary.reused) == ("r2", None, 4, 1)
    assert summary.rules == [Rule("RL301", "exit-code-range", "error", 5, 3)]
    assert [(package.name, package.findings, package.errors, package.before) for package in summary.packages] == [
        ("a", 2, 2, None),
        ("c", 2, 2, None),
        ("b", 1, 1, None),
    ]
    assert summary.outcomes == {"ok": 3, "unreadable": 1} and summary.severities == {"error": 5}
    assert summary.troubles == [Trouble("/data/d", "unreadable", "corrupt")] and summary.troubled == 1


def test_two_runs(store: Store) -> None:
    summary = summarize(store, compare="previous")
    assert summary.rules == [Rule("RL301", "exit-code-range", "error", 5, 3, before=4, new=2, gone=1)]
    assert [(package.name, package.before) for package in summary.packages] == [("a", 3), ("c", 0), ("b", 1)]
    text = tables.text(summary)
    assert re.search(r"RL301 +exit-code-range +error +5 +3 +4 +2 +1 +\+1\n", text)
    assert re.search(r"a +2 +2 +0 +0 +3 +-1\n", text)


def test_only_some_packages(store: Store) -> None:
    summary = summarize(store, top=1)
    assert len(summary.packages) == 1 and "... and 2 more packages" in tables.text(summary)


def test_a_run_without_findings(store: Store) -> None:
    add(store, "r4", row("a", 0))
    store.save(described("r4", started=6.0, finished=7.0))
    assert "0 findings in 0 packages" in tables.text(summarize(store))
    assert "<p>None.</p>" in page.page(summarize(store))
    # All that was there has gone.
    assert [(rule.findings, rule.before, rule.gone) for rule in summarize(store, compare="r1").rules] == [(0, 4, 4)]


def test_runs_that_are_not_there(store: Store, tmp_path: Path) -> None:
    for name, compare, message in (("r9", None, "no run r9"), (None, "r9", "no run r9"), ("r1", "previous", "no finished run before")):
        with pytest.raises(FleetError, match=message):
            summarize(store, name, compare)
    with pytest.raises(FleetError, match="no finished run"):
        summarize(Store(tmp_path / "none"))


class Checker(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(store: Store, tmp_path: Path) -> None:
    assert main(["report", str(store.folder), "--compare", "r1", "--html", str(tmp_path / "page.html")]) == 0
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(text)
    assert checker.open == [] and not {"script", "img", "link", "iframe", "a"} & set(checker.tags)
    assert not {"src", "href", "style", "onclick"} & {name for name, _ in checker.attributes}
    assert "default-src &#x27;none&#x27;" in text and "prefers-color-scheme: dark" in text
    assert "url(" not in text and "//" not in re.sub(r"<!doctype html>", "", text)
    assert list(tmp_path.glob(".tmp-*")) == []


def test_whatever_items_are_called_is_text(store: Store) -> None:
    hostile = row("x", 1, input=f"/data/{HOSTILE}", package=HOSTILE, outcome="crash", detail=HOSTILE)
    for finding in hostile["found"]:  # type: ignore[attr-defined]
        finding.update(name=HOSTILE, severity=HOSTILE, code=HOSTILE)
    add(store, "r4", hostile)
    store.save(described("r4", version=HOSTILE, started=6.0, finished=7.0))
    checker = Checker()
    text = page.page(summarize(store, compare="r2"))
    checker.feed(text)
    assert "script" not in checker.tags and "&lt;script&gt;" in text and "\x1b" not in text
    assert "\x1b" not in tables.text(summarize(store, compare="r2"))


def test_the_command(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(store.folder)]) == 0
    assert capsys.readouterr().out.startswith("run r2: pyrelint 1, 1970-01-01 00:00 UTC, 4 items\n")
    assert main(["runs", str(store.folder)]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["r1", "r2", "r3"]
    assert main(["report", str(store.folder / "none")]) == 2
    assert capsys.readouterr().err.startswith("error: ")
