import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { askVersion, candidates, find, versionIn, type Candidate, type Places } from "../src/binary";

const PLACES: Places = {
  setting: ["/opt/own/pyrelint"],
  extension: "/ext",
  interpreter: "/venv/bin/python",
  searchPath: "/usr/local/bin:/usr/bin",
  strategy: "fromEnvironment",
  trusted: true,
  platform: "linux",
};

function files(changed: Partial<Places>): string[] {
  return candidates({ ...PLACES, ...changed }).map(({ file, origin }) => `${origin} ${file}`);
}

test("the setting goes first, then the environment, the PATH, and the bundled program", () => {
  assert.deepEqual(files({}), [
    "setting /opt/own/pyrelint",
    "environment /venv/bin/pyrelint",
    "PATH /usr/local/bin/pyrelint",
    "PATH /usr/bin/pyrelint",
    "bundled /ext/bundled/bin/pyrelint",
  ]);
});

test("who wants the bundled program gets it before the environment's, but after the setting's", () => {
  assert.deepEqual(files({ strategy: "useBundled" }), [
    "setting /opt/own/pyrelint",
    "bundled /ext/bundled/bin/pyrelint",
    "environment /venv/bin/pyrelint",
    "PATH /usr/local/bin/pyrelint",
    "PATH /usr/bin/pyrelint",
  ]);
});

test("a workspace that is not trusted starts the bundled program, whatever is set", () => {
  for (const strategy of ["fromEnvironment", "useBundled"] as const) {
    assert.deepEqual(files({ trusted: false, strategy }), ["bundled /ext/bundled/bin/pyrelint"]);
  }
});

test("without a Python environment and a setting the PATH is left", () => {
  assert.deepEqual(files({ setting: [], interpreter: undefined, searchPath: "/usr/bin" }), [
    "PATH /usr/bin/pyrelint",
    "bundled /ext/bundled/bin/pyrelint",
  ]);
});

test("entries of the PATH that mean the working directory are passed over", () => {
  assert.deepEqual(files({ setting: [], interpreter: undefined, searchPath: ":.:node_modules/.bin:/usr/bin:" }), [
    "PATH /usr/bin/pyrelint",
    "bundled /ext/bundled/bin/pyrelint",
  ]);
});

test("on Windows programs have an extension, and conda's lie in a folder of their own", () => {
  assert.deepEqual(
    files({ setting: [], extension: "C:\\ext", interpreter: "C:\\conda\\python.exe", searchPath: "C:\\bin;D:\\tools", platform: "win32" }),
    [
      "environment C:\\conda\\pyrelint.exe",
      "environment C:\\conda\\Scripts\\pyrelint.exe",
      "PATH C:\\bin\\pyrelint.exe",
      "PATH D:\\tools\\pyrelint.exe",
      "bundled C:\\ext\\bundled\\bin\\pyrelint.exe",
    ],
  );
});

test("the version is what pyrelint says, and nothing else's", () => {
  assert.equal(versionIn("pyrelint 0.1.0\n"), "0.1.0");
  assert.equal(versionIn("pyrelint 1.2.3-rc.1 (abc 2026-01-01)\n"), "1.2.3-rc.1");
  for (const other of ["ruff 0.17.6\n", "", "pyrelint\n", "usage: pyrelint 0.1.0"]) {
    assert.throws(() => versionIn(other), /is not pyrelint/);
  }
});

test("the first program that runs and is pyrelint is taken, and what was not is told", { skip: process.platform === "win32" }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pyrelint-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const program = (name: string, script: string): Candidate => {
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return { file, origin: "environment" };
  };
  const notExecutable = program("text", "echo pyrelint 0.1.0");
  chmodSync(notExecutable.file, 0o644);
  const tried = [
    { file: join(folder, "missing"), origin: "setting" } as const,
    { file: join(folder, "missing"), origin: "PATH" } as const,
    notExecutable,
    program("broken", "exit 3"),
    program("other", "echo ruff 0.17.6"),
    program("good", "echo pyrelint 0.1.0"),
    program("later", "echo pyrelint 9.9.9"),
  ];
  const { found, rejected } = await find(tried, existsSync, askVersion);
  assert.deepEqual(found, { file: join(folder, "good"), origin: "environment", version: "0.1.0" });
  const names = rejected.map(({ file, origin }) => `${origin} ${file.slice(folder.length + 1)}`);
  assert.deepEqual(names, ["setting missing", "environment text", "environment broken", "environment other"]);
  assert.match(rejected[0]?.reason ?? "", /no such file/);
  assert.match(rejected[1]?.reason ?? "", /EACCES/);
  assert.match(rejected[3]?.reason ?? "", /ruff 0\.17\.6.*not pyrelint/);
});

test("where nothing is found, that is the answer", async () => {
  const nowhere: Candidate[] = [{ file: "/nowhere/pyrelint", origin: "PATH" }];
  assert.deepEqual(await find(nowhere, existsSync, askVersion), { found: undefined, rejected: [] });
});
