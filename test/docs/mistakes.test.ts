// docs/mistakes.md shows the messages for a dozen mistakes, next to those of Chevrotain's parser with the same grammar and of
// Ajv with the same schema. UPDATE_MISTAKES=1 rewrites the page.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultParserErrorProvider } from "chevrotain";
import { expect, test } from "vitest";
import { SpecParser } from "../../grammar/parser.js";
import { lexer } from "../../grammar/tokens.js";
import { load } from "../../src/front/imports.js";
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
  ["group-misspelt", "A misspelt modality in a group"],
  ["number-in-quotes", "A number in quotes"],
  ["patch-turned", "Height and width swapped"],
  ["patch-of-one-side", "One side instead of a size"],
  ["missing-comma-in-list", "A missing comma"],
  ["duplicate-block", "A duplicate block"],
  ["import-misspelt", "A wrong import path"],
  ["ablate-path-misspelt", "A misspelt path in an ablation"],
  ["hyphen-in-name", "A hyphen in a name"],
] as const;

const imported = (path: string) => {
  const file = join(ROOT, "test/reject", path);
  return existsSync(file) ? { path, text: readFileSync(file, "utf8") } : undefined;
};

/** The first message of Chevrotain or Ajv alone, with imports merged; undefined if both accept the text. */
function bare(text: string): string | undefined {
  const lexed = lexer.tokenize(text);
  const [unknown] = lexed.errors;
  if (unknown) return unknown.message;
  const parser = Object.assign(new SpecParser(), {
    errorMessageProvider: defaultParserErrorProvider,
    recoveryEnabled: false,
  });
  parser.input = lexed.tokens;
  parser.file();
  const [unexpected] = parser.errors;
  if (unexpected) return unexpected.message;
  const { section } = load({ path: "a.mom", text }, imported);
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
    const message = bare(found.spec);
    const other =
      message === undefined
        ? "Chevrotain and Ajv accept this spec."
        : `Chevrotain and Ajv print:\n\n\`\`\`text\n${message.trim()}\n\`\`\``;
    return `## ${title}\n\n\`\`\`text\n${found.message.trimEnd()}\n\`\`\`\n\n${other}\n`;
  });
  return `# A dozen mistakes

This page shows the messages of \`npx mom check\` for a dozen common mistakes. After each comes what the libraries that \`mom\` is built on
print for the same spec by themselves: the parser [Chevrotain](https://chevrotain.io) with \`mom\`'s grammar, and the JSON Schema validator
[Ajv](https://ajv.js.org) with \`mom\`'s schema. A test generates this page.

${sections.join("\n")}`;
}

test("docs/mistakes.md shows the current messages", () => {
  if (process.env.UPDATE_MISTAKES !== undefined) writeFileSync(PAGE, page());
  expect(readFileSync(PAGE, "utf8")).toBe(page());
});

test("each message names the place and a fix", () => {
  for (const [name] of DOZEN) {
    const message = rejectedIn(ROOT).find((one) => one.name === `${name}.mom`)?.message ?? "";
    expect(message, name).toMatch(/-->.*:\d+:\d+/);
    expect(message, name).toMatch(/^(help|expected|example) /m);
  }
});
