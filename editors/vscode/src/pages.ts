// The pages of the rules: read-only documents, which the server writes; and the ways to them.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import * as vscode from "vscode";

import { SCHEME, codeOf, pagePath, parseRules, ruleOfPage } from "./rule";
import type { Server } from "./server";

/** The command that opens a rule's page; its argument, if there is one, is the rule's code or name. */
export const OPEN_RULE_COMMAND = "pyrelint.openRule";

function pageUri(rule: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: pagePath(rule) });
}

function isOurs(diagnostic: vscode.Diagnostic): boolean {
  return diagnostic.source === "pyrelint";
}

/** The findings, the codes of which lead to the rules' pages. */
export function withPageLinks(diagnostics: vscode.Diagnostic[]): vscode.Diagnostic[] {
  for (const diagnostic of diagnostics) {
    const code = codeOf(diagnostic.code);
    if (isOurs(diagnostic) && code !== undefined) {
      diagnostic.code = { value: code, target: pageUri(code) };
    }
  }
  return diagnostics;
}

/** Makes the pages known to VS Code. */
export function registerPages(server: Server): vscode.Disposable {
  const provider: vscode.TextDocumentContentProvider = {
    provideTextDocumentContent: async (uri) => {
      const rule = ruleOfPage(uri.path);
      const page = rule === undefined ? null : await server.execute("pyrelint.showRule", rule);
      return typeof page === "string" ? page : `There is no page of \`${rule ?? uri.path}\`: the server does not run, or knows no such rule.\n`;
    },
  };
  const actions: vscode.CodeActionProvider = {
    provideCodeActions: (_document, _range, context) => {
      const codes = new Set(context.diagnostics.filter(isOurs).flatMap(({ code }) => codeOf(code) ?? []));
      return [...codes].map((code) => {
        const title = `Show the page of ${code}`;
        const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
        action.command = { command: OPEN_RULE_COMMAND, title, arguments: [code] };
        action.diagnostics = context.diagnostics.filter((one) => isOurs(one) && codeOf(one.code) === code);
        return action;
      });
    },
  };
  return vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, provider),
    vscode.languages.registerCodeActionsProvider({ scheme: "file" }, actions, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
  );
}

/** Opens a rule's page: of the one that is named, else of the one that the user chooses; those of findings at the cursor come first. */
export async function openRule(server: Server, named: unknown): Promise<void> {
  const rule = typeof named === "string" ? named : await chooseRule(server);
  if (rule === undefined) {
    return;
  }
  const uri = pageUri(rule);
  try {
    await vscode.commands.executeCommand("markdown.showPreview", uri);
  } catch {
    // The Markdown extension may be disabled: the text can be read, too.
    await vscode.window.showTextDocument(uri, { preview: true });
  }
}

async function chooseRule(server: Server): Promise<string | undefined> {
  const { binary } = server.found;
  if (!binary) {
    void vscode.window.showInformationMessage("pyrelint: no program was found that could list its rules");
    return undefined;
  }
  const { stdout } = await promisify(execFile)(binary.file, ["rules", "--output-format", "json"]);
  const here = rulesAtCursor();
  const entries = parseRules(stdout)
    .map(({ code, name, summary }) => ({ label: name, description: code, detail: summary, atCursor: here.has(code) }))
    .sort((one, other) => Number(other.atCursor) - Number(one.atCursor));
  const chosen = await vscode.window.showQuickPick(entries, {
    title: "The page of which rule?",
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return chosen?.description;
}

/** The codes of the findings at the cursor. */
function rulesAtCursor(): Set<string> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    return new Set();
  }
  const touching = vscode.languages
    .getDiagnostics(editor.document.uri)
    .filter((diagnostic) => isOurs(diagnostic) && diagnostic.range.intersection(editor.selection) !== undefined);
  return new Set(touching.flatMap(({ code }) => codeOf(code) ?? []));
}
