"""What no well-behaved client sends, and what some send all the same. The server goes on, with right findings, or ends as the protocol says."""

import subprocess
import sys

import pytest

from conftest import server
from project import FIXABLE, SILENT, STARTER, TELLS
from rawclient import RawClient

PUSHED = {"textDocument": {"publishDiagnostics": {"relatedInformation": True, "versionSupport": True}}}


@pytest.fixture
def client(project):
    with RawClient(server(), project) as client:
        client.initialize(project, PUSHED)
        yield client


def span(*ends):
    """A range, by line and character of its start and its end, in this order."""
    start_line, start, end_line, end = ends
    return {"start": {"line": start_line, "character": start}, "end": {"line": end_line, "character": end}}


def is_still_right(client, project):
    """The server finds what it should, also across files, after whatever was done to it."""
    uri = (project / "tool" / "probe.py").as_uri()
    client.open(uri, FIXABLE)
    _, found = client.published(uri, 1)
    # Columns count units of UTF-16.
    assert [(one["code"], one["range"]) for one in found] == [("RL310", span(2, 11, 2, 18))]
    starter, helper = ((project / "tool" / name).as_uri() for name in ("__main__.py", "cli.py"))
    client.open(starter, STARTER)
    assert [one["code"] for one in client.published(starter, 1)[1]] == ["RL314"]
    client.open(helper, SILENT)
    assert client.published(starter, 1)[1] == []
    client.change(helper, 2, {"text": TELLS})
    assert [one["code"] for one in client.published(starter, 1)[1]] == ["RL314"]


@pytest.mark.parametrize("members", [{}, {"params": None}, {"params": {}}, {"params": []}], ids=str)
def test_shutdown_takes_whatever_stands_for_no_parameters(client, members):
    assert client.request("shutdown", **members).get("result", "none") is None
    client.send({"method": "exit", **members})
    assert client.process.wait(10) == 0


def test_exit_without_shutdown_is_a_failure(client):
    client.send({"method": "exit"})
    assert client.process.wait(10) == 1


def test_the_option_that_client_libraries_append_is_accepted(project):
    with RawClient([*server(), "--stdio"], project) as client:
        client.initialize(project, PUSHED)
        is_still_right(client, project)


def test_a_closed_stream_ends_the_server(client):
    client.process.stdin.close()
    assert client.process.wait(10) != 0


def test_the_death_of_the_client_ends_the_server(project):
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with RawClient(server(), project) as client:
        client.initialize(project, PUSHED, processId=parent.pid)
        parent.communicate(b"\n")
        # The stream stays open: the server looks by itself.
        client.process.wait(30)


@pytest.mark.parametrize(
    "edit",
    [
        {"range": span(2, 9, 2, 4), "text": "x"},
        {"range": span(9, 0, 1, 0), "text": "x"},
        {"range": span(50, 0, 60, 3), "text": "x"},
        {"range": span(2, 4, 2, 99999), "text": "x"},
        {"range": span(4294967295, 4294967295, 4294967295, 4294967295), "text": "x"},
        # Between the two units of UTF-16 that are one emoji.
        {"range": span(2, 7, 2, 7), "text": "x"},
        {"range": span(2, 7, 2, 8), "text": ""},
    ],
    ids=["inverted", "inverted lines", "behind the end", "behind the line", "largest", "in a surrogate pair", "half a surrogate pair"],
)
def test_an_edit_at_an_odd_place_does_not_end_the_session(client, project, edit):
    uri = (project / "tool" / "end.py").as_uri()
    client.open(uri, FIXABLE)
    client.published(uri, 1)
    client.change(uri, 2, edit)
    client.published(uri, 2)
    # Whatever it made of the text, the next whole text is the text.
    client.change(uri, 3, {"text": FIXABLE})
    assert [one["code"] for one in client.published(uri, 3)[1]] == ["RL310"]
    is_still_right(client, project)


def never_opened(project):
    return (project / "tool" / "never.py").as_uri()


@pytest.mark.parametrize(
    "method, params",
    [
        ("textDocument/didChange", lambda uri: {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": "x"}]}),
        ("textDocument/didClose", lambda uri: {"textDocument": {"uri": uri}}),
        ("textDocument/didSave", lambda uri: {"textDocument": {"uri": uri}}),
        ("textDocument/didOpen", lambda uri: {"bogus": 1}),
        ("textDocument/didOpen", lambda uri: {"textDocument": {"uri": "no address", "languageId": "python", "version": 1, "text": ""}}),
        ("textDocument/didOpen", lambda uri: [1, 2]),
        ("workspace/didChangeConfiguration", lambda uri: {"settings": None}),
        ("workspace/didChangeConfiguration", lambda uri: {"settings": {"pyrelint": {"enable": "maybe", "select": 3}}}),
        ("workspace/didChangeWatchedFiles", lambda uri: {"changes": [{"uri": "file:///", "type": 2}, {"uri": uri, "type": 99}]}),
        ("$/cancelRequest", lambda uri: {"id": 99}),
        ("$/cancelRequest", lambda uri: {}),
        ("$/setTrace", lambda uri: {"value": "verbose"}),
        ("$/unknown", lambda uri: None),
        ("no/such/notification", lambda uri: {}),
    ],
)
def test_a_notification_that_makes_no_sense_is_passed_over(client, project, method, params):
    client.notify(method, params(never_opened(project)))
    is_still_right(client, project)


def test_a_document_that_is_opened_twice_has_the_later_text(client, project):
    uri = (project / "tool" / "end.py").as_uri()
    client.open(uri, FIXABLE)
    client.published(uri, 1)
    client.open(uri, "x = 1\n")
    assert client.published(uri, 1)[1] == []
    is_still_right(client, project)


def test_a_document_without_a_file_is_checked(client, project):
    client.open("untitled:Untitled-1", FIXABLE)
    assert [one["code"] for one in client.published("untitled:Untitled-1", 1)[1]] == ["RL310"]
    is_still_right(client, project)


@pytest.mark.parametrize("body", [b'{"jsonrpc": "2.0", not json', b"", b"[]", b"\xff\xfe", b'{"id": 1}', b"null"], ids=repr)
def test_a_message_that_cannot_be_read_is_passed_over(client, project, body):
    client.send_bytes(body)
    is_still_right(client, project)
    assert client.request("shutdown").get("result", "none") is None


@pytest.mark.parametrize(
    "text",
    ["x = " + "-" * 60_000 + "1\n", "x = " + "(" * 3_000 + "\n", "x = " + "[" * 20_000 + "]" * 20_000 + "\n", "if x:\n" + " " * 9_000 + "y\n"],
    ids=["minuses", "open parentheses", "lists", "indentation"],
)
def test_a_text_that_nests_deeply_does_not_end_the_session(client, project, text):
    uri = (project / "tool" / "deep.py").as_uri()
    client.open(uri, text)
    client.published(uri, 1)
    # With a word that makes the server parse it.
    client.change(uri, 2, {"text": "import sys\n" + text + "exit(2)\n"})
    client.published(uri, 2)
    is_still_right(client, project)


def test_an_unknown_request_is_refused(client, project):
    assert client.request("no/such/request", params={})["error"]["code"] == -32601
    is_still_right(client, project)


def test_a_request_before_initialize_is_refused(project):
    with RawClient(server(), project) as client:
        assert client.request("textDocument/hover", params={})["error"]["code"] == -32002
        client.initialize(project, PUSHED)
        is_still_right(client, project)


def test_a_place_behind_everything_and_a_number_that_is_a_text(client, project):
    uri = (project / "tool" / "end.py").as_uri()
    client.open(uri, FIXABLE)
    params = {"textDocument": {"uri": uri}, "position": {"line": 999, "character": 999}}
    client.send({"id": "abc", "method": "textDocument/hover", "params": params})
    assert client.answer("abc").get("result", "none") is None
    actions = {"textDocument": {"uri": uri}, "range": span(9, 9, 3, 3), "context": {"diagnostics": [], "only": ["quickfix"]}}
    assert client.request("textDocument/codeAction", params=actions)["result"] == []
    is_still_right(client, project)


@pytest.mark.parametrize("said", ["rootUri", "rootPath"])
def test_a_client_that_says_only_its_root_has_the_configuration_of_that_folder(project, tmp_path_factory, said):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "pyproject.toml").write_text('[tool.pyrelint]\nselect = ["RL999"]\n')
    (project / "pyproject.toml").write_text('[project]\nname = "tool"\nversion = "1"\n[tool.pyrelint]\nseverity = { RL310 = "error" }\n')
    with RawClient(server(), elsewhere) as client:
        client.initialize(None, PUSHED, **{said: project.as_uri() if said == "rootUri" else str(project)})
        uri = (project / "tool" / "end.py").as_uri()
        client.open(uri, FIXABLE)
        assert [(one["code"], one["severity"]) for one in client.published(uri, 1)[1]] == [("RL310", 1)]
        starter = (project / "tool" / "__main__.py").as_uri()
        client.open(starter, STARTER)
        assert [one["code"] for one in client.published(starter, 1)[1]] == ["RL314"]


@pytest.mark.parametrize(
    "name, language, text, code",
    [
        ("app.service", "systemd", "[Service]\nExecStart=/usr/bin/python3 -m tool\n", "RL401"),
        ("Dockerfile", "dockerfile", "FROM python:3\nCMD python -m tool\n", "RL408"),
        ("requirements.txt", "pip-requirements", "requests\n", None),
        ("compose.yaml", "yaml", "services: {}\n", None),
        ("Makefile", "makefile", "all:\n\tpython -m tool\n", None),
        ("run.sh", "shellscript", "pip install tool || true\n", "RL506"),
        ("pyproject.toml", "toml", '[project]\nname = "tool"\n', None),
        ("picture.bin", "binary", "\0\1\2", None),
    ],
)
def test_documents_of_other_languages_disturb_nothing(client, project, name, language, text, code):
    uri = (project / name).as_uri()
    client.open(uri, text, language)
    params = {"textDocument": {"uri": uri}, "range": span(0, 0, 1, 0), "context": {"diagnostics": []}}
    assert "error" not in client.request("textDocument/codeAction", params=params)
    hover = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 2}}
    assert "error" not in client.request("textDocument/hover", params=hover)
    client.change(uri, 2, {"text": text + "\n"})
    is_still_right(client, project)
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    # What says how programs are deployed has findings of its own; Python's syntax errors are not looked for in any of them.
    shown = [one["params"] for one in client.notifications if one["method"] == "textDocument/publishDiagnostics"]
    found = {entry["code"] for one in shown if one["uri"] == uri for entry in one["diagnostics"]}
    assert found == ({code} if code else set())
