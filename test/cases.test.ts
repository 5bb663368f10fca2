// Small inputs that once failed: invalid specs that passed, text that controlled a terminal, inputs that hung, and losses
// that depended on the batch. Other tests read the pictures, sounds, weights and data sets of test/cases.

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeDisk } from "../src/api/node/disk.js";
import { nodeHost } from "../src/api/node/host.js";
import { checkFile } from "../src/api/read-spec.js";
import { shown } from "../src/cli/streams.js";
import { compile, EVALUATION_PHASES, trainingOn } from "../src/compile.js";
import { prepare } from "../src/data/prepare.js";
import { isError } from "../src/diagnostics/diagnostic.js";
import { positionOf, render } from "../src/diagnostics/render.js";
import { check } from "../src/front/check.js";
import type { CheckedSpec } from "../src/front/spec.js";
import type { OpenDevice } from "../src/gpu/dawn.js";
import { validate } from "../src/train/loop.js";
import { openModel } from "../src/train/model.js";
import { missingAdapter, testDevice } from "./gpu/adapter.js";
import { ROOT } from "./support/mom.js";

const missing = await missingAdapter();
let root: string;
const at = (path: string): string => join(root, path);

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "mom-cases-"));
  cpSync(join(ROOT, "test/cases"), root, { recursive: true });
  execFileSync("mkfifo", [at("faults/fifo")]);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The errors of a spec, with their lines. */
function errorsOf(path: string): string[] {
  const { spec, diagnostics, sources } = checkFile(nodeDisk, at(path));
  const text = sources.find((one) => one.path === at(path))?.text ?? "";
  const errors = diagnostics.filter(isError);
  expect(spec === undefined).toBe(errors.length > 0);
  return errors.map(({ span, message }) => `${positionOf(text, span?.start ?? 0).line}: ${message}`);
}

test.each([
  [
    "specs/misspelt-fields-with-calls.mom",
    "5: `mixer` (`mamba`) has no field `decoupel`.",
    "10: `train` has no field `schedle`.",
    "10: `optimizer` cannot be `[adamw(lr: 4e-3)]`.",
  ],
  [
    "specs/misplaced-calls.mom",
    "8: `data` has no field `valdation`.",
    "9: `seed` cannot be `[1, f(x: 2)]`.",
    "9: `train` has no field `ema`.",
  ],
  ["specs/two-sources.mom", "8: There is no source `fils`."],
  ["faults/json-spec-unknown-argument-object-accepted.json", "1: `optimizer` (`adamw`) has no field `muon`."],
  ["faults/json-format-unknown-root-text-field.json", "1: A spec has no field `text`."],
  ["faults/fifo-as-data-hangs.mom", "27: `fifo` cannot be read: it is a FIFO, not a file."],
  ["faults/fifo-as-tokenizer-hangs-check.mom", "4: `fifo` cannot be read: it is a FIFO, not a file."],
  [
    "tokenizers/ids-not-checked/wl-negative.mom",
    '2: `tok-negative.json` cannot be used as a tokenizer: model.vocab["a"] must be a whole number from 0 to 16777215, not -5.',
  ],
  [
    "tokenizers/ids-not-checked/wl-fractional.mom",
    '2: `tok-fractional.json` cannot be used as a tokenizer: model.vocab["a"] must be a whole number from 0 to 16777215, not 1.5.',
  ],
])("%s is refused", (path, ...expected) => {
  expect(errorsOf(path)).toEqual(expected);
});

test.each(["str_esc", "err_line_esc"])("terminal-escape-%s is shown with escapes", (name) => {
  const { diagnostics, sources } = checkFile(nodeDisk, at(`terminal/terminal-escape-${name}.mom`));
  expect(diagnostics.filter(isError)).toHaveLength(1);
  const printed = shown(render(diagnostics, sources, { colour: false }), { colour: false, links: false });
  expect(printed).toContain("\\u001b");
  expect(printed).toContain("\\u0007");
  expect(printed).toContain("\\u009b");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the test searches for them
  expect(printed).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
});

test("the time for unknown fields grows linearly", () => {
  const timeFor = (count: number): number => {
    const fields = Array.from({ length: count }, (_, i) => `a${i}: 1\n`).join("");
    const start = performance.now();
    const { diagnostics } = check({ path: "many.mom", text: `model { d_model: 64 }\n${fields}` }, () => undefined);
    const milliseconds = performance.now() - start;
    expect(diagnostics.filter(({ name }) => name === "unknown-field")).toHaveLength(count);
    return milliseconds;
  };
  timeFor(1000);
  const few = Math.max(timeFor(1000), timeFor(1000));
  expect(timeFor(8000)).toBeLessThan(25 * few);
});

const specAt = (path: string): CheckedSpec => {
  const { spec } = checkFile(nodeDisk, at(path));
  if (spec === undefined) throw new Error(`${path} is refused`);
  return spec;
};
const dataOf = async (path: string, spec: CheckedSpec) =>
  (await prepare(spec.data, spec.model, { host: nodeHost, folder: join(at(path), ".."), cache: at("cache") })).dataSet;

test("nested lists are refused at their line", async () => {
  const path = "faults/jsonl-deep-nesting-exit-70/s.mom";
  await expect(dataOf(path, specAt(path))).rejects.toThrow(
    /d\.jsonl:4: lists and objects are nested more than 64 deep/,
  );
});

test("damaged pictures are all listed with line and name, and a repeated key is refused", async () => {
  const bad = "data/bad.mom";
  const preparing = dataOf(bad, specAt(bad));
  await expect(preparing).rejects.toThrow(/3 files cannot be read/);
  for (const [line, name] of [
    [2, "bad0.jpg"],
    [4, "bad1.jpg"],
    [5, "bad2.jpg"],
  ]) {
    await expect(preparing).rejects.toThrow(`bad.jsonl:${line}: ${name}: the image cannot be read`);
  }
  const repeated = "data/twice.mom";
  await expect(dataOf(repeated, specAt(repeated))).rejects.toThrow(/twice\.jsonl:1: the key "segments" is repeated/);
});

describe.skipIf(missing)("held-out losses", () => {
  let device: OpenDevice;
  beforeAll(async () => {
    device = await testDevice();
  });
  const lossOf = async (path: string, spec: CheckedSpec): Promise<number> => {
    const model = await openModel(
      device,
      compile(spec, { ...trainingOn(spec, device.profile), phases: EVALUATION_PHASES }),
    );
    await model.initialise(11);
    const { loss } = await validate(model, spec, await dataOf(path, spec), 0);
    model.runtime.destroy();
    return loss;
  };

  test("do not depend on the batch: e1, e2, e4 and e8 are equal", async () => {
    const losses: number[] = [];
    for (const name of ["e1", "e2", "e4", "e8"]) {
      const path = `evaluation/${name}.mom`;
      losses.push(await lossOf(path, specAt(path)));
    }
    expect(losses[0]).toBeGreaterThan(0);
    for (const loss of losses) expect(Math.abs(loss / (losses[0] as number) - 1)).toBeLessThan(1e-6);
  });

  test("of frozen weights are equal for the smallest and the largest batch", async () => {
    const path = "evaluation/frozen.mom";
    const spec = specAt(path);
    const batches = spec.ablations[0]?.axes.find((axis) => axis.path === "train.batch")?.values;
    expect(batches).toEqual([1, 2, 4, 8]);
    const [least, most] = [1, 8].map((batch) => ({ ...spec, train: { ...spec.train, batch } }));
    const losses = [await lossOf(path, least as CheckedSpec), await lossOf(path, most as CheckedSpec)];
    expect(Math.abs((losses[1] as number) / (losses[0] as number) - 1)).toBeLessThan(1e-6);
  });
});
