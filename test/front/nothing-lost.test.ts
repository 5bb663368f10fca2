// A value that is repeated or has another form is an error, and is never replaced by a default.
import { describe, expect, test } from "vitest";
import { isError } from "../../src/diagnostics/diagnostic.js";
import { MOST_SHOWN, render } from "../../src/diagnostics/render.js";
import { type Checked, check, checkJson } from "../../src/front/check.js";
import { findingsOf } from "../../src/front/findings.js";
import { validateSpec } from "../../src/front/validate.js";

const nothing = () => undefined;
const titles = ({ diagnostics }: Checked): string[] =>
  diagnostics.filter(isError).map(({ title, message }) => `${title}: ${message}`);

const spec = (mixer: string, data: string, train: string): string => `model {
  modality text: bytes
  modality image: patches(size: 16x16, patch: 4x4)
  d_model: 32
  block mixer: mamba { ${mixer} }
  layers: 2 * mixer
}
objective { text: cross_entropy, image: ddpm(weight: 5) }
data { length: 64, ${data} }
train { steps: 2, batch: 2, ${train} }
`;
const errorsOf = (mixer: string, data: string, train: string): string[] =>
  titles(check({ path: "a.mom", text: spec(mixer, data, train) }, nothing));

test("a valid spec gives no errors", () => {
  expect(errorsOf("d_state: 8", "source: emoji", "seed: 1")).toEqual([]);
});

describe.each([
  [
    "an unknown field with a list of calls",
    "decoupel: [in_proj(groups: [[text], [image]])]",
    "source: emoji",
    "seed: 1",
  ],
  ["an unknown field with a call", "d_state: 8", 'source: emoji, valdation: files("b.jsonl")', "seed: 1"],
  ["a call in a list of numbers", "d_state: 8", "source: emoji", "seed: [1, f(x: 2)]"],
  ["a list of calls in place of a call", "d_state: 8", 'source: [files("a.jsonl"), fils("b.jsonl")]', "seed: 1"],
  [
    "a field that would replace the kind of a call",
    "d_state: 8",
    "source: emoji",
    "optimizer: adamw(lr: 1e-3, kind: x)",
  ],
  ["a field that would replace the kind of a group", "kind: attention", "source: emoji", "seed: 1"],
  ["a field that would replace a part", "decouple: [in_proj(part: D)]", "source: emoji", "seed: 1"],
  ["an argument given both with and without its name", "d_state: 8", 'source: files(path: "a", "b")', "seed: 1"],
  ["an argument that the group repeats", "d_state: 8", 'source: files("a") { path: "b" }', "seed: 1"],
])("%s", (_, mixer, data, train) => {
  test("is refused", () => {
    expect(errorsOf(mixer, data, train)).toHaveLength(1);
  });
});

test("an object in place of a word is an error in JSON", () => {
  const json = check({ path: "a.mom", text: spec("d_state: 8", "source: emoji", "seed: 1") }, nothing).json;
  const text = JSON.stringify(json).replace('"precision":"f32"', '"precision":{"kind":"f16"}');
  expect(text).toContain('"precision":{');
  expect(titles(checkJson(JSON.parse(text), "a.json", nothing))).toHaveLength(1);
});

test("the first of many messages are printed, and the others are counted", () => {
  const text = Array.from({ length: 300 }, (_, i) => `a${i}: 1\n`).join("");
  const { diagnostics, sources } = check({ path: "a.mom", text }, nothing);
  const printed = render(diagnostics, sources, { colour: false });
  expect(printed.match(/^error: /gm)).toHaveLength(MOST_SHOWN);
  expect(printed).toContain(`… and ${diagnostics.length - MOST_SHOWN} more`);
});

test("findings at the same place are reported separately, and each once", () => {
  const validated = validateSpec({ modell: {}, dat: 1, train: { stepz: 1, batchh: { size: 2 } } });
  const errors = "errors" in validated ? validated.errors : [];
  const place = { path: "a.mom", start: 0, end: 0 };
  // Only the spec has a place, as if a default or a program had given its values.
  const found = findingsOf([...errors, ...errors], new Map([["", { value: place }]]), () => "");
  const messages = found.map(({ message }) => message);
  expect(messages.filter((one) => one.includes("no field"))).toEqual([
    "A spec has no field `modell`.",
    "A spec has no field `dat`.",
    "`train` has no field `stepz`.",
    "`train` has no field `batchh`.",
  ]);
  expect(new Set(messages).size).toBe(messages.length);
});

describe("a missing or invalid section hides no other finding", () => {
  const valid = spec("d_state: 8, decouple: [in_proj(groups: [[text], [imag]])]", "source: emoji", "seed: 1");
  const invalid = valid
    .replace("patch: 4x4", "patch: 5x4")
    .replace("layers: 2 * mixer", "layers: 2 * mixr\n  block attend: attention { heads: 5, kv_heads: 3 }")
    .replace("image: ddpm(weight: 5)", "image: cross_entropy, speech: cross_entropy")
    .replace("length: 64", "length: 8")
    .replace("seed: 1", "schedule: cosine(warmup: 100)");
  const all = [
    "Unknown modality: There is no modality `imag`.",
    "Unknown modality: There is no modality `speech`.",
    "Unknown block: There is no block `mixr`.",
    "Heads do not divide",
    "Patches do not fill",
    "Objective does not fit",
    "shorter than an image",
    "Warm-up",
  ];
  const findings = (text: string): string[] => titles(check({ path: "a.mom", text }, nothing));
  const complete = findings(invalid);

  test("there are many findings", () => {
    expect(complete.length).toBeGreaterThanOrEqual(all.length - 1);
  });

  test.each([
    ["train", /train \{.*\}\n/, /warm|step/i],
    ["data", /data \{.*\}\n/, /length|sequence|long|short/i],
    ["objective", /objective \{.*\}\n/, /objective|speech/i],
    ["d_model", / {2}d_model: 32\n/, /heads|head /i],
    ["layers", / {2}layers: 2 \* mixr\n/, /block/i],
  ])("without %s, all other findings remain", (_, section, about) => {
    const without = invalid.replace(section, "");
    expect(without).not.toBe(invalid);
    const found = findings(without);
    expect(found.some((one) => one.startsWith("Missing"))).toBe(true);
    expect(complete.filter((one) => !about.test(one) && !found.includes(one))).toEqual([]);
  });

  test("an unknown field hides no finding", () => {
    const found = findings(invalid.replace("batch: 2", "batch: 2, bach: 3"));
    expect(complete.filter((one) => !found.includes(one))).toEqual([]);
  });

  test("a misspelt `modality` is one finding, without unknown names", () => {
    const text = spec("d_state: 8, decouple: [in_proj(groups: [[text], [image]])]", "source: emoji", "seed: 1");
    const found = findings(text.replace("modality image", "modalty image"));
    expect(found).toHaveLength(1);
  });

  test("sizes are checked while a line is being typed", () => {
    const found = findings(invalid.replace("length: 8", "length:"));
    expect(found.some((one) => one.includes("5x4"))).toBe(true);
    expect(found.some((one) => one.includes("heads"))).toBe(true);
    expect(found.filter((one) => one.startsWith("Unknown"))).toEqual([]);
  });
});
