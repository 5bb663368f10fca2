// `mom lsp` in an editor: diagnostics, completion and hover.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CompletionItem, DiagnosticSeverity, type Hover } from "vscode-languageserver/node";
import { type Editor, marked, startEditor } from "../support/editor.js";
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

let files = 0;
/** Opens a text with a `|` at the cursor as a new file. */
function at(text: string): {
  name: string;
  textDocument: { uri: string };
  position: { line: number; character: number };
} {
  const name = `at-${files++}.mom`;
  const cursor = marked(text);
  editor.open(name, cursor.text);
  return { name, textDocument: { uri: editor.uri(name) }, position: cursor.position };
}

describe("diagnostics", () => {
  test("a valid spec has no diagnostics", async () => {
    editor.open("right.mom", SAMPLE);
    expect(await editor.diagnostics("right.mom")).toEqual([]);
  });
  test("a diagnostic appears with a remedy and disappears when its mistake is fixed", async () => {
    editor.open("typed.mom", SAMPLE);
    const line = SAMPLE.split("\n").indexOf("  d_model: 32");
    const range = { start: { line, character: 2 }, end: { line, character: 9 } };
    editor.change("typed.mom", [{ range, text: "d_modle" }]);
    expect(await editor.diagnostics("typed.mom")).toEqual([
      {
        range,
        severity: DiagnosticSeverity.Error,
        code: "MOM0103",
        source: "mom",
        message: "`model` has no field `d_modle`.\nDid you mean `d_model`?",
      },
    ]);
    editor.change("typed.mom", [{ range, text: "d_model" }]);
    expect(await editor.diagnostics("typed.mom")).toEqual([]);
  });
  test("related places are reported as locations", async () => {
    editor.open("twice.mom", edited("  d_model: 32\n", "  d_model: 32\n  d_model: 64\n"));
    const [twice] = await editor.diagnostics("twice.mom");
    expect(twice?.relatedInformation).toEqual([
      {
        location: {
          uri: editor.uri("twice.mom"),
          range: { start: { line: 6, character: 2 }, end: { line: 6, character: 9 } },
        },
        message: "first set here",
      },
    ]);
  });
  test("warnings have the severity of warnings", async () => {
    editor.open("warned.mom", edited("  image: ddpm(weight: 5)\n", ""));
    const [warning] = await editor.diagnostics("warned.mom");
    expect(warning).toMatchObject({ code: "MOM0325", severity: DiagnosticSeverity.Warning });
  });
  test("a change is reported in specs that import the file, open or not", async () => {
    editor.write("shut.mom", 'import "base.mom"\ntrain { steps: 3 }\nmodel { layers: mixer }\n');
    editor.write("base.mom", SAMPLE);
    editor.open("base.mom", SAMPLE);
    editor.open("over.mom", 'import "base.mom"\nmodel { layers: 3 * mixer }\n');
    expect(await editor.diagnostics("over.mom")).toEqual([]);
    editor.change("base.mom", [{ text: SAMPLE.replaceAll("mixer", "blend") }]);
    const unknown = expect.objectContaining({ code: "MOM0304" });
    await editor.until("over.mom", (all) => all.some(({ code }) => code === "MOM0304"));
    await editor.until("shut.mom", (all) => all.some(({ code }) => code === "MOM0304"));
    expect(await editor.diagnostics("base.mom")).toEqual([]);
    const [first, second] = [...(await editor.diagnostics("over.mom"))].sort(
      (a, b) => (a.severity ?? 0) - (b.severity ?? 0),
    );
    expect(first).toEqual(unknown);
    // A diagnostic in base.mom that over.mom causes is at the import and links to base.mom.
    expect(second).toMatchObject({
      message: expect.stringMatching(/^In base\.mom: `layers` does not use `blend`/),
      range: { start: { line: 0, character: 0 }, end: { line: 0, character: 17 } },
      relatedInformation: [{ location: { uri: editor.uri("base.mom"), range: { start: { line: 8, character: 8 } } } }],
    });
    editor.change("base.mom", [{ text: SAMPLE }]);
    await editor.until("over.mom", (all) => all.length === 0);
    await editor.until("shut.mom", (all) => all.length === 0);
  });
  test("a missing import is reported until its file is opened", async () => {
    editor.open("early.mom", 'import "late.mom"\n');
    expect((await editor.diagnostics("early.mom")).map(({ code }) => code)).toContain("MOM0202");
    editor.open("late.mom", SAMPLE);
    await editor.until("early.mom", (all) => all.length === 0);
  });
  test("a closed file has no diagnostics", async () => {
    editor.open("shortly.mom", "model {");
    expect(await editor.diagnostics("shortly.mom")).not.toEqual([]);
    editor.close("shortly.mom");
    await editor.until("shortly.mom", (all) => all.length === 0);
  });
});

const MODEL = SAMPLE.slice(SAMPLE.indexOf("model {"), SAMPLE.indexOf("objective"));
const REST = SAMPLE.slice(SAMPLE.indexOf("objective"), SAMPLE.indexOf("ablate"));

describe("completion", () => {
  async function completions(text: string): Promise<CompletionItem[]> {
    const { textDocument, position } = at(text);
    return editor.connection.sendRequest("textDocument/completion", { textDocument, position });
  }
  const labels = async (text: string): Promise<string[]> => (await completions(text)).map(({ label }) => label);

  test.each([
    ["missing sections", `${MODEL}\n|`, ["objective", "data", "train", "ablate", "import"], ["model"]],
    [
      "fields of a section",
      edited("  steps: 10\n", "  |\n"),
      ["accumulate", "precision", "steps"],
      ["batch", "d_model"],
    ],
    ["fields with a typed prefix", edited("  steps: 10", "  st|"), ["steps"], ["batch"]],
    [
      "fields of a block's kind",
      edited("    d_state: 16", "    |"),
      ["d_state", "d_conv", "dt_rank"],
      ["heads", "decouple"],
    ],
    ["kinds of modality", edited(": bytes", ": |"), ["bytes", "tokens", "codes", "patches"], ["mamba"]],
    ["kinds of block", edited(": mamba", ": |"), ["mamba", "attention"], ["bytes"]],
    ["projections", edited("[in_proj, x_proj(", "[|, x_proj("), ["in_proj", "out_proj", "A", "norm"], ["q_proj"]],
    ["arguments", edited("adamw(lr: 1e-3)", "adamw(|)"), ["lr", "betas", "weight_decay"], ["warmup"]],
    ["missing arguments", edited("adamw(lr: 1e-3)", "adamw(lr: 1e-3, |)"), ["betas"], ["lr"]],
    ["modalities in groups", edited("[[text]", "[[|]"), ["text", "image"], ["mixer"]],
    ["blocks in layers", edited("2 * mixer", "2 * |"), ["mixer"], ["text"]],
    [
      "modalities as columns of a source, and its fields",
      edited("source: emoji", 'source: webdataset("a.tar", text: txt, |)'),
      ["image", "order", "long", "weight"],
      ["text", "delimiter"],
    ],
    [
      "kinds of source in a list of sources",
      edited("source: emoji", "source: [emoji, |]"),
      ["webdataset", "text"],
      ["mixture", "prepared"],
    ],
    [
      "columns of a source in a list",
      edited("source: emoji", 'source: [emoji, table("a.csv", |)]'),
      ["text", "image", "delimiter"],
      ["source"],
    ],
    [
      "modalities in the order of segments",
      edited("source: emoji", 'source: table("a.csv", text: a, image: b, order: [|])'),
      ["text", "image"],
      ["mixer"],
    ],
    [
      "kinds of validation",
      edited("  length: 64", "  length: 64\n  validation: |"),
      ["files", "prepared"],
      ["mixture"],
    ],
    [
      "kinds of a named set to validate on",
      edited("  length: 64", "  length: 64\n  validation spoken: |"),
      ["files", "prepared"],
      ["mixture"],
    ],
    ["keywords as values", edited("  batch: 2", "  batch: 2\n  precision: |"), ["f32", "f16"], ["auto"]],
    ["keywords in place of a number", edited("d_state: 16", "dt_rank: |"), ["auto"], []],
    ["true and false", edited("  length: 64", "  length: 64\n  reset: |"), ["true", "false"], []],
    ["modalities without an objective", edited("  image: ddpm(weight: 5)", "  |"), ["image"], ["text"]],
    ["objectives", edited("ddpm(weight: 5)", "|"), ["ddpm", "cross_entropy"], []],
    [
      "paths to vary",
      edited("vary train.seed: [1, 2, 3]", "vary |"),
      ["mixer.d_state", "train.seed", "train.optimizer.lr", "text"],
      ["mixer.decouple"],
    ],
    ["paths after a dot", edited("vary train.seed: [1, 2, 3]", "vary mixer.|"), ["mixer.d_state"], []],
    ["functions that make values", edited("[1, 2, 3]", "|"), ["subsets", "grid", "range", "sample"], []],
    [
      "values of a varied path",
      edited("subsets([in_proj, out_proj])", "subsets([|])"),
      ["in_proj", "conv1d"],
      ["text"],
    ],
    ["paths of a baseline", edited("baseline { mixer.decouple: [] }", "baseline { | }"), ["mixer.decouple"], []],
    [
      "fields of an ablation",
      edited("  vary train.seed: [1, 2, 3]\n", "  |\n"),
      ["vary", "widen_baseline"],
      ["baseline"],
    ],
  ])("%s are proposed", async (_, text, present, absent) => {
    const found = await labels(text);
    expect(found).toEqual(expect.arrayContaining(present));
    expect(found.filter((label) => absent.includes(label))).toEqual([]);
  });

  test.each([
    [
      "in an unclosed group before another",
      `model {\n  modality text: bytes\n  |\n\n${REST}`,
      ["d_model", "block"],
      ["steps"],
    ],
    [
      "in an unclosed group at the end",
      `${MODEL}${REST.slice(0, REST.indexOf("train"))}train {\n  st|`,
      ["steps"],
      ["d_model"],
    ],
    ["in an unclosed call", edited("adamw(lr: 1e-3)", "adamw(lr: 1e-3, |"), ["betas"], ["lr"]],
    ["in an unclosed list", edited("subsets([in_proj, out_proj])", "subsets([in_proj, |"), ["out_proj"], []],
    [
      "after an unclosed group",
      `model {\n  block mixer: mamba {\n    d_state: 3\n\n${REST.replace("steps: 10", "|")}`,
      ["steps"],
      ["d_state"],
    ],
    ["next to a syntax error", edited("  batch: 2", "  batch = = 2 ; @ '\n  pre|"), ["precision"], []],
  ])("completion works %s", async (_, text, present, absent) => {
    const found = await labels(text);
    expect(found).toEqual(expect.arrayContaining(present));
    expect(found.filter((label) => absent.includes(label))).toEqual([]);
  });

  test("nothing is proposed in comments and after values", async () => {
    expect(await labels(edited("// Text and pictures.", "// Text |"))).toEqual([]);
    expect(await labels(edited("/// The captions.", "/// The |"))).toEqual([]);
    expect(await labels(edited("d_model: 32", "d_model: 32 |"))).toEqual([]);
  });

  test("an item has the description of the schema and replaces the typed prefix with a snippet", async () => {
    const items = await completions(edited("  d_model: 32", "  d_m|"));
    const item = items.find(({ label }) => label === "d_model");
    expect(item?.documentation).toMatchObject({ value: expect.stringContaining("Width of the residual stream.") });
    const line = SAMPLE.split("\n").indexOf("  d_model: 32");
    expect(item?.textEdit).toEqual({
      range: { start: { line, character: 2 }, end: { line, character: 5 } },
      newText: "d_model: $0",
    });
    const kinds = await completions(edited("patches(size: 8x8, patch: 4x4, channels: 3)", "|"));
    expect(kinds.find(({ label }) => label === "patches")?.textEdit?.newText).toBe(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: editors fill in the placeholders of a snippet
      "patches(size: ${1:32x32}, patch: ${2:4x4})",
    );
  });

  test("files to import and names of imported files are proposed", async () => {
    editor.write("scales/base.mom", SAMPLE);
    editor.write("scales/notes.txt", "");
    editor.write("scales/small/tiny.mom", "");
    const path = marked('import "scales/|"\n');
    editor.open("imports.mom", path.text);
    const textDocument = { uri: editor.uri("imports.mom") };
    const found: CompletionItem[] = await editor.connection.sendRequest("textDocument/completion", {
      textDocument,
      position: path.position,
    });
    expect(found.map(({ label }) => label)).toEqual(["base.mom", "small/"]);
    expect(await labels('import "scales/base.mom"\nmodel { layers: | }\n')).toEqual(["mixer"]);
    expect(await labels('import "scales/base.mom"\nmodel { block | }\n')).toEqual(["mixer"]);
    expect(await labels('import "scales/base.mom"\nmodel { block mixer: mamba { | } }\n')).toContain("d_conv");
  });
});

describe("hover", () => {
  async function hoverText(text: string): Promise<string> {
    const { textDocument, position } = at(text);
    const hover: Hover | null = await editor.connection.sendRequest("textDocument/hover", { textDocument, position });
    return typeof hover?.contents === "object" && "value" in hover.contents ? hover.contents.value : "";
  }

  test("a field shows its description, type, range, unit and default", async () => {
    const text = await hoverText(edited("    d_state", "    d_st|ate"));
    expect(text).toContain("N, the size of the state per channel.");
    expect(text).toContain("a whole number from 1 to 256");
    expect(text).toContain("unit: states");
    expect(text).toContain("default: `16`");
  });
  test("an argument, a kind, a value and a projection show their descriptions", async () => {
    expect(await hoverText(edited("adamw(lr", "adamw(l|r"))).toContain("Peak learning rate.");
    expect(await hoverText(edited("cosine(", "cos|ine("))).toContain("half cosine down to a floor");
    expect(await hoverText(edited("  batch: 2", "  batch: 2\n  precision: f|32"))).toContain(
      "Number format of matrix products.",
    );
    expect(await hoverText(edited("[in_proj, x_proj(", "[in_p|roj, x_proj("))).toContain("share a copy of it");
    const source = (call: string) => hoverText(edited("source: emoji", `source: [emoji, ${call}]`));
    expect(await source('table("a.csv", im|age: b)')).toContain("takes the name of a column");
    expect(await source('table("a.csv", image: b, lo|ng: cut)')).toContain("longer than a sequence");
    expect(await source('conversations("a.json", roles: {us|er: "Q: "})')).toBe("");
  });
  test("a block shows its parameters by part where it is declared or used", async () => {
    // in_proj of d_model 32 has 2 copies of 32 × 128; conv1d 64 × 4 + 64.
    const rows = ["| in_proj | 8,192 | 4,096 |", "| conv1d | 320 | 320 |"];
    for (const text of [
      edited("block mixer", "block mi|xer"),
      edited("2 * mixer", "2 * mi|xer"),
      edited("vary mixer", "vary mi|xer"),
    ]) {
      const found = await hoverText(text);
      for (const row of rows) expect(found).toContain(row);
      expect(found).toContain("Cost of one layer. Layers in the model: 2.");
      expect(found).toContain("in_proj × 2, x_proj × 2");
    }
  });
  test("layers show totals", async () => {
    const text = await hoverText(edited("  layers:", "  lay|ers:"));
    expect(text).toContain("2 layers; the model");
    expect(text).toContain("| in_proj | 16,384 | 8,192 |");
    expect(text).toMatch(/\| head \| [\d,]+ \|/);
    expect(text).toMatch(/Forward pass of a token: text [\d.]+ k?FLOP/);
  });
  test("a modality, an ablation and a varied path show what they mean", async () => {
    expect(await hoverText(edited("  image: ddpm", "  im|age: ddpm"))).toContain("`size`: 8x8");
    expect(await hoverText(edited("ablate proj", "ablate pr|oj"))).toContain("12 variants");
    expect(await hoverText(edited("train.seed", "train.se|ed"))).toContain("seeds are the replicates");
  });
  test("comments, numbers and white space show nothing", async () => {
    expect(await hoverText(edited("// Text", "// Te|xt"))).toBe("");
    expect(await hoverText(edited("d_model: 32", "d_model: 3|2"))).toBe("");
    expect(await hoverText(`${SAMPLE}\n|\n`)).toBe("");
  });
});
