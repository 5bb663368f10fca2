// Files of a compiled model: they read back without loss, an edited kernel runs, and damage is reported.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compile, TRAINING_PHASES } from "../../src/compile.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import type { Profile } from "../../src/ir/plan.js";
import { PROFILES } from "../../src/ir/profiles.js";
import { type CompiledModel, compiledFiles, kernelFile, PLAN_FILE, readCompiled } from "../../src/train/compiled.js";
import { image, sketch, speech, text } from "../support/spec.js";

type Files = Map<string, Uint8Array>;

function model(profile: Profile, clip?: number): CompiledModel {
  const sketched = sketch({ modalities: [text, image, speech], vocabulary: 60, d_model: 32, layers: 2 });
  const { clip: _, ...train } = sketched.train;
  const objectives = [sketched.objectives[0], undefined, sketched.objectives[2]];
  const axes = [{ path: "mixer.decouple", values: [[], [{ part: "in_proj", groups: [[0], [1, 2]] }]] }];
  const ablations = [{ name: "projections", axes, baseline: undefined, widen_baseline: false }];
  const spec = { ...sketched, objectives, ablations, train: { ...train, clip } };
  const options = { profile, batch: 2, length: 64, phases: TRAINING_PHASES, variants: "all" } as const;
  const { stages: _stages, ...compiled } = compile(spec, options);
  return { spec, profile, compiled };
}

const [firstProfile] = PROFILES as readonly [Profile, ...Profile[]];
const intact = model(firstProfile);
const filesOf = (one: CompiledModel): Files => new Map(compiledFiles(one).map(({ name, bytes }) => [name, bytes]));
const readFiles = (files: Files): CompiledModel => readCompiled((name) => files.get(name));
const plan = (): string => new TextDecoder().decode(filesOf(intact).get(PLAN_FILE));
const withPlan = (text: string): Files => filesOf(intact).set(PLAN_FILE, new TextEncoder().encode(text));

const PLAN = ["compiled", "plan"] as const;
const NODE = [...PLAN, "phases", 0, "nodes", 0] as const;
const DISPATCH = [...NODE, "choices", 0, "dispatches", 0] as const;

/** The plan's text with another value at a path. */
function changed(path: readonly (string | number)[], value: unknown): string {
  const parsed = JSON.parse(plan());
  const parent = path.slice(0, -1).reduce((found, key) => found[key], parsed);
  parent[path.at(-1) as string] = value;
  return JSON.stringify(parsed);
}

function refusal(files: Files): string {
  try {
    readFiles(files);
  } catch (error) {
    if (error instanceof InputError) return `${error.message} | ${error.remedy}`;
    throw error;
  }
  return "";
}

describe("round trip", () => {
  test.each(PROFILES)("a model for $name reads back with the same keys and the same bits", (profile) => {
    for (const one of [model(profile), model(profile, 0.1 + 0.2)]) expect(readFiles(filesOf(one))).toStrictEqual(one);
  });
  test("the same model is written as the same bytes", () => {
    expect(compiledFiles(model(firstProfile))).toEqual(compiledFiles(model(firstProfile)));
  });
  test("each kernel has a file, and the plan contains no shader", () => {
    const { kernels } = intact.compiled.plan;
    expect([...filesOf(intact).keys()]).toEqual([PLAN_FILE, ...kernels.map(({ name }) => kernelFile(name))]);
    expect(plan()).not.toContain("@compute");
  });
});

/** The plan as earlier versions wrote it: fields had no meaning, items were called pictures, and emoji had no options. */
function earlier(): string {
  const parsed = JSON.parse(plan());
  const { compiled, spec } = parsed;
  spec.data.source = { kind: spec.data.source.kind };
  for (const buffer of compiled.plan.buffers) delete buffer.holds;
  for (const field of compiled.plan.fields) delete field.means;
  for (const table of compiled.tables) {
    if (table.kind !== "span") continue;
    table.pictures = table.items;
    delete table.items;
  }
  return JSON.stringify(parsed).replaceAll('"index.', '"picture.').replaceAll("(index.", "(picture.");
}

describe("folders of earlier versions", () => {
  test("are read with the meanings that the names of their fields imply", () => {
    expect(earlier()).toContain('"span(picture.image)"');
    expect(readFiles(withPlan(earlier()))).toStrictEqual(intact);
  });
  test("are refused if a field is unknown to this version", () => {
    const text = earlier().replace('"name":"noise_key"', '"name":"luck"');
    expect(refusal(withPlan(text))).toMatch(/has the unknown field luck \| .*mom compile/);
  });
  test("are refused if they have another update", () => {
    const file = fileURLToPath(new URL("../fixtures/runs/format-1/pairs/plan.json", import.meta.url));
    expect(refusal(withPlan(readFileSync(file, "utf8")))).toMatch(/the role of buffer 2, "moment1", is not a role/);
  });
});

test("editing a kernel's file changes the kernel that runs", () => {
  const [first] = intact.compiled.plan.kernels as [(typeof intact.compiled.plan.kernels)[number]];
  const edited = `// edited\n${first.source}`;
  const files = filesOf(intact).set(kernelFile(first.name), new TextEncoder().encode(edited));
  const { kernels } = readFiles(files).compiled.plan;
  expect(kernels[0]).toEqual({ ...first, source: edited });
  expect(kernels.slice(1)).toEqual(intact.compiled.plan.kernels.slice(1));
});

describe("an error names the damage and a remedy", () => {
  const [first] = intact.compiled.plan.kernels as [(typeof intact.compiled.plan.kernels)[number]];
  test("a missing file", () => {
    expect(refusal(new Map())).toMatch(/^plan\.json is missing \| .*mom compile/);
    const files = filesOf(intact);
    files.delete(kernelFile(first.name));
    expect(refusal(files)).toContain(`${kernelFile(first.name)} is missing`);
  });
  test("a file that is not UTF-8 or has no entry point", () => {
    const name = kernelFile(first.name);
    expect(refusal(filesOf(intact).set(name, Uint8Array.of(0xff, 0xfe)))).toContain(`${name} is not UTF-8`);
    expect(refusal(filesOf(intact).set(name, new Uint8Array()))).toContain(`${name} has no entry point`);
  });
  test("a plan that is not JSON or has another version", () => {
    expect(refusal(withPlan("{"))).toContain("plan.json cannot be read: it is not JSON");
    expect(refusal(withPlan("[1]"))).toContain("has a format that this version does not read: unknown");
    expect(refusal(withPlan(plan().replace("mom plan 1", "mom plan 2")))).toContain(
      'has a format that this version does not read: "mom plan 2"',
    );
  });
  test.each<[string, readonly (string | number)[], unknown, RegExp]>([
    ["a missing kernel", [...DISPATCH, "kernel"], 9999, /runs kernel 9999/],
    ["a missing buffer", [...DISPATCH, "bindings", 0, "buffer"], 9999, /uses buffer 9999/],
    ["a binding beyond its buffer", [...DISPATCH, "bindings", 0, "bytes"], 2 ** 40, /ends at byte/],
    ["a negative offset", [...DISPATCH, "bindings", 0, "offset"], -256, /is not a whole number/],
    ["a missing binding", [...DISPATCH, "bindings"], [], /binds 0 buffers, but/],
    ["two numbers of workgroups", [...DISPATCH, "workgroups"], [1, 1], /are not three numbers/],
    ["an output in a missing buffer", [...NODE, "outputs", 0, "range", "buffer"], 9999, /uses buffer 9999/],
    [
      "a field beyond its buffer",
      [...PLAN, "fields", 0, "shape"],
      [2 ** 40],
      /^plan.json is invalid: field .* ends at/,
    ],
    ["a name that leads outside the folder", [...PLAN, "kernels", 0, "name"], "../x", /is not a valid file name/],
    [
      "a meaning that is not an object",
      [...PLAN, "fields", 0, "means"],
      [],
      /the meaning of field .* is not an object/,
    ],
    [
      "a meaning without a tag",
      [...PLAN, "fields", 0, "means"],
      { of: 1 },
      /the tag of the meaning of field .* is not text/,
    ],
    ["a part without an arena", [...PLAN, "buffers", 0, "holds"], { part: 0 }, /the arena of buffer 0 is not text/],
    ["text instead of a number", ["compiled", "batch"], "two", /batch is not a whole number/],
    ["a list instead of an object", ["profile"], [], /profile is not an object/],
    ["null instead of a list", ["compiled", "parameters"], null, /parameters is not a list/],
  ])("%s", (_, path, invalid, message) => {
    expect(refusal(withPlan(changed(path, invalid)))).toMatch(message);
  });
  test("a truncated plan", () => {
    const text = plan();
    for (let end = 0; end < text.length - 2; end += Math.ceil(text.length / 40)) {
      expect(refusal(withPlan(text.slice(0, end)))).toContain("plan.json cannot be read: it is not JSON");
    }
  });
});
