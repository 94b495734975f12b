// The entry in the language status of the editor: what the server does, and the commands that concern it.

import * as vscode from "vscode";

/** What the server does. */
export type State =
  | { readonly kind: "starting" }
  | { readonly kind: "running"; readonly version: string; readonly program: string }
  | { readonly kind: "stopped" }
  | { readonly kind: "untrusted" }
  | { readonly kind: "failed"; readonly reason: string };

/** The command that the entry offers. */
export const MENU_COMMAND = "pyrelint.showMenu";

export class Status implements vscode.Disposable {
  private readonly item: vscode.LanguageStatusItem;

  constructor(selector: vscode.DocumentSelector) {
    this.item = vscode.languages.createLanguageStatusItem("pyrelint", selector);
    this.item.name = "pyrelint";
    this.item.command = { command: MENU_COMMAND, title: "Commands" };
    this.show({ kind: "stopped" });
  }

  show(state: State): void {
    const { item } = this;
    item.busy = state.kind === "starting";
    item.severity = vscode.LanguageStatusSeverity.Information;
    switch (state.kind) {
      case "starting":
        item.text = "pyrelint";
        item.detail = "starting";
        break;
      case "running":
        item.text = `pyrelint ${state.version}`;
        item.detail = state.program;
        break;
      case "stopped":
        item.text = "pyrelint";
        item.detail = "stopped";
        item.severity = vscode.LanguageStatusSeverity.Warning;
        break;
      case "untrusted":
        item.text = "pyrelint";
        item.detail = "waits until the workspace is trusted";
        item.severity = vscode.LanguageStatusSeverity.Warning;
        break;
      case "failed":
        item.text = "pyrelint";
        item.detail = state.reason;
        item.severity = vscode.LanguageStatusSeverity.Error;
        break;
    }
  }

  dispose(): void {
    this.item.dispose();
  }
}

/** Lets the user choose among the extension's commands. */
export async function showMenu(): Promise<void> {
  const entries = [
    { label: "$(debug-restart) Restart server", command: "pyrelint.restart" },
    { label: "$(output) Show logs", command: "pyrelint.showLogs" },
    { label: "$(list-flat) Show server trace", command: "pyrelint.showTrace" },
    { label: "$(book) Show a rule's page", command: "pyrelint.openRule" },
    { label: "$(info) Show debug information", command: "pyrelint.showDebugInformation" },
  ];
  const chosen = await vscode.window.showQuickPick(entries, { title: "pyrelint" });
  if (chosen) {
    await vscode.commands.executeCommand(chosen.command);
  }
}
