"""The server under the capabilities that real editors declare, recorded by pytest-lsp, with a typed client that checks every message."""

import asyncio
import pathlib
import tempfile
import time

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities, make_test_lsp_client

from conftest import server
from project import FIXABLE, FIXED, SILENT, STARTER, TELLS, write_project

EDITORS = ["visual-studio-code", "neovim@v0.7.0", "neovim@v0.11.0", "emacs"]


def make_client():
    client = make_test_lsp_client()

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def _(params: types.RegistrationParams):
        pass

    return client


@pytest_lsp.fixture(params=EDITORS, config=ClientServerConfig(server_command=server(), client_factory=make_client))
async def client(request, lsp_client: LanguageClient):
    with tempfile.TemporaryDirectory() as folder:
        lsp_client.folder = pathlib.Path(folder).resolve()
        write_project(lsp_client.folder)
        uri = lsp_client.folder.as_uri()
        capabilities = client_capabilities(request.param)
        folders = [types.WorkspaceFolder(uri=uri, name="tool")]
        result = await lsp_client.initialize_session(
            types.InitializeParams(capabilities=capabilities, root_uri=uri, workspace_folders=folders)
        )
        lsp_client.encoding = result.capabilities.position_encoding or types.PositionEncodingKind.Utf16
        lsp_client.pulls = result.capabilities.diagnostic_provider is not None
        yield
        await lsp_client.shutdown_session()


class Document:
    """An open document of the client."""

    def __init__(self, client, name, text):
        self.client, self.version, self.text = client, 1, text
        self.uri = (client.folder / "tool" / name).as_uri()
        item = types.TextDocumentItem(uri=self.uri, language_id="python", version=1, text=text)
        client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    def change(self, *changes):
        self.version += 1
        self.client.diagnostics.pop(self.uri, None)
        document = types.VersionedTextDocumentIdentifier(uri=self.uri, version=self.version)
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(text_document=document, content_changes=list(changes))
        )

    def replace(self, text):
        self.change(types.TextDocumentContentChangeWholeDocument(text=text))

    async def diagnostics(self):
        """What is shown: asked for, or published."""
        if self.client.pulls:
            document = types.TextDocumentIdentifier(uri=self.uri)
            report = await self.client.text_document_diagnostic_async(types.DocumentDiagnosticParams(text_document=document))
            return report.items
        while self.uri not in self.client.diagnostics:
            await self.client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        return self.client.diagnostics[self.uri]

    async def until(self, codes):
        """Waits until just these codes are shown."""
        deadline = time.monotonic() + 20
        found = None
        while found != codes:
            left = deadline - time.monotonic()
            assert left > 0, f"{found} is shown, not {codes}"
            found = [diagnostic.code for diagnostic in await asyncio.wait_for(self.diagnostics(), left)]
            await asyncio.sleep(0.02)


def units(client, text):
    """The length of a text in the units that were agreed."""
    name = client.encoding.value if hasattr(client.encoding, "value") else client.encoding
    return {"utf-8": len(text.encode()), "utf-16": len(text.encode("utf-16-le")) // 2, "utf-32": len(text)}[name]


@pytest.mark.asyncio
async def test_a_quick_fix_is_offered_where_the_finding_is(client):
    end = Document(client, "end.py", FIXABLE)
    found = [diagnostic for diagnostic in await end.diagnostics() if diagnostic.code == "RL310"]
    assert len(found) == 1
    line = FIXABLE.splitlines()[2]
    assert found[0].range.start == types.Position(2, units(client, line[: line.index("exit")]))
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(
            text_document=types.TextDocumentIdentifier(uri=end.uri),
            range=found[0].range,
            context=types.CodeActionContext(diagnostics=found, only=[types.CodeActionKind.QuickFix]),
        )
    )
    fixes = [action for action in actions if action.is_preferred]
    assert len(fixes) == 1
    changes = fixes[0].edit.changes or {edit.text_document.uri: edit.edits for edit in fixes[0].edit.document_changes}
    for edit in changes[end.uri]:
        end.change(types.TextDocumentContentChangePartial(range=edit.range, text=edit.new_text))
    await end.until([])
    # The edits made of it what they should.
    end.replace(FIXED)
    await end.until([])


@pytest.mark.asyncio
async def test_an_edit_changes_the_findings_of_another_file(client):
    starter, cli = Document(client, "__main__.py", STARTER), Document(client, "cli.py", TELLS)
    await starter.until(["RL314"])
    cli.replace(SILENT)
    await starter.until([])
    cli.replace(TELLS)
    await starter.until(["RL314"])
