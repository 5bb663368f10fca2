// What was written twice, or in another form, is never dropped for a default.
import { describe, expect, test } from "vitest";
import { isError } from "../../src/diagnostics/diagnostic.js";
import { MOST_SHOWN, render } from "../../src/diagnostics/render.js";
import { type Checked, check, checkJson } from "../../src/front/check.js";

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
const said = (mixer: string, data: string, train: string): string[] =>
  titles(check({ path: "a.mom", text: spec(mixer, data, train) }, nothing));

test("a spec without mistakes has none", () => {
  expect(said("d_state: 8", "source: emoji", "seed: 1")).toEqual([]);
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
  ["a list of calls for a call", "d_state: 8", 'source: [files("a.jsonl"), fils("b.jsonl")]', "seed: 1"],
  [
    "a field that would replace the kind of a call",
    "d_state: 8",
    "source: emoji",
    "optimizer: adamw(lr: 1e-3, kind: x)",
  ],
  ["a field that would replace the kind of a group", "kind: attention", "source: emoji", "seed: 1"],
  ["a field that would replace a part", "decouple: [in_proj(part: D)]", "source: emoji", "seed: 1"],
  ["an argument that is there by name and without", "d_state: 8", 'source: files(path: "a", "b")', "seed: 1"],
  ["an argument that the group repeats", "d_state: 8", 'source: files("a") { path: "b" }', "seed: 1"],
])("%s", (_, mixer, data, train) => {
  test("is refused", () => {
    expect(said(mixer, data, train)).toHaveLength(1);
  });
});

test("an object is not a bare word in JSON", () => {
  const json = check({ path: "a.mom", text: spec("d_state: 8", "source: emoji", "seed: 1") }, nothing).json;
  const text = JSON.stringify(json).replace('"precision":"f32"', '"precision":{"kind":"f16"}');
  expect(text).toContain('"precision":{');
  expect(titles(checkJson(JSON.parse(text), "a.json", nothing))).toHaveLength(1);
});

test("of many messages the first are printed, and the others counted", () => {
  const text = Array.from({ length: 300 }, (_, i) => `a${i}: 1\n`).join("");
  const { diagnostics, sources } = check({ path: "a.mom", text }, nothing);
  const printed = render(diagnostics, sources, { colour: false });
  expect(printed.match(/^error: /gm)).toHaveLength(MOST_SHOWN);
  expect(printed).toContain(`… and ${diagnostics.length - MOST_SHOWN} more`);
});
