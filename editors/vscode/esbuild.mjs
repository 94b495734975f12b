// Bundles the extension into one file; with `test`, the tests into `out/test`.
import { readdirSync, rmSync } from "node:fs";

import { build } from "esbuild";

const [mode] = process.argv.slice(2);
const shared = { bundle: true, platform: "node", format: "cjs", target: "node20", external: ["vscode"], logLevel: "warning" };

if (mode === "test") {
  // A test that was removed must not run on.
  rmSync("out/test", { recursive: true, force: true });
  const tests = readdirSync("test").filter((name) => name.endsWith(".test.ts"));
  await build({ ...shared, entryPoints: tests.map((name) => `test/${name}`), outdir: "out/test", sourcemap: "inline" });
} else {
  const production = mode === "production";
  await build({
    ...shared,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    minify: production,
    sourcemap: production ? false : "linked",
  });
}
