import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  CLIENT_SETTINGS,
  RESTARTING_SETTINGS,
  RESTRICTED_SETTINGS,
  SERVER_SETTINGS,
  expandPath,
  reaction,
  serverSettings,
  type Variables,
} from "../src/settings";

const VARIABLES: Variables = {
  home: "/home/me",
  environment: { TOOLS: "/tools" },
  folders: [
    { name: "app", path: "/code/app" },
    { name: "lib", path: "/code/lib" },
  ],
};

interface Manifest {
  readonly contributes: {
    readonly configuration: { readonly properties: Readonly<Record<string, { readonly scope: string; readonly markdownDescription: string }>> };
    readonly commands: readonly { readonly command: string }[];
  };
  readonly capabilities: { readonly untrustedWorkspaces: { readonly supported: string; readonly restrictedConfigurations: readonly string[] } };
}

const MANIFEST = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const named = (keys: readonly string[]) => keys.map((key) => `pyrelint.${key}`).sort();

test("variables in paths are replaced", () => {
  const expected = {
    "/opt/pyrelint": "/opt/pyrelint",
    "~/bin/pyrelint": "/home/me/bin/pyrelint",
    "~other/pyrelint": "/code/app/~other/pyrelint",
    "${userHome}/bin": "/home/me/bin",
    "${workspaceFolder}/.venv/bin/pyrelint": "/code/app/.venv/bin/pyrelint",
    "${workspaceFolder:lib}/bin": "/code/lib/bin",
    "${env:TOOLS}/pyrelint": "/tools/pyrelint",
    "target/debug/pyrelint": "/code/app/target/debug/pyrelint",
  };
  for (const [text, path] of Object.entries(expected)) {
    assert.equal(expandPath(text, VARIABLES), path, text);
  }
});

test("what cannot be replaced stays as it was written, so that the log shows it", () => {
  assert.equal(expandPath("/x/${workspaceFolder:none}/${other}", VARIABLES), "/x/${workspaceFolder:none}/${other}");
  const nowhere = { ...VARIABLES, folders: [] };
  assert.equal(expandPath("${workspaceFolder}/bin", nowhere), "${workspaceFolder}/bin");
  assert.equal(expandPath("bin/pyrelint", nowhere), "bin/pyrelint");
});

test("only what is set is sent to the server, with paths as it understands them", () => {
  const set: Record<string, unknown> = {
    enable: false,
    select: null,
    ignore: [],
    severity: { "os-exit": "error" },
    configuration: "${workspaceFolder:lib}/pyrelint.toml",
    logFile: "",
    path: ["/opt/pyrelint"],
  };
  assert.deepEqual(
    serverSettings((key) => set[key], VARIABLES),
    { enable: false, ignore: [], severity: { "os-exit": "error" }, configuration: "/code/lib/pyrelint.toml" },
  );
});

test("the server is told about a change, and started anew only where it must be", () => {
  const changed = (...keys: string[]) => reaction((section) => named(keys).includes(section));
  assert.equal(changed("select"), "tell");
  assert.equal(changed("enable", "severity"), "tell");
  assert.equal(changed("path"), "restart");
  assert.equal(changed("select", "logLevel"), "restart");
  assert.equal(changed("trace.server"), "nothing");
  assert.equal(changed(), "nothing");
});

test("the manifest has every setting, with a description and the scope that it needs", () => {
  const { properties } = MANIFEST.contributes.configuration;
  assert.deepEqual(Object.keys(properties).sort(), named([...SERVER_SETTINGS, ...CLIENT_SETTINGS]));
  const restarting = named(RESTARTING_SETTINGS);
  for (const [key, { scope, markdownDescription }] of Object.entries(properties)) {
    assert.match(markdownDescription, /^[A-Z][\s\S]*\.$/, key);
    // There is one server for all folders: what makes it start anew cannot differ between them.
    const perFolder = SERVER_SETTINGS.some((own) => `pyrelint.${own}` === key) && !restarting.includes(key);
    assert.equal(scope === "resource", perFolder, `${key}: ${scope}`);
  }
});

test("a workspace that is not trusted does not decide which programs and files are used", () => {
  const { supported, restrictedConfigurations } = MANIFEST.capabilities.untrustedWorkspaces;
  assert.equal(supported, "limited");
  assert.deepEqual([...restrictedConfigurations].sort(), named(RESTRICTED_SETTINGS));
});

test("every command of the manifest is registered, under a name that the server's own commands do not take", () => {
  const source = ["extension", "pages", "status"].map((name) => readFileSync(`src/${name}.ts`, "utf8")).join("\n");
  for (const { command } of MANIFEST.contributes.commands) {
    assert.ok(source.includes(`"${command}"`), command);
    // The client library registers these when the server names them.
    assert.ok(!["pyrelint.showRule", "pyrelint.debugInformation"].includes(command), command);
  }
});
