"""Progress, on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest

from pyrelint_fleet import progress
from pyrelint_fleet.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_INTERVALS", (0.0, 30.0))
    stream = Terminal()
    shown = Progress(3, stream=stream)
    shown.came(1)
    shown.written(["ok"], 2, 0)
    shown.came(2)
    shown.written(["ok", "timeout"], 1, 1)
    shown.close()
    lines = stream.getvalue().split("\r\x1b[K")
    assert lines[0] == "" and lines[1].startswith("1 of 3 items, 0 findings, ")
    assert lines[-1].startswith("3 of 3 items, 3 findings, 1 unchanged, 1 timeout, ") and lines[-1].endswith(" s\n")
    assert stream.getvalue().count("\n") == 1


def test_elsewhere_there_are_few_lines() -> None:
    stream = io.StringIO()
    shown = Progress(100, stream=stream)
    for _ in range(100):
        shown.came(1)
    shown.close()
    assert stream.getvalue().startswith("100 of 100 items, ") and stream.getvalue().count("\n") == 1 and "\x1b" not in stream.getvalue()


def test_quiet_is_quiet() -> None:
    stream = Terminal()
    shown = Progress(1, quiet=True, stream=stream)
    shown.came(1)
    shown.close()
    assert stream.getvalue() == ""
