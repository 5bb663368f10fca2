// Requests of editors to `mom lsp`, except diagnostics, completion and hover.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type {
  CodeAction,
  DocumentSymbol,
  InlayHint,
  Location,
  TextEdit,
  WorkspaceEdit,
} from "vscode-languageserver/node";
import { type Editor, marked, startEditor, withEdits } from "../support/editor.js";
import { buildMom, type Mom } from "../support/mom.js";
import { edited, SAMPLE } from "./sample.js";

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

const wholeFile = { start: { line: 0, character: 0 }, end: { line: 10_000, character: 0 } };

/** The line number and the text of a range. */
function textAt(text: string, { start, end }: Location["range"]): string {
  expect(start.line).toBe(end.line);
  return `${start.line}: ${text.split("\n")[start.line]?.slice(start.character, end.character)}`;
}

describe("names", () => {
  let files = 0;
  async function ask<T>(
    method: string,
    text: string,
    more: object = {},
  ): Promise<{ name: string; text: string; result: T }> {
    const name = `names-${files++}/a.mom`;
    const cursor = marked(text);
    editor.open(name, cursor.text);
    const params = { textDocument: { uri: editor.uri(name) }, position: cursor.position, ...more };
    return { name, text: cursor.text, result: await editor.connection.sendRequest(method, params) };
  }

  test.each([
    ["a block in layers", edited("2 * mixer", "2 * mi|xer"), "9: mixer"],
    ["a block in a path", edited("vary mixer", "vary mi|xer"), "9: mixer"],
    ["a block in a baseline", edited("{ mixer.decouple: [] }", "{ mi|xer.decouple: [] }"), "9: mixer"],
    ["a modality in groups", edited("[[text]", "[[te|xt]"), "4: text"],
    ["a modality in objectives", edited("  image: ddpm", "  ima|ge: ddpm"), "5: image"],
  ])("the definition of %s is found", async (_, text, wanted) => {
    const { name, text: bare, result } = await ask<Location[]>("textDocument/definition", text);
    expect(result.map(({ uri }) => uri)).toEqual([editor.uri(name)]);
    expect(result.map(({ range }) => textAt(bare, range).replace(/^\d+/, (n) => String(Number(n) + 1)))).toEqual([
      wanted,
    ]);
  });

  test("fields and kinds have no definition", async () => {
    expect((await ask("textDocument/definition", edited("    d_state", "    d_st|ate"))).result).toEqual([]);
    expect((await ask("textDocument/definition", edited(": mamba", ": ma|mba"))).result).toEqual([]);
  });

  test("definitions lead to imported files", async () => {
    editor.write("far/base.mom", SAMPLE);
    editor.open("far/top.mom", 'import "base.mom"\nmodel {\n  layers: 3 * mixer\n}\n');
    const textDocument = { uri: editor.uri("far/top.mom") };
    const definitionAt = (line: number, character: number): Promise<Location[]> =>
      editor.connection.sendRequest("textDocument/definition", { textDocument, position: { line, character } });
    expect(await definitionAt(2, 16)).toEqual([
      { uri: editor.uri("far/base.mom"), range: { start: { line: 8, character: 8 }, end: { line: 8, character: 13 } } },
    ]);
    expect((await definitionAt(0, 12)).map(({ uri }) => uri)).toEqual([editor.uri("far/base.mom")]);
  });

  test("a block is renamed in one file", async () => {
    const { name, text, result } = await ask<WorkspaceEdit>("textDocument/rename", edited("2 * mixer", "2 * |mixer"), {
      newName: "blend",
    });
    const edits = result.changes?.[editor.uri(name)] ?? [];
    expect(withEdits(text, edits)).toBe(SAMPLE.replaceAll("mixer", "blend"));
  });

  test("a modality is renamed in one file", async () => {
    const { name, text, result } = await ask<WorkspaceEdit>(
      "textDocument/rename",
      edited("  text: cross", "  tex|t: cross"),
      {
        newName: "words",
      },
    );
    const edits = result.changes?.[editor.uri(name)] ?? [];
    expect(withEdits(text, edits)).toBe(SAMPLE.replaceAll(/\btext\b/g, "words"));
  });

  test("a rename of a modality changes the columns and the order of sources", async () => {
    const spec = edited(
      "source: emoji",
      'source: [table("a.csv", text: text, image: b, order: [image, text]), text("text")]\n  validation: files("a", text: c)',
    );
    const renamed = spec
      .replace(/(modality|order: \[image,) text/g, "$1 words")
      .replace(/\btext(?=: (text,|cross|c\)|bytes))/g, "words")
      .replace("groups: [[text]", "groups: [[words]");
    const { name, text, result } = await ask<WorkspaceEdit>(
      "textDocument/rename",
      spec.replace("  text: cross", "  tex|t: cross"),
      { newName: "words" },
    );
    expect(withEdits(text, result.changes?.[editor.uri(name)] ?? [])).toBe(renamed);
  });

  test("a rename changes imported files and other files that import them", async () => {
    const sum = "model {\n  block other: mamba\n  layers: 2 * (mixer + other)\n}\n";
    const over = `import "base.mom"\n${sum}`;
    const beside = 'import "base.mom"\nablate more { vary mixer.d_state: [8, 16] }\nmodel { layers: "mixer" }\n';
    editor.write("rename/base.mom", SAMPLE);
    editor.write("rename/over.mom", over);
    editor.write("rename/beside.mom", beside);
    editor.write("rename/alone.mom", SAMPLE);
    editor.open("rename/over.mom", over);
    const params = { textDocument: { uri: editor.uri("rename/over.mom") }, position: { line: 3, character: 17 } };
    expect(await editor.connection.sendRequest("textDocument/prepareRename", params)).toMatchObject({
      placeholder: "mixer",
    });
    const rename: WorkspaceEdit = await editor.connection.sendRequest("textDocument/rename", {
      ...params,
      newName: "blend",
    });
    const changes = rename.changes ?? {};
    const names = ["rename/base.mom", "rename/beside.mom", "rename/over.mom"];
    expect(Object.keys(changes).sort()).toEqual(names.map(editor.uri));
    for (const [i, text] of [SAMPLE, beside, over].entries())
      expect(withEdits(text, changes[editor.uri(names[i] ?? "")] ?? [])).toBe(text.replaceAll("mixer", "blend"));
  });

  test("the references of a block are found", async () => {
    const { result } = await ask<Location[]>("textDocument/references", edited("block mixer", "block |mixer"), {
      context: { includeDeclaration: true },
    });
    expect(result.map(({ range }) => range.start.line)).toEqual([8, 13, 34, 36]);
  });

  test.each([
    ["an existing name", "image", /The modality `image` already exists/],
    ["a section's name", "train", /is a word of the language/],
    ["a keyword", "import", /is a word of the language/],
    ["an invalid name", "two words", /is not a name/],
  ])("a rename to %s is refused", async (_, newName, message) => {
    const asked = ask("textDocument/rename", edited("2 * mixer", "2 * |mixer"), { newName });
    await expect(asked).rejects.toThrow(message);
  });

  test("a field cannot be renamed", async () => {
    expect((await ask("textDocument/prepareRename", edited("    d_state", "    d_st|ate"))).result).toBeNull();
    await expect(ask("textDocument/rename", edited("    d_state", "    d_st|ate"), { newName: "x" })).rejects.toThrow(
      "Only blocks and modalities",
    );
  });
});

describe("quick fixes", () => {
  let files = 0;
  async function fixes(text: string): Promise<{ title: string; fixed: string }[]> {
    const name = `fix-${files++}.mom`;
    editor.open(name, text);
    const diagnostics = await editor.diagnostics(name);
    const textDocument = { uri: editor.uri(name) };
    const found: CodeAction[] = await editor.connection.sendRequest("textDocument/codeAction", {
      textDocument,
      range: wholeFile,
      context: { diagnostics },
    });
    for (const { diagnostics: fixed } of found) expect(diagnostics).toEqual(expect.arrayContaining(fixed ?? [null]));
    return found.map(({ title, edit }) => ({ title, fixed: withEdits(text, edit?.changes?.[editor.uri(name)] ?? []) }));
  }

  test.each([
    ["an unknown field", edited("  batch: 2", "  bacth: 2"), "Replace `bacth` with `batch`"],
    ["an unknown kind", edited(": mamba", ": mambo"), "Replace `mambo` with `mamba`"],
    [
      "an unknown projection",
      edited("subsets([in_proj, out_proj])", "subsets([in_proj, out_prj])"),
      "Replace `out_prj` with `out_proj`",
    ],
    [
      "an unknown projection of a block",
      edited("[in_proj, x_proj(", "[in_prj, x_proj("),
      "Replace `in_prj` with `in_proj`",
    ],
    ["an unknown block", edited("2 * mixer", "2 * mixr"), "Replace `mixr` with `mixer`"],
    ["an unknown modality in groups", edited("[[text]", "[[txt]"), "Replace `txt` with `text`"],
    ["an unknown modality with an objective", edited("  image: ddpm", "  imag: ddpm"), "Replace `imag` with `image`"],
    ["an unknown path", edited("vary train.seed", "vary train.sead"), "Replace `train.sead` with `train.seed`"],
    ["an unknown value", edited("  batch: 2", "  batch: 2\n  precision: f6"), "Replace `f6` with `f16`"],
    ["an unknown argument", edited("adamw(lr:", "adamw(lrr:"), "Replace `lrr` with `lr`"],
  ])("a similar name replaces %s", async (_, text, title) => {
    const [from = "", to = ""] = [...title.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    const fix = (await fixes(text)).find((one) => one.title === title);
    expect(fix?.fixed).toBe(text.replace(new RegExp(`\\b${from}\\b`), to));
  });

  test.each([
    [
      "a missing objective",
      edited("  image: ddpm(weight: 5)\n", ""),
      "Add the objective `image: ddpm`",
      edited("ddpm(weight: 5)", "ddpm"),
    ],
    [
      "an unsuitable objective",
      edited("ddpm(weight: 5)", "cross_entropy(weight: 5)"),
      "Replace `cross_entropy(weight: 5)` with `ddpm`",
      edited("ddpm(weight: 5)", "ddpm"),
    ],
    ["a missing field", edited("  length: 64\n", ""), "Add `length`", edited("length: 64", "length: 512")],
    [
      "a missing argument",
      edited("size: 8x8, patch: 4x4, channels: 3", "size: 8x8"),
      "Add `patch`",
      edited("patch: 4x4, channels: 3", "patch: 4x4"),
    ],
    ["an equals sign instead of a colon", edited("d_model: 32", "d_model = 32"), "Replace `=` with `:`", SAMPLE],
    [
      "a hyphen instead of an underscore",
      edited("    d_state", "    d-state"),
      "Replace `d-state` with `d_state`",
      SAMPLE,
    ],
    ["an extra semicolon", edited("d_model: 32", "d_model: 32;"), "Remove `;`", SAMPLE],
    ["a missing bracket", edited("[1, 2, 3]", "[1, 2, 3"), "Add `]`", SAMPLE],
    ["a missing brace", edited("  length: 64\n}\n", "  length: 64\n"), "Add `}`", SAMPLE],
    ["a missing comma", edited("[1, 2, 3]", "[1, 2 3]"), "Add a comma", SAMPLE],
    ["an extra comma", edited("[1, 2, 3]", "[1, 2,, 3]"), "Remove `,`", edited("[1, 2, 3]", "[1, 2, 3]")],
    ["two fields on one line", edited("  steps: 10\n  batch: 2", "  steps: 10 batch: 2"), "Start a new line", SAMPLE],
    ["a `#` comment", edited("// Text", "# Text"), "Write it as a `//` comment", SAMPLE],
    ["a brace on a new line", edited("train {", "train\n{"), "Move it to the line above", SAMPLE],
  ])("%s is fixed", async (_, text, title, wanted) => {
    const found = await fixes(text);
    expect(found.map((one) => one.title)).toContain(title);
    expect(found.find((one) => one.title === title)?.fixed).toBe(wanted);
  });

  test("a missing section is added with valid fields", async () => {
    const without = SAMPLE.replace(/\ntrain \{[^}]*\}\n/, "").replace(/\nablate.*$/s, "");
    const fix = (await fixes(without)).find(({ title }) => title === "Add `train`");
    editor.open("fixed.mom", fix?.fixed ?? "");
    expect(await editor.diagnostics("fixed.mom")).toEqual([]);
  });
});

describe("formatting", () => {
  let files = 0;
  const options = { tabSize: 4, insertSpaces: true };
  async function edits(text: string): Promise<TextEdit[]> {
    const name = `format-${files++}.mom`;
    editor.open(name, text);
    const textDocument = { uri: editor.uri(name) };
    return await editor.connection.sendRequest("textDocument/formatting", { textDocument, options });
  }
  const FORMATTED = SAMPLE.replace("modality text: b", "modality text:  b").replace("  text: cross", "  text:  cross");

  test("changes only the lines that need it", async () => {
    const found = await edits(SAMPLE);
    expect(withEdits(SAMPLE, found)).toBe(FORMATTED);
    expect(found.map(({ range }) => [range.start.line, range.end.line])).toEqual([
      [3, 4],
      [17, 18],
    ]);
  });
  test.each([
    ["a formatted file", FORMATTED, FORMATTED],
    ["a file on one line", "data{length:4,source:emoji}", "data { length: 4, source: emoji }\n"],
    ["blank lines and a comment at the end", "\n\na: 1\n\n\n\nb: 2 // c", "a: 1\n\nb: 2 // c\n"],
    ["lines that end in \\r\\n", "a:1\r\nb: 2\r\n\r\n", "a: 1\r\nb: 2\r\n"],
    ["an empty file", "", ""],
    ["ten thousand lines", "a:1\n".repeat(10_000), "a: 1\n".repeat(10_000)],
    ["a file with a syntax error, which stays unchanged", "data{ length=4 }", "data{ length=4 }"],
    ["an unknown field", "nonsense{lenght :4}", "nonsense { lenght: 4 }\n"],
  ])("formats %s", async (_, text, wanted) => {
    expect(withEdits(text, await edits(text))).toBe(wanted);
  });
});

describe("information on a file", () => {
  test("the outline lists sections, fields and blocks with their values", async () => {
    editor.open("outline.mom", `import "x.mom"\n${SAMPLE}`);
    const textDocument = { uri: editor.uri("outline.mom") };
    const found: DocumentSymbol[] = await editor.connection.sendRequest("textDocument/documentSymbol", {
      textDocument,
    });
    const flat = (all: readonly DocumentSymbol[], depth = 0): string[] =>
      all.flatMap(({ name, detail, children }) => [
        `${"  ".repeat(depth)}${name}${detail === undefined ? "" : ` – ${detail}`}`,
        ...flat(children ?? [], depth + 1),
      ]);
    expect(flat(found).slice(0, 8)).toEqual([
      "x.mom",
      "model",
      "  text – modality: bytes",
      "  image – modality: patches(size: 8x8, patch: 4x4, channels: 3)",
      "  d_model – 32",
      "  mixer – block: mamba",
      "    d_state – 16",
      "    decouple – [in_proj, x_proj(groups: [[text], [image]])]",
    ]);
    expect(found.map(({ name }) => name)).toEqual(["x.mom", "model", "objective", "data", "train", "projections"]);
    for (const { range, selectionRange } of found)
      expect(range.start.line).toBeLessThanOrEqual(selectionRange.start.line);
  });

  test("inlay hints show parameters and FLOPs of blocks and layers and the variants of ablations", async () => {
    editor.open("inlay.mom", SAMPLE);
    const textDocument = { uri: editor.uri("inlay.mom") };
    const ask = (range: object): Promise<InlayHint[]> =>
      editor.connection.sendRequest("textDocument/inlayHint", { textDocument, range });
    const lines = SAMPLE.split("\n");
    const found = (await ask(wholeFile)).map(({ position, label }) => {
      expect(position.character).toBe(lines[position.line]?.length);
      return `${lines[position.line]?.trim()} ⟵ ${label}`;
    });
    expect(found).toEqual([
      // in_proj 2 × 4096, conv1d 320, x_proj 2 × 2176, dt_proj 192, A 1024, D 64, out_proj 2048, norm 32.
      "block mixer: mamba { ⟵ 16.2 k parameters, 9.95 k active · 25.8 kFLOP per token",
      "layers: 2 * mixer ⟵ 2 layers · 61.6 k parameters, 49 k active · text 69.1 kFLOP, image 62.9 kFLOP per token",
      "ablate projections { ⟵ 12 variants",
    ]);
    expect(await ask({ start: { line: 15, character: 0 }, end: { line: 30, character: 0 } })).toEqual([]);
    editor.change("inlay.mom", [{ text: edited("d_model: 32", "d_model: many") }]);
    expect(await ask(wholeFile)).toEqual([]);
  });
});
