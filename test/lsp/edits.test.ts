// Thousands of random edits with `mom lsp`. `MOM_CASES=10000 npx vitest run test/lsp/edits.test.ts` makes 10,000.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Diagnostic } from "vscode-languageserver/node";
import { check } from "../../src/front/check.js";
import { diagnosticsOf } from "../../src/lsp/diagnostics.js";
import { pathOf } from "../../src/lsp/workspace.js";
import { stream } from "../../src/random/stream.js";
import { type Editor, startEditor, withEdits } from "../support/editor.js";
import { buildMom, type Mom } from "../support/mom.js";
import { SAMPLE } from "./sample.js";

let mom: Mom;
let editor: Editor;
beforeAll(async () => {
  mom = await buildMom();
  editor = await startEditor(mom);
});
afterAll(async () => {
  expect(await editor.stop()).toBe(0);
  mom.dispose();
});

const EDITS = Number(process.env.MOM_CASES ?? 2500);
/** Edits between two comparisons with a fresh check. */
const COMPARE_EVERY = 100;
/** Edits after which the texts are reset. */
const RESET_EVERY = 400;

const PIECES = [
  ..."{}[]():,.+*=;#\"'\n \t/-x_@é",
  ..."\r",
  ..."0123456789",
  ...SAMPLE.split(/\b/),
  "import",
  "remove mixer",
  "groups: [[text], [image]]",
  "ablate a { vary mixer.d_state: range(from: 1, to: 4) }",
  "🙂",
  "/* */",
  '"base.mom"',
  "{{{{{{{{",
  "((((",
];

/** The expected diagnostics of a file, from a separate check of the texts. */
function fresh(name: string, texts: ReadonlyMap<string, string>): readonly Diagnostic[] {
  const sources = new Map(
    [...texts].map(([file, text]) => [pathOf(editor.uri(file)), { path: pathOf(editor.uri(file)), text }]),
  );
  const entry = sources.get(pathOf(editor.uri(name)));
  if (entry === undefined) throw new Error(`There is no text of ${name}.`);
  const checked = check(entry, (path) => sources.get(path));
  const uris = new Map([...texts.keys()].map((file) => [pathOf(editor.uri(file)), editor.uri(file)]));
  const closure = (path: string) => [...sources.values()].filter((source) => source.path === path);
  return diagnosticsOf(checked, { uriOf: (path) => uris.get(path) ?? path, closure });
}

test(`${EDITS} random edits of a spec and its import cause no crash and no stale diagnostic`, async () => {
  const random = stream("order", 7);
  const below = (n: number): number => Math.floor(random.uniform() * n);
  const BASE = SAMPLE;
  const OVER = 'import "base.mom"\nmodel {\n  layers: 3 * mixer\n}\nablate more { vary mixer.d_conv: [2, 3] }\n';
  const texts = new Map([
    ["base.mom", BASE],
    ["over.mom", OVER],
  ]);
  for (const [name, text] of texts) {
    editor.write(name, text);
    editor.open(name, text);
  }
  const position = (text: string): { line: number; character: number } => {
    const lines = text.split(/\r\n|\r|\n/);
    const line = below(lines.length);
    return { line, character: below((lines[line]?.length ?? 0) + 1) };
  };
  const answers: Promise<unknown>[] = [];
  let compared = 0;
  let invalid = 0;
  let inImport = 0;
  for (let i = 1; i <= EDITS; i++) {
    // The importing file is short and rarely edited, so its import stays valid for many edits.
    const name = below(60) === 0 ? "over.mom" : "base.mom";
    const text = texts.get(name) ?? "";
    if (i % RESET_EVERY === 0) {
      texts.set("base.mom", BASE).set("over.mom", OVER);
      for (const [file, original] of texts) editor.change(file, [{ text: original }]);
      continue;
    }
    const start = position(text);
    const deletes = below(2) === 0;
    const end = deletes ? { line: start.line, character: start.character + below(12) } : start;
    const newText = deletes && below(2) === 0 ? "" : (PIECES[below(PIECES.length)] ?? "");
    texts.set(name, withEdits(text, [{ range: { start, end }, newText }]));
    editor.change(name, [{ range: { start, end }, text: newText }]);
    if (i % 7 === 0) {
      const at = { textDocument: { uri: editor.uri(name) }, position: position(texts.get(name) ?? "") };
      const range = { start: { line: 0, character: 0 }, end: { line: 999, character: 0 } };
      const requests = ["completion", "hover", "definition", "references", "documentSymbol", "inlayHint", "codeAction"];
      const method = `textDocument/${requests[below(requests.length)]}`;
      const context = { diagnostics: [], includeDeclaration: true };
      answers.push(editor.connection.sendRequest(method, { ...at, range, context }));
    }
    if (i % COMPARE_EVERY === 0) {
      for (const file of texts.keys()) {
        const wanted = fresh(file, texts);
        await editor.diagnostics(file);
        await editor.until(file, (found) => JSON.stringify(found) === JSON.stringify(wanted));
        compared++;
        if (wanted.length > 0) invalid++;
        if (wanted.some(({ message }) => String(message).startsWith("In base.mom"))) inImport++;
      }
      await Promise.all(answers.splice(0));
    }
  }
  expect(editor.exited()).toBeNull();
  expect(compared).toBeGreaterThan(EDITS / 100);
  expect(invalid).toBeGreaterThan(compared / 2);
  expect(inImport).toBeGreaterThan(compared / 5);
  for (const file of texts.keys()) {
    editor.change(file, [{ text: file === "base.mom" ? BASE : OVER }]);
    expect(await editor.diagnostics(file)).toEqual([]);
  }
});
