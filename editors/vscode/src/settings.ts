// What the settings mean. Nothing here knows VS Code: values come in by functions, so that it is tested without one.

import * as path from "node:path";

/** The settings that the server takes, as `initializationOptions` and as the section `pyrelint`. */
export const SERVER_SETTINGS = [
  "enable",
  "diagnosticMode",
  "select",
  "extendSelect",
  "ignore",
  "extendIgnore",
  "severity",
  "configuration",
  "configurationPreference",
  "showSyntaxErrors",
  "unsafeFixes",
  "logLevel",
  "logFile",
] as const;

/** The settings that are the extension's own. `trace.server` is read by the client library. */
export const CLIENT_SETTINGS = ["path", "importStrategy", "trace.server"] as const;

/** The settings that only a new server takes up: all others are told to the one that runs. */
export const RESTARTING_SETTINGS = ["path", "importStrategy", "diagnosticMode", "logLevel", "logFile"] as const;

/** The settings that name files or programs: a workspace that is not trusted does not decide about them. */
export const RESTRICTED_SETTINGS = ["path", "importStrategy", "configuration", "logFile"] as const;

/** What variables in paths stand for. */
export interface Variables {
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folders: readonly { readonly name: string; readonly path: string }[];
}

/** A path as the user means it: variables replaced, and absolute where there is a folder that it can be relative to. */
export function expandPath(text: string, variables: Variables): string {
  const first = variables.folders[0]?.path;
  const replaced = text
    .replace(/^~(?=$|[/\\])/, variables.home)
    .replace(/\$\{(\w+)(?::([^}]*))?\}/g, (whole, name: string, argument: string | undefined) => {
      switch (name) {
        case "userHome":
          return variables.home;
        case "workspaceFolder":
          return (
            (argument === undefined ? first : variables.folders.find((folder) => folder.name === argument)?.path) ?? whole
          );
        case "env":
          return variables.environment[argument ?? ""] ?? "";
        default:
          return whole;
      }
    });
  return path.isAbsolute(replaced) || first === undefined ? replaced : path.join(first, replaced);
}

/** The server's settings. What is not set is left out, so that the server's own defaults and the project's configuration hold. */
export function serverSettings(get: (key: string) => unknown, variables: Variables): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const key of SERVER_SETTINGS) {
    const value = get(key);
    if (value === null || value === undefined || value === "") {
      continue;
    }
    const isPath = key === "configuration" || key === "logFile";
    settings[key] = isPath && typeof value === "string" ? expandPath(value, variables) : value;
  }
  return settings;
}

/** What a change of settings asks for. */
export function reaction(affects: (section: string) => boolean): "restart" | "tell" | "nothing" {
  if (RESTARTING_SETTINGS.some((key) => affects(`pyrelint.${key}`))) {
    return "restart";
  }
  return SERVER_SETTINGS.some((key) => affects(`pyrelint.${key}`)) ? "tell" : "nothing";
}
