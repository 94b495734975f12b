// The life of the server: one for all folders of the workspace, which knows by itself whose configuration counts for which file.

import { existsSync } from "node:fs";
import { homedir } from "node:os";

import * as vscode from "vscode";
import {
  DidChangeConfigurationNotification,
  ExecuteCommandRequest,
  LanguageClient,
  RevealOutputChannelOn,
  State as ClientState,
  type LanguageClientOptions,
  type Middleware,
} from "vscode-languageclient/node";

import { askVersion, candidates, find, type Binary, type ImportStrategy, type Rejected } from "./binary";
import { withPageLinks } from "./pages";
import { selectedInterpreter } from "./python";
import { expandPath, serverSettings, type Variables } from "./settings";
import type { State } from "./status";

/**
 * The documents that the server gets. It lints the Python ones; the configuration is for the pages of rules that it names, and the others
 * are for rules about deployments. What the server does not know it ignores.
 */
export const DOCUMENTS = [
  { scheme: "file", language: "python" },
  { scheme: "untitled", language: "python" },
  ...[
    "**/{pyproject,pyrelint,.pyrelint}.toml",
    "**/*.{service,socket,timer}",
    "**/{Dockerfile,Containerfile}*",
    "**/*.{dockerfile,Dockerfile}",
    "**/{docker-compose,compose}*.{yml,yaml}",
    "**/requirements*.{txt,in}",
    "**/Procfile",
    "**/Makefile",
    "**/*.{sh,mk}",
  ].map((pattern) => ({ scheme: "file", pattern })),
];

/** How the server was found, for the user who asks why it is this one. */
export interface Discovery {
  readonly binary: Binary | undefined;
  readonly rejected: readonly Rejected[];
}

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private discovery: Discovery = { binary: undefined, rejected: [] };
  /** Starts and stops happen one after the other, however fast they are asked for. */
  private last: Promise<void> = Promise.resolve();
  /** The trouble that the user was told about last: once is enough. */
  private told: string | undefined;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly log: vscode.LogOutputChannel,
    private readonly trace: vscode.LogOutputChannel,
    private readonly show: (state: State) => void,
  ) {}

  /** How the present server was found. */
  get found(): Discovery {
    return this.discovery;
  }

  /** Starts the server anew, or for the first time. Never fails: the status and the log say what went wrong. */
  restart(reason: string): Promise<void> {
    return this.inOrder(async () => {
      this.log.info(`the server is started: ${reason}`);
      await this.stopNow();
      await this.startNow();
    });
  }

  /** Starts the server anew where another program would be taken now. */
  restartIfOther(reason: string): Promise<void> {
    return this.inOrder(async () => {
      const before = this.discovery.binary;
      const { binary } = await this.discover();
      if (binary?.file !== before?.file || binary?.version !== before?.version) {
        this.log.info(`the server is started: ${reason}`);
        await this.stopNow();
        await this.startNow();
      }
    });
  }

  stop(): Promise<void> {
    return this.inOrder(() => this.stopNow());
  }

  /** Has the server execute one of its commands; `undefined` where none runs. */
  async execute(command: string, ...args: unknown[]): Promise<unknown> {
    await this.last;
    if (this.client?.state !== ClientState.Running) {
      return undefined;
    }
    return this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args });
  }

  /** Tells the server about changed settings. One that can ask for those of each folder does so then. */
  async tellSettings(): Promise<void> {
    await this.last;
    if (this.client?.state === ClientState.Running) {
      await this.client.sendNotification(DidChangeConfigurationNotification.type, { settings: { pyrelint: settingsFor() } });
    }
  }

  dispose(): void {
    void this.stop();
  }

  private inOrder(action: () => Promise<void>): Promise<void> {
    this.last = this.last.then(action).catch((error: unknown) => {
      this.fail(error instanceof Error ? error.message : String(error));
    });
    return this.last;
  }

  private async stopNow(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    if (client) {
      // A server that died cannot be asked to stop.
      await client.dispose().catch((error: unknown) => {
        this.log.warn(`the server did not stop in order: ${String(error)}`);
      });
      this.show({ kind: "stopped" });
    }
  }

  private async discover(): Promise<Discovery> {
    const trusted = vscode.workspace.isTrusted;
    const section = vscode.workspace.getConfiguration("pyrelint");
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const { found, rejected } = await find(
      candidates({
        setting: section.get<string[]>("path", []).map((file) => expandPath(file, variables())),
        extension: this.extension.fsPath,
        // Asking activates the Python extension, which is of no use where its answer is not.
        interpreter: trusted ? await selectedInterpreter(folder, this.log) : undefined,
        searchPath: process.env.PATH ?? "",
        strategy: section.get<ImportStrategy>("importStrategy", "fromEnvironment"),
        trusted,
        platform: process.platform,
      }),
      existsSync,
      askVersion,
    );
    return { binary: found, rejected };
  }

  private async startNow(): Promise<void> {
    this.show({ kind: "starting" });
    this.discovery = await this.discover();
    const { binary, rejected } = this.discovery;
    for (const { file, origin, reason } of rejected) {
      this.log.warn(`\`${file}\` (${origin}) is not taken: ${reason}`);
    }
    if (!binary) {
      if (vscode.workspace.isTrusted) {
        this.fail("no pyrelint was found: install it into the selected environment, or set `pyrelint.path`");
      } else {
        this.show({ kind: "untrusted" });
      }
      return;
    }
    this.log.info(`pyrelint ${binary.version}: \`${binary.file}\` (${binary.origin})`);
    const server = { command: binary.file, args: ["server"] };
    const client = new LanguageClient("pyrelint", "pyrelint", server, this.options());
    client.onDidChangeState(({ newState }) => {
      if (client !== this.client) {
        return;
      }
      if (newState === ClientState.Running) {
        this.told = undefined;
        this.show({ kind: "running", version: binary.version, program: binary.file });
      } else if (newState === ClientState.Stopped) {
        // The client library starts it again, a few times.
        this.show({ kind: "failed", reason: "the server stopped: the log says why" });
      }
    });
    this.client = client;
    await client.start();
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: DOCUMENTS,
      initializationOptions: settingsFor(),
      outputChannel: this.log,
      traceOutputChannel: this.trace,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      diagnosticPullOptions: { onChange: true },
      middleware: middleware(),
    };
  }

  private fail(reason: string): void {
    this.log.error(reason);
    this.show({ kind: "failed", reason });
    if (this.told === reason) {
      return;
    }
    this.told = reason;
    void vscode.window.showWarningMessage(`pyrelint: ${reason}`, "Show Logs", "Open Settings").then((chosen) => {
      if (chosen === "Show Logs") {
        this.log.show();
      } else if (chosen === "Open Settings") {
        void vscode.commands.executeCommand("workbench.action.openSettings", "pyrelint.path");
      }
    });
  }
}

function middleware(): Middleware {
  return {
    workspace: {
      // The server asks for the settings of each folder.
      configuration: async (params, token, next) => {
        const values: unknown = await next(params, token);
        return params.items.map((item, index) => {
          if (item.section === "pyrelint") {
            return settingsFor(item.scopeUri === undefined ? undefined : vscode.Uri.parse(item.scopeUri));
          }
          return Array.isArray(values) ? (values[index] as unknown) : null;
        });
      },
    },
    handleDiagnostics: (uri, diagnostics, next) => {
      next(uri, withPageLinks(diagnostics));
    },
    provideDiagnostics: async (document, previous, token, next) => {
      const report = await next(document, previous, token);
      if (report && "items" in report) {
        report.items = withPageLinks(report.items);
      }
      return report;
    },
    provideWorkspaceDiagnostics: (previous, token, reporter, next) => {
      // Who wants those of open files only is not sent the others.
      if (vscode.workspace.getConfiguration("pyrelint").get("diagnosticMode") === "openFilesOnly") {
        return { items: [] };
      }
      return next(previous, token, (chunk) => {
        for (const report of chunk?.items ?? []) {
          if ("items" in report) {
            report.items = withPageLinks(report.items);
          }
        }
        reporter(chunk);
      });
    },
  };
}

/** The server's settings, those of a folder where it is named. What the user did not set is left to the server. */
export function settingsFor(scope?: vscode.Uri): Record<string, unknown> {
  const section = vscode.workspace.getConfiguration("pyrelint", scope ?? null);
  const isSet = (key: string) => {
    const known = section.inspect(key);
    return [known?.globalValue, known?.workspaceValue, known?.workspaceFolderValue].some((value) => value !== undefined);
  };
  // What a workspace that is not trusted says counts as little for `get` as it should. One setting is always sent: no settings at all would
  // mean that there is nothing to say, not that what was said before does not hold any more.
  return serverSettings((key) => (isSet(key) || key === "enable" ? section.get(key) : undefined), variables());
}

function variables(): Variables {
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ name, uri }) => ({ name, path: uri.fsPath }));
  return { home: homedir(), environment: process.env, folders };
}
