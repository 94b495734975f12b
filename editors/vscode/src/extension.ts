// The extension's parts, put together. It has no knowledge of Python or of rules: that is the server's.

import * as vscode from "vscode";

import { showDebugInformation } from "./debug";
import { OPEN_RULE_COMMAND, openRule, registerPages } from "./pages";
import { onEnvironmentChange } from "./python";
import { DOCUMENTS, Server } from "./server";
import { reaction } from "./settings";
import { MENU_COMMAND, Status, showMenu } from "./status";

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("pyrelint", { log: true });
  const trace = vscode.window.createOutputChannel("pyrelint Trace", { log: true });
  const status = new Status(DOCUMENTS);
  const started = new Server(context.extensionUri, log, trace, (state) => {
    status.show(state);
  });
  server = started;
  context.subscriptions.push(log, trace, status, registerPages(started));

  const commands: Record<string, (...args: unknown[]) => unknown> = {
    "pyrelint.restart": () => started.restart("the user asked for it"),
    "pyrelint.showLogs": () => {
      log.show();
    },
    "pyrelint.showTrace": () => {
      trace.show();
    },
    "pyrelint.fixAll": () =>
      vscode.commands.executeCommand("editor.action.codeAction", { kind: "source.fixAll.pyrelint", apply: "first" }),
    "pyrelint.showDebugInformation": () => showDebugInformation(started, context.extension),
    [OPEN_RULE_COMMAND]: (rule) => openRule(started, rule),
    [MENU_COMMAND]: showMenu,
  };
  for (const [name, run] of Object.entries(commands)) {
    context.subscriptions.push(vscode.commands.registerCommand(name, run));
  }

  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => {
      switch (reaction((section) => event.affectsConfiguration(section))) {
        case "restart":
          void started.restart("its settings changed");
          break;
        case "tell":
          void started.tellSettings();
          break;
        case "nothing":
          break;
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      void started.restart("the workspace is trusted now");
    }),
  );

  await started.restart("the extension was activated");

  // The Python extension takes its time: the editor does not wait for it.
  void onEnvironmentChange(() => {
    void started.restartIfOther("another Python environment was selected");
  }, log).then((listener) => {
    if (listener) {
      context.subscriptions.push(listener);
    }
  });
}

export function deactivate(): Promise<void> | undefined {
  return server?.stop();
}
