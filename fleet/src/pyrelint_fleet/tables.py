"""A summary as tables for a terminal."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from pyrelint_fleet.report import Summary


def text(summary: Summary) -> str:
    """The whole report."""
    lines = [heading(summary), ""]
    severities = ", ".join(f"{count:,} {plural(printable(name), count)}" for name, count in summary.severities.items())
    found = f"{summary.findings:,} {plural('finding', summary.findings)}{f' ({severities})' if severities else ''}"
    lines.append(f"{found} in {summary.affected:,} {plural('package', summary.affected)}")
    lines.append("items: " + (", ".join(f"{count:,} {printable(name)}" for name, count in summary.outcomes.items()) or "none"))
    if summary.reused:
        lines.append(f"{summary.reused:,} of them unchanged, taken from run {summary.run.previous}")
    lines += ["", *table(*rules(summary)), "", *table(*packages(summary))]
    if summary.affected > len(summary.packages):
        lines.append(f"... and {summary.affected - len(summary.packages):,} more packages")
    if summary.troubles:
        rows = [[trouble.outcome, trouble.input, trouble.detail] for trouble in summary.troubles]
        lines += ["", *table(["outcome", "item", "why"], rows, 3)]
        if summary.troubled > len(rows):
            lines.append(f"... and {summary.troubled - len(rows):,} more items")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def heading(summary: Summary) -> str:
    """Which run it is."""
    started = datetime.datetime.fromtimestamp(summary.run.started, datetime.timezone.utc)
    items = f"{summary.items:,} {plural('item', summary.items)}"
    line = f"run {summary.run.id}: {summary.run.version}, {started:%Y-%m-%d %H:%M} UTC, {items}"
    if summary.run.finished is None:
        line += ", not finished"
    if summary.compared is not None:
        line += f"; compared with {summary.compared.id} ({summary.compared.version})"
    return printable(line)


def rules(summary: Summary) -> tuple[list[str], list[list[str]], int]:
    """The heads and rows of the table of rules, and how many of its columns are text."""
    heads = ["rule", "name", "severity", "findings", "packages"]
    if summary.compared is not None:
        heads += ["before", "new", "gone", "trend"]
    rows = []
    for rule in summary.rules:
        row = [rule.code, rule.name, rule.severity, f"{rule.findings:,}", f"{rule.packages:,}"]
        if rule.before is not None:
            row += [f"{rule.before:,}", f"{rule.new or 0:,}", f"{rule.gone or 0:,}", f"{rule.findings - rule.before:+,}"]
        rows.append(row)
    return heads, rows, 3


def packages(summary: Summary) -> tuple[list[str], list[list[str]], int]:
    """The same for the table of packages."""
    heads = ["package", "findings", "errors", "warnings", "infos"]
    if summary.compared is not None:
        heads += ["before", "trend"]
    rows = []
    for package in summary.packages:
        counts = [package.findings, package.errors, package.warnings, package.infos]
        row = [package.name, *(f"{count:,}" for count in counts)]
        if package.before is not None:
            row += [f"{package.before:,}", f"{package.findings - package.before:+,}"]
        rows.append(row)
    return heads, rows, 1


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int) -> list[str]:
    """Aligned columns: the first ones are text, to the left, the others numbers, to the right."""
    cells = [list(heads), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < texts else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def printable(text: str) -> str:
    """A text without what would steer a terminal: names of items come from anywhere."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def plural(name: str, count: int) -> str:
    """A word for one thing or several."""
    return name if count == 1 else f"{name}s"
