// Drives VS Code in a headless browser, with the packaged extension: node drive.mjs URL PROJECT EXTENSION SCREENSHOTS PLAYWRIGHT CHROMIUM
// Each step says what it saw, and fails where that is not what it should be; after each there is a screenshot.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [url, project, extension, screenshots, playwright, executablePath] = process.argv.slice(2);
const { chromium } = createRequire(`${path.resolve(playwright)}/`)("playwright-core");
const PATIENCE_MS = 30_000;
const SQUIGGLE = ".squiggly-warning, .squiggly-error";
/** Written by the program that the workspace's settings name, when it is started. */
const STARTED = path.join(project, "started");
const SETTINGS = { "pyrelint.path": ["${workspaceFolder}/tools/pyrelint"] };

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
page.setDefaultTimeout(PATIENCE_MS);
const start = Date.now();

function say(text) {
  console.log(`${((Date.now() - start) / 1000).toFixed(1).padStart(6)} s  ${text}`);
}

async function shot(name) {
  await page.screenshot({ path: path.join(screenshots, `${name}.png`) });
}

/** Waits until a value is what it should be; fails with what it is else. */
async function until(what, get, expected) {
  const deadline = Date.now() + PATIENCE_MS;
  let seen;
  do {
    seen = await get();
    try {
      assert.deepEqual(seen, expected);
      say(`${what}: ${JSON.stringify(seen)}`);
      return;
    } catch {
      await page.waitForTimeout(100);
    }
  } while (Date.now() < deadline);
  assert.deepEqual(seen, expected, what);
}

const texts = (selector, within = page) =>
  within.$$eval(selector, (found) => found.map((one) => one.innerText.replace(/\s+/g, " ").trim()));

/** What the editor that shows a file has underlined. */
const squiggles = (file) => page.locator(`.editor-instance:has(.monaco-editor[data-uri$="/${file}"])`).locator(SQUIGGLE).count();

/** The rows of the Problems list. */
const problems = () => texts(".markers-panel .monaco-list-row");

async function command(name) {
  await page.keyboard.press("F1");
  await page.waitForSelector(".quick-input-widget input");
  await page.keyboard.type(name, { delay: 5 });
  // The first entry is not always the one of just this name.
  const label = page.locator(".label-name", { hasText: new RegExp(`^${name}$`) });
  await page.locator(".quick-input-list .monaco-list-row").filter({ has: label }).first().click();
}

/** Opens a file of the folder `tool`, which the explorer shows, to stay. */
async function openFile(name) {
  const row = page.locator(".explorer-folders-view .monaco-list-row", { hasText: path.basename(name) }).first();
  await row.dblclick();
  await page.waitForSelector(`.monaco-editor.focused[data-uri$="/${name}"] .view-line`);
}

async function toLine(number) {
  await page.keyboard.press("Control+g");
  await page.waitForSelector(".quick-input-widget input");
  await page.keyboard.type(`${number}`);
  await page.keyboard.press("Enter");
  await page.locator(".quick-input-widget").waitFor({ state: "hidden" });
}

/** The text of a line of the editor that shows a file, spaces as spaces. */
async function line(file, text) {
  const lines = await texts(`.monaco-editor[data-uri$="/${file}"] .view-line`);
  return lines.filter((one) => one.includes(text));
}

/** The entry of the language status, opened. */
async function languageStatus() {
  await page.locator('.statusbar-item[id="status.languageStatus"]').hover();
  await page.waitForSelector(".hover-language-status");
  const found = await texts(".hover-language-status .element");
  return found.find((one) => one.includes("pyrelint")) ?? "";
}

/** What is offered at the end of a line, where its finding ends; the menu stays open. */
async function quickFixes(number) {
  await toLine(number);
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Control+.");
  await page.waitForSelector(".action-widget .monaco-list-row");
  return texts(".action-widget .monaco-list-row.action");
}

/** The headings of the rules' pages that web views show. */
async function shownPages() {
  const found = [];
  for (const frame of page.frames()) {
    const heading = await frame.evaluate(() => document.querySelector("h1")?.innerText ?? "").catch(() => "");
    if (/\(RL\d+\)/.test(heading)) {
      found.push(heading);
    }
  }
  return found;
}

/** Writes the settings of the workspace. */
function writeSettings(settings) {
  writeFileSync(path.join(project, ".vscode", "settings.json"), JSON.stringify(settings));
}

const steps = {
  "01-untrusted": async () => {
    const payload = JSON.stringify([["openFile", `vscode-remote://${new URL(url).host}${project}/tool/end.py`]]);
    await page.goto(`${url}/?folder=${encodeURIComponent(project)}&payload=${encodeURIComponent(payload)}`, { waitUntil: "load" });
    await page.waitForSelector(".monaco-editor .view-line");
    await page.locator('.statusbar-item[id="status.languageStatus"]').waitFor();
    const status = await languageStatus();
    say(`language status: ${status}`);
    assert.match(status, /waits until the workspace is trusted/);
    assert.equal(existsSync(STARTED), false, "a workspace that is not trusted had its program started");
    assert.equal(await squiggles("end.py"), 0);
  },
  "02-untrusted-bundled": async () => {
    // As if the extension came with a program.
    mkdirSync(path.join(extension, "bundled", "bin"), { recursive: true });
    cpSync(path.join(project, "tools", "pyrelint"), path.join(extension, "bundled", "bin", "pyrelint"));
    await command("pyrelint: Restart Server");
    await until("underlined in end.py", () => squiggles("tool/end.py"), 1);
    const status = await languageStatus();
    say(`language status: ${status}`);
    assert.ok(status.includes(path.join(extension, "bundled", "bin", "pyrelint")), "another than the bundled program runs");
  },
  "03-squiggle": async () => {
    rmSync(STARTED);
    await command("Workspaces: Manage Workspace Trust");
    await page.locator(".workspace-trust-editor .monaco-button", { hasText: /^Trust$/ }).click();
    await page.locator(".workspace-trust-editor", { hasText: "You trust this folder" }).waitFor();
    await openFile("tool/end.py");
    await until("the program of the workspace's settings was started", () => existsSync(STARTED), true);
    await until("underlined in end.py", () => squiggles("tool/end.py"), 1);
  },
  "04-problems": async () => {
    await page.keyboard.press("Control+Shift+m");
    await until("Problems: findings", async () => (await problems()).filter((row) => row.includes("RL3")).length, 2);
    await command("Problems: Focus on Problems View");
    // Related places lie folded below their finding.
    await page.locator(".markers-panel .monaco-list-row", { hasText: "RL314" }).click();
    await page.keyboard.press("ArrowRight");
    await until("related place", async () => (await problems()).filter((row) => row.includes("a failure is returned here")).length, 1);
    const rows = await problems();
    rows.forEach((row) => say(`  ${row}`));
    // Behind `é😀` a column counts units of UTF-16 here.
    assert.ok(rows.some((row) => row.includes("RL310") && row.includes("[Ln 3, Col 12]")), "the finding is not where it should be");
  },
  "05-page-of-a-code": async () => {
    await page.locator(".markers-panel a", { hasText: "RL314" }).click();
    await until("page", async () => (await shownPages()).includes("exit-status-dropped (RL314)"), true);
  },
  "06-page-of-an-action": async () => {
    await openFile("tool/end.py");
    const offered = await quickFixes(3);
    say(`quick fixes: ${JSON.stringify(offered)}`);
    await page.locator(".action-widget .monaco-list-row", { hasText: "Show the page of RL310" }).click();
    await until("page", async () => (await shownPages()).includes("site-exit (RL310)"), true);
  },
  "07-quick-fix-menu": async () => {
    await openFile("tool/end.py");
    assert.ok((await quickFixes(3)).includes("Use `sys.exit`"));
  },
  "08-quick-fix-applied": async () => {
    await page.locator(".action-widget .monaco-list-row", { hasText: "Use `sys.exit`" }).click();
    await until("line 3", () => line("tool/end.py", "exit"), ['x = "é😀"; sys.exit(2)']);
    await until("underlined in end.py", () => squiggles("tool/end.py"), 0);
    await until("Problems of end.py", async () => (await problems()).filter((row) => row.includes("RL310")).length, 0);
  },
  "09-fix-on-save": async () => {
    await page.keyboard.press("Control+z");
    await until("line 3, not fixed", () => line("tool/end.py", "exit"), ['x = "é😀"; exit(2)']);
    await until("underlined in end.py", () => squiggles("tool/end.py"), 1);
    writeSettings({ ...SETTINGS, "[python]": { "editor.codeActionsOnSave": { "source.fixAll.pyrelint": "explicit" } } });
    // The editor reads its settings when it gets to it, and does not say so.
    await page.waitForTimeout(2000);
    await page.keyboard.press("Control+s");
    await until("line 3, saved", () => line("tool/end.py", "exit"), ['x = "é😀"; sys.exit(2)']);
    await until("the file", () => readFileSync(path.join(project, "tool", "end.py"), "utf8").split("\n")[2], 'x = "é😀"; sys.exit(2)');
    writeSettings(SETTINGS);
  },
  "10-other-file": async () => {
    await openFile("tool/__main__.py");
    await until("underlined in __main__.py", () => squiggles("tool/__main__.py"), 1);
    await command("View: Split Editor Right");
    await openFile("tool/cli.py");
    await toLine(3);
    await page.keyboard.press("Home");
    await page.keyboard.press("Shift+End");
    await page.keyboard.type("pass");
    await until("underlined in __main__.py, helper silent", () => squiggles("tool/__main__.py"), 0);
    await shot("10-other-file-silent");
    await page.keyboard.press("Home");
    await page.keyboard.press("Shift+End");
    await page.keyboard.type("return 1");
    await until("underlined in __main__.py, helper tells", () => squiggles("tool/__main__.py"), 1);
  },
  "11-restart": async () => {
    rmSync(STARTED);
    await command("pyrelint: Restart Server");
    await until("the program was started anew", () => existsSync(STARTED), true);
    await until("underlined in __main__.py", () => squiggles("tool/__main__.py"), 1);
    const status = await languageStatus();
    say(`language status: ${status}`);
    assert.match(status, /pyrelint \d+\.\d+\.\d+/);
  },
  "12-settings": async () => {
    writeSettings({ ...SETTINGS, "pyrelint.enable": false });
    await until("underlined where it is not enabled", () => squiggles("tool/__main__.py"), 0);
    writeSettings(SETTINGS);
    await until("underlined where it is enabled again", () => squiggles("tool/__main__.py"), 1);
  },
  "13-debug-information": async () => {
    await command("pyrelint: Show Debug Information");
    await until("the program is named", async () => (await texts(".view-line")).some((row) => row.includes(`${project}/tools/pyrelint`)), true);
  },
};

writeSettings(SETTINGS);
let failed = false;
for (const [name, step] of Object.entries(steps)) {
  say(`== ${name}`);
  try {
    await step();
    await shot(name);
  } catch (error) {
    say(`FAILED: ${error.message}`);
    await shot(`${name}-failed`);
    failed = true;
    break;
  }
}
await browser.close();
if (!failed) {
  // The form in which the runner of the tests counts.
  console.log(`${Object.keys(steps).length} passed`);
}
process.exitCode = failed ? 1 : 0;
