// docs/mistakes.md: what is said of a dozen mistakes, beside what a parser of the same grammar and a check against the same
// schema say by themselves. UPDATE_MISTAKES=1 writes the page anew.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultParserErrorProvider } from "chevrotain";
import { expect, test } from "vitest";
import { parse } from "../../grammar/parse.js";
import { SpecParser } from "../../grammar/parser.js";
import { lexer } from "../../grammar/tokens.js";
import { EMPTY, gather } from "../../src/front/document.js";
import { merge } from "../../src/front/imports.js";
import { ROOT as SCHEMA } from "../../src/front/schema.js";
import { shapeSection } from "../../src/front/shape.js";
import { validateSpec } from "../../src/front/validate.js";
import { ROOT } from "../support/mom.js";
import { rejectedIn } from "../support/rejected.js";

const PAGE = join(ROOT, "docs/mistakes.md");
const DOZEN = [
  ["projection-misspelt", "A misspelt projection"],
  ["missing-brace-of-section", "A missing brace"],
  ["equals-for-colon", "`=` for `:`"],
  ["group-misspelt", "A group that names no modality"],
  ["number-in-quotes", "A text where a number belongs"],
  ["patch-turned", "A size the wrong way round"],
  ["patch-of-one-side", "One side of a square"],
  ["missing-comma-in-list", "A missing comma"],
  ["duplicate-block", "A block twice"],
  ["import-misspelt", "A wrong import path"],
  ["ablate-path-misspelt", "An ablation of what is not there"],
  ["hyphen-in-name", "A hyphen in a name"],
] as const;

/** The first thing that Chevrotain and ajv say without anything of ours; undefined where they have no objection. */
function bare(text: string): string | undefined {
  const lexed = lexer.tokenize(text);
  const [strange] = lexed.errors;
  if (strange) return strange.message;
  const parser = Object.assign(new SpecParser(), {
    errorMessageProvider: defaultParserErrorProvider,
    recoveryEnabled: false,
  });
  parser.input = lexed.tokens;
  parser.file();
  const [unexpected] = parser.errors;
  if (unexpected) return unexpected.message;
  const { entries } = parse({ path: "a.mom", text });
  const section = merge(EMPTY, gather(entries, []), []);
  if (section.members.size === 0) return undefined;
  const members = new Map(section.members);
  members.delete("ablate");
  const places = new Map();
  const json = shapeSection({ ...section, members }, SCHEMA, "", {
    entry: "a.mom",
    places,
    diagnostics: [],
    textOf: () => "",
  });
  const validated = validateSpec(json);
  const [error] = "errors" in validated ? validated.errors : [];
  return error && `${error.instancePath} ${error.message}`;
}

function page(): string {
  const rejected = rejectedIn(ROOT);
  const sections = DOZEN.map(([name, title]) => {
    const found = rejected.find((one) => one.name === `${name}.mom`);
    if (found === undefined) throw new Error(`there is no test/reject/${name}.mom`);
    const said = bare(found.spec);
    const other = said === undefined ? " nothing: both take it." : `:\n\n\`\`\`text\n${said}\n\`\`\``;
    return `## ${title}\n\n\`\`\`text\n${found.says.trimEnd()}\n\`\`\`\n\nA bare parser and schema say${other}\n`;
  });
  return `# A dozen mistakes

What \`npx mom check\` says of a dozen mistakes that everybody makes once, and below it what a parser of the same grammar and a check
against the same schema say without what was built around them. A test makes this page: nothing in it is written by hand.

${sections.join("\n")}`;
}

test("docs/mistakes.md says what is said", () => {
  if (process.env.UPDATE_MISTAKES !== undefined) writeFileSync(PAGE, page());
  expect(readFileSync(PAGE, "utf8")).toBe(page());
});

test("each message names the place and a remedy", () => {
  for (const [name] of DOZEN) {
    const says = rejectedIn(ROOT).find((one) => one.name === `${name}.mom`)?.says ?? "";
    expect(says, name).toMatch(/-->.*:\d+:\d+/);
    expect(says, name).toMatch(/^(help|expected|example) /m);
  }
});
