"""The JSON Schema of the configuration, as a validator that knows nothing of pyrelint applies it."""

import json
import re

import jsonschema
import pytest

from conftest import ROOT, run

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10 and before.
    import tomli as tomllib

SCHEMA = json.loads((ROOT / "pyrelint.schema.json").read_text())
VALID = """
select = ["ALL"]
ignore = ["RL3", "del-io"]
target-version = "3.11"
[per-file-ignores]
"tests/*" = ["RL301"]
[severity]
os-exit = "warning"
[services]
mode = "all"
[effects]
"a.b.*" = "network"
[rules.unit-restart-delay]
minimum-delay = 5
"""
MISTAKES = """
selct = ["RL1"]
select = ["del-oi"]
select = "RL1"
fail-on = "loud"
fail-on = 1
target-version = "2.7"
severity = { del-oi = "error" }
per-file-ignores = { "tests/*" = ["E501"] }
rules = { del-io = { alow = [] } }
rules = { del-oi = {} }
services = { mode = "al" }
effects = { "a.b" = "netwrk" }
force-exclude = "yes"
""".strip().splitlines()


def is_valid(text):
    return jsonschema.Draft7Validator(SCHEMA).is_valid(tomllib.loads(text))


def test_it_is_a_schema():
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_what_the_documentation_shows_is_valid():
    shown = 0
    for page in ("README.md", "docs/configuration.md"):
        for block in re.findall(r"^```toml\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S):
            if not block.startswith("[tool.pyrelint"):
                continue
            # pyrelint.toml is the same without the heading.
            text = re.sub(r"^\[tool\.pyrelint\]\n", "", block).replace("[tool.pyrelint.", "[")
            assert is_valid(text), text
            shown += 1
    assert shown > 20


def test_a_valid_configuration_is_valid_for_both(tmp_path, pyrelint):
    assert is_valid(VALID)
    (tmp_path / "pyrelint.toml").write_text(VALID)
    run([pyrelint, "config"], tmp_path)


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes_are_mistakes_for_both(text, tmp_path, pyrelint):
    assert not is_valid(text)
    (tmp_path / "pyrelint.toml").write_text(text)
    assert "pyrelint.toml:1:" in run([pyrelint, "config"], tmp_path, expect=2)
