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

/** The environments that the Python extension knows; `undefined` where it is not installed. Throws where it cannot be started. */
async function environments(): Promise<PythonExtension["environments"]> {
  const extension = vscode.extensions.getExtension<PythonExtension | undefined>("ms-python.python");
  return extension && (extension.isActive ? extension.exports : await extension.activate())?.environments;
}

/** The interpreter of the selected environment, where there is one. What is wrong with the Python extension is only logged: there are other places. */
export async function selectedInterpreter(resource: vscode.Uri | undefined, log: vscode.LogOutputChannel): Promise<string | undefined> {
  try {
    const known = await environments();
    const environment = await known?.resolveEnvironment(known.getActiveEnvironmentPath(resource));
    return environment?.executable.uri?.fsPath;
  } catch (error) {
    log.warn(`the Python extension does not say which environment is selected: ${String(error)}`);
    return undefined;
  }
}

/** Calls back when another environment is selected. */
export async function onEnvironmentChange(listener: () => void, log: vscode.LogOutputChannel): Promise<vscode.Disposable | undefined> {
  try {
    return (await environments())?.onDidChangeActiveEnvironmentPath(listener);
  } catch (error) {
    log.warn(`the Python extension does not say when another environment is selected: ${String(error)}`);
    return undefined;
  }
}
