// What helps to find out why something does not work, as a document that can be copied into a report.

import * as vscode from "vscode";

import { settingsFor, type Server } from "./server";

/** Opens what the extension and the server know about the session. */
export async function showDebugInformation(server: Server, extension: vscode.Extension<unknown>): Promise<void> {
  const { binary, rejected } = server.found;
  const known = await server.execute("pyrelint.debugInformation").catch((error: unknown) => `failed: ${String(error)}`);
  const manifest = extension.packageJSON as { version?: string };
  const information = {
    extension: manifest.version,
    editor: `${vscode.env.appName} ${vscode.version}`,
    platform: `${process.platform} ${process.arch}`,
    remote: vscode.env.remoteName ?? null,
    trusted: vscode.workspace.isTrusted,
    program: binary ?? null,
    rejected,
    settings: settingsFor(),
    folders: (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => ({ folder: uri.toString(), settings: settingsFor(uri) })),
    server: known ?? "does not run",
  };
  const content = `${JSON.stringify(information, undefined, 2)}\n`;
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: "json", content }));
}
