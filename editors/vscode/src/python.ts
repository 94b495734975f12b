// The selected Python environment, asked of the Python extension where that is installed.

import * as vscode from "vscode";

/** The part of the Python extension's interface that is used here. */
interface PythonExtension {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(environment: { readonly path: string }): Promise<
      { readonly executable: { readonly uri: vscode.Uri | undefined } } | undefined
    >;
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

async function environments(): Promise<PythonExtension["environments"]> {
  const extension = vscode.extensions.getExtension<PythonExtension | undefined>("ms-python.python");
  return extension && (extension.isActive ? extension.exports : await extension.activate())?.environments;
}

/** The interpreter of the selected environment, where there is one. */
export async function selectedInterpreter(resource: vscode.Uri | undefined): Promise<string | undefined> {
  const known = await environments();
  if (!known) {
    return undefined;
  }
  const environment = await known.resolveEnvironment(known.getActiveEnvironmentPath(resource));
  return environment?.executable.uri?.fsPath;
}

/** Calls back when another environment is selected. */
export async function onEnvironmentChange(listener: () => void): Promise<vscode.Disposable | undefined> {
  return (await environments())?.onDidChangeActiveEnvironmentPath(listener);
}
