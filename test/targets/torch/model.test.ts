// The printed model of every spec is formatted, passes a linter, and has the parameters of mom's model.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { missingTorch, python } from "./python.js";
import { allPrinted, writeProject } from "./specs.js";

const { PositionEncoding, Workspace } = createRequire(import.meta.url)(
  "@astral-sh/ruff-wasm-nodejs",
) as typeof import("@astral-sh/ruff-wasm-nodejs");

/** Errors, unused names, the order of imports, likely bugs, outdated syntax, and missing types of functions. */
const RULES = ["E", "F", "I", "B", "UP", "ANN001", "ANN201", "D300", "D419"];
const MODULES = Object.keys(allPrinted[0]?.files ?? {}).map((name) => name.replace(/\.py$/, ""));
const ruff = new Workspace(
  {
    "target-version": "py310",
    lint: { select: RULES, isort: { "known-first-party": MODULES } },
  },
  PositionEncoding.Utf16,
);
const findings = (text: string): string[] =>
  (ruff.check(text) as { code: string; message: string; start_location: { row: number } }[]).map(
    ({ code, message, start_location: { row } }) => `${row}: ${code} ${message}`,
  );

test("the files of every project are formatted as ruff formats them and pass its checks", () => {
  const [first] = allPrinted;
  const carried = Object.entries(first?.files ?? {}).filter(([name]) => name.endsWith(".py") && name !== "model.py");
  const models = allPrinted.map(({ file, files }) => [file, files["model.py"] as string] as const);
  for (const [name, text] of [...carried, ...models]) {
    expect(ruff.format(text), name).toBe(text);
    expect(findings(text), name).toEqual([]);
  }
});

const PARAMETERS = `
import importlib, json, sys
import torch
found = {}
for folder in sys.argv[1:]:
    sys.path.insert(0, folder)
    for name in ("batch", "ops", "model"):
        sys.modules.pop(name, None)
    with torch.device("meta"):
        model = importlib.import_module("model").Model()
    found[folder] = {name: list(tensor.shape) for name, tensor in model.named_parameters()}
    sys.path.pop(0)
print(json.dumps(found))
`;

test.skipIf(missingTorch !== undefined)("every model has mom's parameters", () => {
  const folder = mkdtempSync(join(tmpdir(), "mom-torch-"));
  const projects = allPrinted.map((one, i) => {
    const path = join(folder, String(i));
    mkdirSync(path);
    writeProject(path, one);
    return { path, program: one.program };
  });
  const found = JSON.parse(python(folder, PARAMETERS, ...projects.map(({ path }) => path)));
  for (const { path, program } of projects) {
    const wanted = program.parameters.flatMap(({ names, shape }) => names.map((name) => [name, shape]));
    expect(found[path]).toEqual(Object.fromEntries(wanted));
  }
  rmSync(folder, { recursive: true });
});
