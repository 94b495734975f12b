"""The documentation says what the code does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conftest import ROOT

from pyrelint_fleet import cli, inputs, outcomes, schema

DOCS = ROOT / "docs/fleet.md"


def tables() -> dict[str, list[str]]:
    """The tables that docs/fleet.md must have, by the marks before them."""
    found = {name: ["| column | type | |", "|---|---|---|"] for name in schema.described()}
    for name, columns in schema.described().items():
        found[name] += [f"| `{column}` | {kind} | {text} |" for column, kind, text in columns]
    found["outcomes"] = ["| outcome | |", "|---|---|", *(f"| `{name}` | {text} |" for name, text in outcomes.OUTCOMES.items())]
    return found


@pytest.mark.parametrize("name", tables())
def test_the_tables_are_those_of_the_code(name: str) -> None:
    mark = f"<!-- {name} -->\n\n"
    expected = mark + "\n".join(tables()[name]) + "\n"
    assert expected in DOCS.read_text(encoding="utf-8"), expected


def test_the_readme_names_what_there_is() -> None:
    readme = (ROOT / "fleet/README.md").read_text(encoding="utf-8")
    names = " ".join(inputs.SUFFIXES[:4])
    assert all(f"`{suffix}`" in readme for suffix in names.split())
    assert all(f"`{marker}`" in readme for marker in inputs.MARKERS)
    options = set(re.findall(r"(?<= )--[a-z-]+|(?<=`)--[a-z-]+", readme)) - {"--select", "--config"}
    known = cli.parser().format_help() + "".join(
        parser.format_help()
        for action in cli.parser()._subparsers._group_actions  # type: ignore[union-attr]
        for parser in action.choices.values()  # type: ignore[union-attr]
    )
    assert options and all(option in known for option in options), options


def test_every_command_of_the_readme_is_understood() -> None:
    lines = re.findall(r"^\$ (pyrelint-fleet .*?)(?:\s{2,}#.*)?$", (ROOT / "fleet/README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        cli.parser().parse_args(shlex.split(line)[1:])


def test_modules_are_small() -> None:
    for path in sorted((ROOT / "fleet").rglob("*.py")):
        if "/." not in str(path):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 500, path


def test_types_are_shipped() -> None:
    assert (Path(cli.__file__).parent / "py.typed").is_file()
