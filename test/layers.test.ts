// Imports point down, as this table allows. edge.test.ts checks that only the edge uses Node.

import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { circlesIn, importsOf, sourceTrees } from "../scripts/import-graph.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The folders and files that each folder or single file may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  diagnostics: [],
  random: [],
  grammar: ["diagnostics"],
  ir: ["diagnostics"],
  // The reference draws the same noise as the kernels.
  reference: ["ir", "random"],
  blocks: ["ir", "diagnostics"],
  // Batches and host arrays are plain data.
  batch: ["ir", "random", "diagnostics"],
  modalities: ["batch", "ir", "random", "diagnostics"],
  objectives: ["modalities", "batch", "ir", "random", "diagnostics"],
  optimizers: ["ir", "diagnostics"],
  tokenizer: ["diagnostics"],
  // Of blocks, objectives and modalities it imports only the fields. Random numbers are for `sample`.
  front: ["grammar", "diagnostics", "tokenizer", "random", "ir/ownership", "ir/chunk", "*.fields"],
  passes: ["ir", "front/spec", "blocks", "objectives", "modalities", "optimizers"],
  kernels: ["ir"],
  targets: ["ir"],
  compile: ["front", "passes", "kernels", "ir", "diagnostics"],
  gpu: ["ir", "kernels"],
  data: ["batch", "modalities", "tokenizer", "diagnostics", "random"],
  // The checked spec, diagnostics and the layout of the kernels' tables are data for the code that uses them.
  train: [
    "compile",
    "gpu",
    "data",
    "batch",
    "blocks",
    "modalities",
    "objectives",
    "optimizers",
    "random",
    "ir",
    "diagnostics",
    "front/spec",
    "kernels/tables",
  ],
  sample: [
    "compile",
    "train",
    "gpu",
    "data",
    "batch",
    "modalities",
    "objectives",
    "random",
    "ir",
    "diagnostics",
    "front/spec",
  ],
  // It uses training for the arrays of a batch, and the reference to compare variants.
  tune: [
    "compile",
    "train",
    "gpu",
    "data",
    "diagnostics",
    "batch",
    "modalities",
    "reference",
    "kernels",
    "random",
    "ir",
    "front/spec",
    "*.fields",
    "bench/measure",
  ],
  bench: ["compile", "train", "gpu", "data", "batch", "modalities", "random", "ir", "front/spec", "*.fields"],
  inspect: ["compile", "ir", "diagnostics/visible", "front/spec", "*.fields"],
  ablate: ["compile", "train", "data", "front", "gpu", "diagnostics", "*.fields"],
  report: ["compile", "inspect", "train", "ablate", "ir", "data", "diagnostics", "front/spec", "*.fields"],
  // Runs in the browser. It shares the data of the page, and how numbers are shown, with the reports.
  page: ["report/first-fall", "report/progress", "report/page/columns", "report/page/view", "train/metrics"],
  // Generated from the schema. It has only types.
  "spec.gen": [],
  lsp: ["grammar", "front", "diagnostics", "inspect", "*.fields"],
  // The interface for programs: everything except the terminal and the language server.
  api: [
    "ablate",
    "bench",
    "compile",
    "data",
    "diagnostics",
    "front",
    "gpu",
    "grammar",
    "inspect",
    "ir",
    "modalities",
    "objectives",
    "random",
    "report",
    "sample",
    "targets",
    "train",
    "tune",
    "spec.gen",
    "*.fields",
  ],
  // The goal is to import only api, lsp and diagnostics. The others show results and list the values of options.
  cli: [
    "api",
    "lsp",
    "diagnostics",
    "ablate",
    "bench",
    "compile",
    "data",
    "front",
    "gpu",
    "inspect",
    "ir",
    "objectives",
    "report",
    "sample",
    "train",
    "tune",
  ],
  // Programs that fetch or make data. No file imports them; `mom data` finds them.
  recipes: ["api", "diagnostics/input-error"],
  // The library: one page over the interface for programs.
  index: [
    "api",
    "compile",
    "data",
    "diagnostics",
    "gpu",
    "inspect",
    "ir",
    "objectives",
    "report",
    "sample",
    "spec.gen",
    "tune",
  ],
};

interface Import {
  readonly from: string;
  readonly to: string;
}

const roomOf = (file: string): string => {
  const [top = "", second = ""] = file.split("/");
  return top === "src" ? second.replace(/\.ts$/, "") : top;
};

const trees = sourceTrees(ROOT);
const files = [...trees.keys()];
const graph = new Map([...trees].map(([file, tree]) => [file, importsOf(file, tree)]));
const imports = [...graph].flatMap(([from, named]) => named.map((to): Import => ({ from, to })));
const inside = imports.filter(({ to }) => /^(src|grammar|recipes)\//.test(to));

function allowed({ from, to }: Import): boolean {
  const [room, target] = [roomOf(from), roomOf(to)];
  if (room === target) return true;
  return (MAY_IMPORT[room] ?? []).some((may) => {
    if (may === "*.fields") return to.endsWith(".fields.ts");
    return may.includes("/") ? to === `src/${may}.ts` : target === may;
  });
}

test("many imports are checked", () => {
  expect(files.length).toBeGreaterThan(40);
  expect(inside.length).toBeGreaterThan(100);
});

test("every folder and single file is in the table", () => {
  const rooms = new Set(files.map(roomOf));
  expect([...rooms].filter((room) => MAY_IMPORT[room] === undefined)).toEqual([]);
});

test("imports point down", () => {
  expect(inside.filter((one) => !allowed(one)).map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test("there are no import cycles, types included", () => {
  expect(circlesIn(graph)).toEqual([]);
  const circle = new Map([
    ["a", ["b"]],
    ["b", ["c", "d"]],
    ["c", ["a"]],
    ["d", []],
  ]);
  expect(circlesIn(circle)).toEqual([["a", "b", "c"]]);
});

test("only src/gpu/dawn.ts imports Dawn", () => {
  expect(imports.filter(({ from, to }) => to === "webgpu" && from !== "src/gpu/dawn.ts")).toEqual([]);
});
