// The contents of a checked spec: defaults, ownership, vocabulary, layers, imports, ablations.
import { describe, expect, test } from "vitest";
import { MAMBA_PARTS, type MambaFields } from "../../src/blocks/mamba.fields.js";
import { isError } from "../../src/diagnostics/diagnostic.js";
import { type Checked, check, checkJson } from "../../src/front/check.js";
import { printSpec } from "../../src/front/print-spec.js";
import { fieldsAt } from "../../src/front/schema.js";
import type { CheckedSpec, Json } from "../../src/front/spec.js";
import { bareEmoji, filesAt } from "../support/source.js";

interface Sections {
  modalities?: string;
  block?: string;
  layers?: string;
  objective?: string;
  train?: string;
  rest?: string;
}

const TEXT_AND_IMAGE = "modality text: bytes\nmodality image: patches(size: 8x8, patch: 4x4)";

const specText = ({
  modalities = TEXT_AND_IMAGE,
  block = "",
  layers = "mixer",
  objective = "text: cross_entropy\nimage: ddpm",
  train = "",
  rest = "",
}: Sections): string => `
model {
  ${modalities}
  d_model: 40
  block mixer: mamba { ${block} }
  layers: ${layers}
}
objective { ${objective} }
data { source: emoji, length: 64 }
train { steps: 10, batch: 2, ${train} }
${rest}`;

const checked = (sections: Sections): Checked => check({ path: "a.mom", text: specText(sections) }, () => undefined);

function spec(sections: Sections): CheckedSpec {
  const { spec: found, diagnostics } = checked(sections);
  expect(diagnostics.filter(isError)).toEqual([]);
  if (found === undefined) throw new Error("no spec");
  return found;
}

describe("defaults", () => {
  test("are filled in", () => {
    const { train, data, model } = spec({});
    expect(train).toEqual({
      steps: 10,
      batch: 2,
      accumulate: 1,
      optimizer: { kind: "adamw", lr: 3e-4, betas: [0.9, 0.95], eps: 1e-8, weight_decay: 0.1 },
      schedule: { kind: "constant", warmup: 0 },
      clip: 1,
      precision: "f32",
      recompute: "none",
      seed: 0,
      validate_every: 100,
      checkpoint_every: 500,
      keep: 3,
    });
    expect(data).toEqual({
      source: bareEmoji,
      validation: [],
      length: 64,
      held_out: 0.05,
      reset: false,
      carry: false,
    });
    expect(model.blocks[0]?.fields).toMatchObject({ d_state: 16, d_conv: 4, expand: 2, dt_bias: "always" });
  });
  test("dt_rank: auto is ceil(d_model / 16)", () =>
    expect(spec({}).model.blocks[0]?.fields).toMatchObject({ dt_rank: 3 }));
  test("clip: none disables clipping", () => expect(spec({ train: "clip: none" }).train.clip).toBeUndefined());
});

describe("ownership", () => {
  const parts = (block: string, modalities?: string) => {
    const { model } = spec({
      block,
      ...(modalities && { modalities, objective: "a: cross_entropy\nb: cross_entropy\nc: cross_entropy" }),
    });
    return (model.blocks[0]?.fields as MambaFields | undefined)?.parts;
  };
  const three = "modality a: bytes\nmodality b: tokens(vocab: 9)\nmodality c: tokens(vocab: 9)";

  test("every part is shared unless it is decoupled", () => {
    const found = parts("decouple: [x_proj]");
    expect(Object.keys(found ?? {})).toEqual([...MAMBA_PARTS]);
    expect(found?.in_proj).toEqual({ groups: 1, of: [0, 0] });
    expect(found?.x_proj).toEqual({ groups: 2, of: [0, 1] });
  });
  test("groups are numbered by their first modality, not as written", () => {
    expect(parts("decouple: [A(groups: [[c, b], [a]])]", three)?.A).toEqual({ groups: 2, of: [0, 1, 1] });
  });
  test("a part with one group of all modalities is shared", () => {
    expect(parts("decouple: [D(groups: [[c, a, b]])]", three)?.D).toEqual({ groups: 1, of: [0, 0, 0] });
  });
  test("the schema lists the parts of a block", () => {
    const field = fieldsAt(["decouple"])[0]?.node.items?.properties?.part;
    expect(field?.enum).toEqual([...MAMBA_PARTS]);
  });
});

describe("vocabulary", () => {
  const vocabulary = (modalities: string, objective: string) => spec({ modalities, objective }).model.vocabulary;

  test("bytes have ids 0 to 255, followed by document end, padding, and begin and end of each other modality", () => {
    expect(vocabulary(TEXT_AND_IMAGE, "image: ddpm")).toEqual({
      size: 260,
      owner: 0,
      documentEnd: 256,
      padding: 257,
      first: [0, -1],
      spans: [undefined, { begin: 258, end: 259 }],
    });
  });
  test("markers are the last ids of tokens, also if the owner is not the first modality", () => {
    const modalities =
      "modality image: patches(size: 8x8, patch: 4x4)\nmodality codes: tokens(vocab: 100)\nmodality text: bytes";
    expect(vocabulary(modalities, "image: ddpm")).toEqual({
      size: 356,
      owner: 1,
      documentEnd: 94,
      padding: 95,
      first: [-1, 0, 100],
      spans: [{ begin: 96, end: 97 }, undefined, { begin: 98, end: 99 }],
    });
  });
  test("a single modality has two markers", () => {
    expect(vocabulary("modality text: tokens(vocab: 3)", "text: cross_entropy")).toMatchObject({
      size: 3,
      documentEnd: 1,
      padding: 2,
    });
  });
});

describe("layers", () => {
  const layers = (text: string) =>
    spec({ layers: text, rest: "", modalities: `${TEXT_AND_IMAGE}\nblock other: mamba` }).model.layers;
  test("are given by products, sums and lists", () => {
    // `other` is declared first, so it has index 0.
    expect(layers("2 * (mixer + other) + 3 * mixer + other")).toEqual([1, 0, 1, 0, 1, 1, 1, 0]);
    expect(layers("mixer * 2")).toEqual([1, 1]);
    expect(layers("2 * 2 * mixer")).toEqual([1, 1, 1, 1]);
    expect(layers("[mixer, 2 * other]")).toEqual([1, 0, 0]);
  });
  test("are at most 1024", () => {
    expect(layers("1024 * mixer")).toHaveLength(1024);
    expect(checked({ layers: "1024 * mixer + mixer" }).diagnostics.map((d) => d.name)).toContain("too-many-layers");
  });
});

describe("imports", () => {
  const files: Readonly<Record<string, string>> = {
    "sub/base.mom": specText({ block: "d_state: 8, expand: 3" }),
    "sub/left.mom": 'import "base.mom"\ntrain { steps: 1, seed: 1 }\n',
    "sub/right.mom": 'import "base.mom"\ntrain { seed: 2 }\ndata { source: files("x.jsonl") }\n',
  };
  const from = (text: string) =>
    check({ path: "a.mom", text }, (path) =>
      Object.hasOwn(files, path) ? { path, text: files[path] ?? "" } : undefined,
    );

  test("a file imported twice is read once, and later imports override earlier ones", () => {
    const { spec: found, sources } = from('import "sub/left.mom"\nimport "./sub/right.mom"\n');
    expect(sources.map((s) => s.path)).toEqual(["a.mom", "sub/left.mom", "sub/base.mom", "sub/right.mom"]);
    expect(found?.train).toMatchObject({ steps: 1, seed: 2 });
  });
  test("paths are relative to the file that contains them", () => {
    const { spec: found } = from('import "sub/right.mom"\n');
    expect(found?.data.source).toEqual(filesAt("sub/x.jsonl"));
  });
  test("a block of the same kind is merged, and a call is replaced", () => {
    const over = 'import "sub/base.mom"\nmodel { block mixer: mamba(d_state: 4) }\ntrain { optimizer: adamw(lr: 1) }\n';
    const merged = from(over).spec;
    expect(merged?.model.blocks[0]?.fields).toMatchObject({ d_state: 4, expand: 3 });
    expect(merged?.train.optimizer).toMatchObject({ lr: 1, weight_decay: 0.1 });
  });
  test("a modality of another kind replaces the imported one at its position", () => {
    const over = 'import "sub/base.mom"\nmodel { modality text: tokens(vocab: 50) }\n';
    expect(from(over).spec?.model.modalities.map((m) => [m.name, m.kind])).toEqual([
      ["text", "tokens"],
      ["image", "patches"],
    ]);
  });
});

describe("ablations", () => {
  test("subsets are expanded, and the empty one is first", () => {
    const [ablation] = spec({
      rest: "ablate a { vary mixer.decouple: subsets([A, D]), baseline { mixer.decouple: [] } }",
    }).ablations;
    const [a, d] = [{ part: "A" }, { part: "D" }];
    expect(ablation).toEqual({
      name: "a",
      axes: [{ path: "mixer.decouple", values: [[], [a], [d], [a, d]] }],
      baseline: { "mixer.decouple": [] },
      widen_baseline: false,
    });
  });
  test("range, grid and sample give values", () => {
    const values = (list: string) =>
      spec({ rest: `ablate a { vary train.optimizer.lr: ${list} }` }).ablations[0]?.axes[0]?.values;
    expect(values("range(from: 0.1, to: 0.3, step: 0.1)")).toEqual([0.1, 0.2, 0.3]);
    expect(values("grid(from: 1e-4, to: 1e-2, count: 3, scale: log)")).toEqual([1e-4, 1e-3, 1e-2]);
    const drawn = values("sample(5, from: 1, to: 2)") as number[];
    expect(drawn).toHaveLength(5);
    expect(drawn.every((x) => x >= 1 && x < 2)).toBe(true);
    expect(values("sample(5, from: 1, to: 2)")).toEqual(drawn);
  });
  test("a baseline may list the parts of a set in another order", () => {
    const rest = "ablate a { vary mixer.decouple: subsets([A, D]), baseline { mixer.decouple: [D, A] } }";
    expect(spec({ rest }).ablations[0]?.baseline).toEqual({ "mixer.decouple": [{ part: "A" }, { part: "D" }] });
  });
});

describe("invalid input is refused:", () => {
  const codes = (text: string) => check({ path: "a.mom", text }, () => undefined).diagnostics.map((d) => d.name);
  test("10 000 nested brackets", () => {
    for (const open of ["{", "[", "("]) expect(codes(`a: ${open.repeat(10_000)}`)).toContain("nested-too-deep");
  });
  test("more than 1 MiB", () => expect(codes(`// ${"x".repeat(2 ** 20)}`)).toContain("source-too-large"));
  test("more than 64 files", () => {
    const read = (path: string) => ({ path, text: `import "${Number.parseInt(path, 10) + 1}.mom"` });
    expect(check({ path: "0.mom", text: 'import "1.mom"' }, read).diagnostics.map((d) => d.name)).toContain(
      "too-many-imports",
    );
  });
  test("more than 64 ablations", () => {
    const rest = Array.from({ length: 65 }, (_, i) => `ablate a${i} { vary train.seed: [1] }`).join("\n");
    expect(checked({ rest }).diagnostics.map((d) => d.name)).toEqual(["too-many-ablations"]);
  });
  test("a file that imports itself", () => {
    const text = 'import "a.mom"';
    expect(check({ path: "a.mom", text }, (path) => ({ path, text })).diagnostics.map((d) => d.name)).toContain(
      "import-cycle",
    );
  });
  test("JSON that is not a spec", () => {
    let deep: Json = 1;
    for (let i = 0; i < 5000; i++) deep = { a: deep };
    for (const json of [
      null,
      3,
      "x",
      [],
      { model: [] },
      { "a b": 1 },
      { model: { modality: { "__proto__ x": 1 } } },
      deep,
    ]) {
      const { spec: found, diagnostics } = checkJson(json, "a.json", () => undefined);
      expect(found).toBeUndefined();
      expect(diagnostics.length).toBeGreaterThan(0);
    }
  });
});

test("a spec from a program may have names in place of kinds", () => {
  const json = {
    model: {
      modality: { text: "bytes" },
      d_model: 16,
      block: { mixer: { kind: "mamba", decouple: ["in_proj"] } },
      layers: [{ times: 2, of: ["mixer"] }],
    },
    objective: { text: "cross_entropy" },
    data: { source: { kind: "files", path: "a.jsonl" }, length: 8 },
    train: { steps: 1, batch: 1 },
  };
  const { spec: found, diagnostics } = checkJson(json, "a.json", () => undefined);
  expect(diagnostics.filter(isError)).toEqual([]);
  expect(found?.model.layers).toEqual([0, 0]);
  expect(found?.data.source).toEqual(filesAt("a.jsonl"));
  expect(printSpec(json)).toContain("  layers: 2 * mixer\n");
});
