// `mom lsp` under a storm of edits.
// `MOM_CASES=10000 npx vitest run test/lsp/edits.test.ts` makes that many.
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
/** Between comparisons with a fresh check, and before the texts begin anew. */
const COMPARED = 100;
const ANEW = 400;

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

/** What the server should say of a file, by a check of its own of texts alone. */
function fresh(name: string, texts: ReadonlyMap<string, string>): readonly Diagnostic[] {
  const sources = new Map(
    [...texts].map(([file, text]) => [pathOf(editor.uri(file)), { path: pathOf(editor.uri(file)), text }]),
  );
  const entry = sources.get(pathOf(editor.uri(name)));
  if (entry === undefined) throw new Error(`no text of ${name}`);
  const checked = check(entry, (path) => sources.get(path));
  const uris = new Map([...texts.keys()].map((file) => [pathOf(editor.uri(file)), editor.uri(file)]));
  const closure = (path: string) => [...sources.values()].filter((source) => source.path === path);
  return diagnosticsOf(checked, { uriOf: (path) => uris.get(path) ?? path, closure });
}

test(`${EDITS} random edits of a spec and of what it imports: no crash, no stale diagnostic`, async () => {
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
  let wrong = 0;
  let across = 0;
  for (let i = 1; i <= EDITS; i++) {
    // What imports is short, and edited seldom, so that it goes on importing for a while.
    const name = below(60) === 0 ? "over.mom" : "base.mom";
    const text = texts.get(name) ?? "";
    if (i % ANEW === 0) {
      texts.set("base.mom", BASE).set("over.mom", OVER);
      for (const [file, anew] of texts) editor.change(file, [{ text: anew }]);
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
    if (i % COMPARED === 0) {
      for (const file of texts.keys()) {
        const wanted = fresh(file, texts);
        await editor.diagnostics(file);
        await editor.until(file, (said) => JSON.stringify(said) === JSON.stringify(wanted));
        compared++;
        if (wanted.length > 0) wrong++;
        if (wanted.some(({ message }) => String(message).startsWith("In base.mom"))) across++;
      }
      await Promise.all(answers.splice(0));
    }
  }
  expect(editor.exited()).toBeNull();
  expect(compared).toBeGreaterThan(EDITS / 100);
  expect(wrong).toBeGreaterThan(compared / 2);
  expect(across).toBeGreaterThan(compared / 5);
  for (const file of texts.keys()) {
    editor.change(file, [{ text: file === "base.mom" ? BASE : OVER }]);
    expect(await editor.diagnostics(file)).toEqual([]);
  }
});
