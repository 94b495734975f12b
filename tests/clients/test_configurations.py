"""The configurations of editors that cannot be started here: they are at least what their formats allow, and start the server."""

import json
import pathlib
import re

import pytest

EDITORS = pathlib.Path(__file__).resolve().parents[2] / "editors"
# Settings of the server that a configuration may name.
QUIET = {"showSyntaxErrors": False}


def toml(text):
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 or later reads TOML")
    return tomllib.loads(text)


def read(name):
    return (EDITORS / name).read_text(encoding="utf-8")


def test_helix():
    written = toml(read("helix/languages.toml"))
    assert written["language-server"]["pyrelint"] == {"command": "pyrelint", "args": ["server"], "config": QUIET}
    servers = {language["name"]: language["language-servers"] for language in written["language"]}
    assert set(servers) == {"python", "toml", "dockerfile"}
    assert all("pyrelint" in named for named in servers.values())


def test_sublime_text():
    written = json.loads(re.sub(r"^\s*//.*", "", read("sublime/LSP.sublime-settings"), flags=re.MULTILINE))
    client = written["clients"]["pyrelint"]
    assert (client["enabled"], client["command"], client["initializationOptions"]) == (True, ["pyrelint", "server"], QUIET)
    assert client["selector"].split(" | ")[0] == "source.python"


def test_kakoune():
    written = read("kakoune/pyrelint.kak")
    servers = toml(re.search(r"lsp_servers %\{\n(.*?)\n    \}\n\}", written, re.DOTALL)[1])
    assert servers["pyrelint"]["args"] == ["server"]
    assert servers["pyrelint"]["settings"][servers["pyrelint"]["settings_section"]] == QUIET


def test_pycharm():
    template = json.loads(read("pycharm/template.json"))
    assert all(command.endswith(("pyrelint server", 'pyrelint server"', "pyrelint.exe server")) for command in template["programArgs"].values())
    assert {"language": "Python", "languageId": "python"} in template["languageMappings"]
    assert json.loads(read("pycharm/initializationOptions.json")) == QUIET


def test_zed():
    extension = toml(read("zed/extension.toml"))
    assert extension["schema_version"] == 1
    server = extension["language_servers"][extension["id"]]
    assert set(server["languages"]) == set(server["language_ids"])
    assert "Python" in server["languages"]


def test_every_editor_has_a_page_and_every_link_of_a_page_leads_somewhere():
    index = read("README.md")
    for folder in filter(pathlib.Path.is_dir, EDITORS.iterdir()):
        assert f"({folder.name}/README.md)" in index, folder.name
    for page in [EDITORS / "README.md", *EDITORS.glob("*/README.md")]:
        for target in re.findall(r"\]\((?!https?://)([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(EDITORS)}: {target}"
