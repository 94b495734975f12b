import assert from "node:assert/strict";
import { test } from "node:test";

import { codeOf, pagePath, parseRules, ruleOfPage } from "../src/rule";

test("a page's path leads back to its rule", () => {
  for (const rule of ["RL310", "site-exit"]) {
    assert.equal(ruleOfPage(pagePath(rule)), rule);
  }
  for (const path of ["/", "/RL310", "/../x.md", "/a/b.md", ""]) {
    assert.equal(ruleOfPage(path), undefined, path);
  }
});

test("the code of a finding is the same with and without an address", () => {
  assert.equal(codeOf("RL310"), "RL310");
  assert.equal(codeOf({ value: "RL310" }), "RL310");
  assert.equal(codeOf(7), "7");
  assert.equal(codeOf(undefined), undefined);
});

test("the list of rules is read, and what is none is refused", () => {
  const rule = { code: "RL310", name: "site-exit", summary: "A sentence." };
  assert.deepEqual(parseRules(JSON.stringify([{ ...rule, fix: "always" }])), [rule]);
  assert.throws(() => parseRules("{}"), /not a list/);
  assert.throws(() => parseRules('[{"code": "RL310"}]'), /without code, name or summary/);
  assert.throws(() => parseRules("error"));
});
