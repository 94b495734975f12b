"""A summary as one page for the browser, which loads nothing."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path

from pyrelint_fleet import __version__, tables
from pyrelint_fleet.report import Summary


def write(summary: Summary, target: Path) -> None:
    """Writes the page, as a whole. Raises OSError."""
    temporary = target.parent / f".tmp-{os.getpid()}-{target.name}"
    try:
        temporary.write_text(page(summary), encoding="utf-8", errors="backslashreplace")
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def page(summary: Summary) -> str:
    """The page's text. Every name and message is escaped, and the policy allows this style and nothing else."""
    style = resources.files("pyrelint_fleet").joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    body = "\n".join(_body(summary))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>pyrelint-fleet: {summary.findings:,} findings in {summary.items:,} items</title>
<style>{style}</style>
</head>
<body>
{body}
<footer>Written by pyrelint-fleet {escape(__version__)}. This page loads nothing from the network.</footer>
</body>
</html>
"""


def _body(summary: Summary) -> list[str]:
    totals = [_total(name, count, name) for name, count in summary.severities.items()]
    totals += [_total("items", summary.items, "files"), _total("packages with findings", summary.affected, "files")]
    parts = [
        f'<header class="top"><h1>pyrelint-fleet</h1><p class="totals">{"".join(totals)}</p>'
        f'<p class="run">{_text(tables.heading(summary))}</p></header>',
        "<main>",
        '<section aria-labelledby="outcomes"><h2 id="outcomes">Items</h2>',
        _table(["outcome", "items"], [[name, f"{count:,}"] for name, count in summary.outcomes.items()], 1),
    ]
    if summary.reused:
        parts.append(f"<p>{summary.reused:,} are unchanged and taken from run {_text(summary.run.previous or '')}.</p>")
    parts.append("</section>")
    for name, title, (heads, rows, texts) in (
        ("rules", "Findings by rule", tables.rules(summary)),
        ("packages", "Findings by package", tables.packages(summary)),
    ):
        parts.append(f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>')
        parts.append(_table(heads, rows, texts) if rows else "<p>None.</p>")
        if name == "packages" and summary.affected > len(rows):
            parts.append(f"<p>And {summary.affected - len(rows):,} more.</p>")
        parts.append("</section>")
    if summary.troubles:
        rows = [[trouble.outcome, trouble.input, trouble.detail] for trouble in summary.troubles]
        parts.append('<section aria-labelledby="troubles"><h2 id="troubles">Not checked, or not as a whole</h2>')
        parts.append(_table(["outcome", "item", "why"], rows, 3))
        if summary.troubled > len(rows):
            parts.append(f"<p>And {summary.troubled - len(rows):,} more.</p>")
        parts.append("</section>")
    parts.append("</main>")
    return parts


def _text(text: str) -> str:
    return escape(tables.printable(text))


def _total(name: str, count: int, kind: str) -> str:
    severity = kind in ("error", "warning", "info")
    label, kind = (tables.plural(name, count), kind) if severity else (name, "files")
    return f'<span class="total {escape(kind)}"><b>{count:,}</b> {_text(label)}</span>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], texts: int) -> str:
    """A table whose first columns are text; severities are shown as badges."""
    badges = {"error", "warning", "info"}
    severity = heads.index("severity") if "severity" in heads else None

    def cell(column: int, text: str) -> str:
        if column == severity and text in badges:
            return f'<td><span class="badge {text}">{text}</span></td>'
        kind = "" if column < texts else ' class="number"'
        return f"<td{kind}>{_text(text)}</td>"

    head = "".join(f'<th scope="col"{"" if i < texts else " class=number"}>{escape(h)}</th>' for i, h in enumerate(heads))
    body = "\n".join(f"<tr>{''.join(cell(i, text) for i, text in enumerate(row))}</tr>" for row in rows)
    return f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'
