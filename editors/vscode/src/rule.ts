// The rules and the addresses of their pages. Nothing here knows VS Code.

/** The scheme of the documents that are rules' pages. */
export const SCHEME = "pyrelint-rule";

/** A rule, as `pyrelint rules --output-format json` lists it. */
export interface Rule {
  readonly code: string;
  readonly name: string;
  readonly summary: string;
}

/** The rules in what `pyrelint rules --output-format json` printed; throws where it is something else. */
export function parseRules(output: string): Rule[] {
  const listed: unknown = JSON.parse(output);
  if (!Array.isArray(listed)) {
    throw new Error("the list of rules is not a list");
  }
  return listed.map((entry: Partial<Record<string, unknown>>) => {
    const { code, name, summary } = entry;
    if (typeof code !== "string" || typeof name !== "string" || typeof summary !== "string") {
      throw new Error(`a rule without code, name or summary: ${JSON.stringify(entry)}`);
    }
    return { code, name, summary };
  });
}

/** The path of a rule's page; by its extension it is shown as Markdown. */
export function pagePath(rule: string): string {
  return `/${rule}.md`;
}

/** The rule whose page lies at a path, if it is one. */
export function ruleOfPage(path: string): string | undefined {
  return /^\/([\w-]+)\.md$/.exec(path)?.[1];
}

/** The code of a finding: VS Code has it with or without an address. */
export function codeOf(code: string | number | { readonly value: string | number } | undefined): string | undefined {
  const value = typeof code === "object" ? code.value : code;
  return value === undefined ? undefined : String(value);
}
