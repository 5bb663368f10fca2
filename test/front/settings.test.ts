// `--set PATH=VALUE`: the spec and the messages are those of a file with that value.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { check } from "../../src/front/check.js";
import { printAt, printSpec } from "../../src/front/print-spec.js";
import { withSet } from "../../src/front/settings.js";
import type { Json } from "../../src/front/spec.js";
import { allPaths, valueIn } from "../../src/front/vary.js";

const SPEC = `model {
  modality text: bytes
  modality image: patches(size: 16x16, patch: 4x4)
  d_model: 16
  block mixer: mamba { d_state: 8 }
  layers: mixer
}
objective { text: cross_entropy, image: ddpm(weight: 5) }
data { source: files("a.jsonl"), length: 64 }
train { steps: 100, batch: 2, schedule: cosine(warmup: 10) }
`;
const placed = (path: string) => `../${path}`;
const checked = (texts: readonly string[], text = SPEC) =>
  check({ path: "spec.mom", text }, () => undefined, undefined, { texts, placed });
const spec = (texts: readonly string[]) => {
  const { spec, diagnostics } = checked(texts);
  expect(diagnostics).toEqual([]);
  return spec as NonNullable<typeof spec>;
};

test("a path names its first field that does not exist, and the nearest that does", () => {
  const messages = (text: string) => checked([text]).diagnostics.map(({ message, help }) => `${message} ${help}`);
  expect(messages("train.optimiser.lr=1e-3")).toEqual([
    expect.stringMatching(/^`train` has no `optimiser`\. .*`optimizer`/),
  ]);
  expect(messages("mixer.decoupel.in_proj=1")).toEqual([
    expect.stringMatching(/^`mixer` has no `decoupel`\. .*`decouple`/),
  ]);
});

describe("a setting", () => {
  test("changes a field, a field of a kind, a block, a modality, and a default", () => {
    const { train, model } = spec(["train.steps=200", "train.schedule.warmup=5", "mixer.d_state=4", "image.patch=8x8"]);
    expect([train.steps, train.schedule.warmup]).toEqual([200, 5]);
    expect([model.blocks[0]?.fields, model.modalities[1]]).toMatchObject([
      { d_state: 4 },
      { patchHeight: 8, patchWidth: 8 },
    ]);
    expect(spec(["train.optimizer.lr=1e-2"]).train.optimizer).toMatchObject({ kind: "adamw", lr: 0.01 });
    expect(spec(["train.schedule = constant"]).train.schedule).toEqual({ kind: "constant", warmup: 0 });
    expect(spec(["mixer=attention(heads: 2)", "mixer.heads=4"]).model.blocks[0]?.fields).toMatchObject({ heads: 4 });
    expect(spec(["train.steps=200", "train.steps=300"]).train.steps).toBe(300);
  });
  test("takes paths relative to the working folder", () => {
    expect(spec(['data.source.path="b.jsonl"']).data.source).toMatchObject({ paths: ["../b.jsonl"] });
    const { validation } = spec(['data.validation=files("v.jsonl")']).data;
    expect(validation).toMatchObject([{ name: "validation", source: { paths: ["../v.jsonl"] } }]);
  });
  test("with the value that a path has changes nothing", () => {
    const folder = new URL("../accept/", import.meta.url);
    const files = readdirSync(folder).filter((file, i) => file.endsWith(".mom") && i % 3 === 0);
    let paths = 0;
    for (const file of files) {
      const path = new URL(file, folder).pathname;
      const { json, places } = check({ path, text: readFileSync(path, "utf8") }, () => undefined);
      if (json === undefined) continue;
      const { ablate: _, ...plain } = json as { readonly [key: string]: Json };
      for (const { path: at, pointer } of allPaths(plain)) {
        const value = valueIn(plain, pointer);
        if (value === undefined) continue;
        const diagnostics: never[] = [];
        const shaping = { entry: path, places: new Map(places), diagnostics, textOf: () => "" };
        const texts = [`${at}=${printAt(plain, at, value)}`];
        expect(printSpec(withSet(plain, { texts, placed: (same) => same }, shaping)), texts[0]).toBe(printSpec(plain));
        expect(diagnostics).toEqual([]);
        paths++;
      }
    }
    expect(paths).toBeGreaterThan(100);
  });
});

describe("a wrong setting has the message of a file", () => {
  const facts = ({ diagnostics }: ReturnType<typeof checked>) =>
    diagnostics.map(({ name, message, expected, help }) => ({ name, message, expected, help }));
  test.each([
    ["train.stesp=5", "batch: 2,", "batch: 2, stesp: 5,"],
    ["mixer.d_stat=8", "{ d_state: 8 }", "{ d_state: 8, d_stat: 8 }"],
    ["objective.image.wieght=3", "ddpm(weight: 5)", "ddpm(weight: 5, wieght: 3)"],
    ["train.steps=many", "steps: 100", "steps: many"],
    ["train.steps=0", "steps: 100", "steps: 0"],
    ["train.schedule=cosin(warmup: 10)", "cosine(warmup: 10)", "cosin(warmup: 10)"],
    ["train.schedule.warmup=101", "warmup: 10", "warmup: 101"],
    ["image.patch=3x3", "patch: 4x4", "patch: 3x3"],
    ["model.layers=2", "layers: mixer", "layers: 2"],
  ])("%s", (setting, before, after) => {
    const [found, wanted] = [checked([setting]), checked([], SPEC.replace(before, after))];
    expect(facts(found)).toEqual(facts(wanted));
    expect(found.diagnostics[0]?.span?.path).toBe("--set");
  });
  test.each([
    ["mixr.d_state=8", "unknown-path", "Did you mean `mixer`?"],
    ["steps=5", "unknown-path", "Did you mean `objective.image.steps` or `train.steps`?"],
    ["train.steps.x=5", "unknown-path", undefined],
    ["train=5", "path-to-group", undefined],
    ['train.init.path="x"', "missing-kind", undefined],
    ["train.steps=[", "missing-close", "Add `]`."],
    ["remove train.steps=5", "unexpected", undefined],
  ])("%s", (setting, name, help) => {
    const [first] = checked(["train.batch=1", setting]).diagnostics;
    expect([first?.name, first?.help, first?.span?.path]).toEqual([name, help, "--set 2"]);
  });
});
