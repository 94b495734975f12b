// Which program is started as the server. Nothing here knows VS Code: what it says about the workspace comes in as `Places`.

import { execFile } from "node:child_process";
import * as path from "node:path";

/** The setting `pyrelint.importStrategy`. */
export type ImportStrategy = "fromEnvironment" | "useBundled";

/** Where a program was found. */
export type Origin = "setting" | "bundled" | "environment" | "PATH";

export interface Candidate {
  readonly file: string;
  readonly origin: Origin;
}

/** Where programs may lie. */
export interface Places {
  /** What `pyrelint.path` names, with its variables replaced. */
  readonly setting: readonly string[];
  /** The folder of the extension. */
  readonly extension: string;
  /** The interpreter of the selected Python environment. */
  readonly interpreter: string | undefined;
  /** The environment's variable PATH. */
  readonly searchPath: string;
  readonly strategy: ImportStrategy;
  /** Whether the user trusts the workspace: only then may anything in it, or said by it, be started. */
  readonly trusted: boolean;
  readonly platform: NodeJS.Platform;
}

/** A program that runs and says that it is pyrelint. */
export interface Binary extends Candidate {
  readonly version: string;
}

/** A program that was not taken. */
export interface Rejected extends Candidate {
  readonly reason: string;
}

/** The programs that are tried, in this order. Whether they exist is not looked at. */
export function candidates(places: Places): Candidate[] {
  const paths = places.platform === "win32" ? path.win32 : path.posix;
  const name = places.platform === "win32" ? "pyrelint.exe" : "pyrelint";
  const bundled: Candidate[] = [{ file: paths.join(places.extension, "bundled", "bin", name), origin: "bundled" }];
  if (!places.trusted) {
    return bundled;
  }
  const setting = places.setting.map((file): Candidate => ({ file, origin: "setting" }));
  const environment: Candidate[] = [];
  if (places.interpreter !== undefined) {
    const folder = paths.dirname(places.interpreter);
    environment.push({ file: paths.join(folder, name), origin: "environment" });
    // A conda environment on Windows has its interpreter above the folder of its programs.
    if (places.platform === "win32") {
      environment.push({ file: paths.join(folder, "Scripts", name), origin: "environment" });
    }
  }
  // An empty or relative entry means the working directory, which is nobody's choice here.
  const folders = places.searchPath.split(paths.delimiter).filter((folder) => paths.isAbsolute(folder));
  const onPath = folders.map((folder): Candidate => ({ file: paths.join(folder, name), origin: "PATH" }));
  const rest =
    places.strategy === "useBundled" ? [...bundled, ...environment, ...onPath] : [...environment, ...onPath, ...bundled];
  return [...setting, ...rest];
}

/**
 * The first candidate that can be started and says that it is pyrelint, and those before it that were not taken. What is not there is only
 * mentioned where the user named it.
 */
export async function find(
  candidates: readonly Candidate[],
  exists: (file: string) => boolean,
  version: (file: string) => Promise<string>,
): Promise<{ found: Binary | undefined; rejected: Rejected[] }> {
  const rejected: Rejected[] = [];
  for (const candidate of candidates) {
    if (!exists(candidate.file)) {
      if (candidate.origin === "setting") {
        rejected.push({ ...candidate, reason: "there is no such file" });
      }
      continue;
    }
    try {
      return { found: { ...candidate, version: await version(candidate.file) }, rejected };
    } catch (error) {
      rejected.push({ ...candidate, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { found: undefined, rejected };
}

/** How long a program may take to say its version: the first start of a fresh binary is scanned by some systems. */
const PATIENCE_MS = 20_000;

/** The version that a program says with `--version`. Throws where it does not run, or is something else. */
export async function askVersion(file: string): Promise<string> {
  const output = await new Promise<string>((resolve, reject) => {
    execFile(file, ["--version"], { timeout: PATIENCE_MS, windowsHide: true }, (error, stdout) => {
      if (error) {
        reject(new Error(`\`--version\` failed: ${error.message.trim()}`));
      } else {
        resolve(stdout);
      }
    });
  });
  return versionIn(output);
}

/** The version in what `--version` printed; throws where that is not pyrelint's. */
export function versionIn(output: string): string {
  const version = /^pyrelint (\d+\.\d+\.\d+\S*)/.exec(output)?.[1];
  if (version === undefined) {
    throw new Error(`it says ${JSON.stringify(output.trim().slice(0, 80))} for \`--version\`, which is not pyrelint`);
  }
  return version;
}
