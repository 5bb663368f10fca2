// A spec as JSON: read with its places, written as a .mom file and back, and described by the schema.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { checkFile } from "../../src/api/read-spec.js";
import { isError } from "../../src/diagnostics/diagnostic.js";
import { render } from "../../src/diagnostics/render.js";
import { check, checkJson } from "../../src/front/check.js";
import { formatJson, readJson } from "../../src/front/parse-json.js";
import { publicSchema } from "../../src/front/schema.js";
import type { Json } from "../../src/front/spec.js";
import { ROOT } from "../support/mom.js";

/** Specs that are generated; `FUZZ=500` makes that many. */
const SPECS = Number(process.env.FUZZ ?? 150);

const nothing = () => undefined;
const anyKey = () => true;

/** The spec's JSON by way of a .mom file. */
function throughMom(json: Json): { json: Json | undefined; text: string } {
  const formatted = formatJson({ path: "a.json", text: JSON.stringify(json) });
  if ("diagnostics" in formatted) throw new Error(render(formatted.diagnostics, [], { colour: false }));
  const { text } = formatted;
  return { json: check({ path: "a.mom", text }, nothing).json, text };
}

describe("reading", () => {
  const unordered = fc.jsonValue({ maxDepth: 4 });
  test("is what JSON.parse does, whatever the blanks", () => {
    const same = fc.property(unordered, fc.constantFrom(0, 2, "\t"), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const { json, places, diagnostics } = readJson({ path: "a.json", text }, anyKey);
      expect(diagnostics.filter(({ name }) => name !== "reserved-name")).toEqual([]);
      if (diagnostics.length > 0) return;
      expect(json).toEqual(JSON.parse(text));
      // Every place is that of the value there.
      for (const [pointer, { value: span }] of places) {
        const keys = pointer.split("/").slice(1);
        const at = keys.reduce<unknown>(
          (inside, key) => (inside as Record<string, unknown>)[key.replaceAll("~1", "/").replaceAll("~0", "~")],
          JSON.parse(text),
        );
        expect(JSON.parse(text.slice(span.start, span.end))).toEqual(at);
      }
    });
    fc.assert(same, { numRuns: 1000, seed: 20250119 });
  });

  test("refuses what JSON.parse refuses, at a place", () => {
    const parts = [...'{}[]:,-01.e+"\\ \n', "true", "null", "NaN", '"a"', "1e5", "\\u00e9", "é", "'", "//"];
    const texts = fc.array(fc.constantFrom(...parts), { maxLength: 12 }).map((list) => list.join(""));
    const same = fc.property(
      fc.oneof(
        texts,
        texts.map((text) => `{"a": ${text}}`),
      ),
      (text) => {
        let expected: Json | undefined;
        try {
          expected = JSON.parse(text) as Json;
        } catch {}
        const { json, diagnostics } = readJson({ path: "a.json", text }, anyKey);
        if (diagnostics.every(({ name }) => name !== "duplicate")) expect(json).toEqual(expected);
        if (expected !== undefined) return;
        const [only] = diagnostics;
        expect(only?.name).toBe("not-json");
        expect(only?.span?.start).toBeLessThanOrEqual(text.length);
      },
    );
    fc.assert(same, { numRuns: 5000, seed: 20250120 });
  });
});

const specs = readdirSync(join(ROOT, "specs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".mom"))
  .map((name) => `specs/${name}`);

describe("JSON, to a .mom file, to JSON is the identity", () => {
  test("for the specs of the repository", () => {
    expect(specs.length).toBeGreaterThan(25);
    for (const path of specs) {
      const { json, diagnostics } = checkFile(nodeDisk, join(ROOT, path));
      expect(diagnostics.filter(isError), path).toEqual([]);
      // Files that they name are beside them, and counted already.
      const { json: again, text } = throughMom(json ?? null);
      expect(again, path).toEqual(json);
      expect(formatJson({ path: "a.json", text: JSON.stringify(again) }), path).toEqual({ text });
    }
  });

  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{2,6}$/).filter((text) => !TAKEN.test(text));
  const TAKEN = /^(?:import|remove|true|false|model|objective|data|train|ablate|init|text|image|mixer|in_proj)$/;
  const rate = fc.double({ min: 1e-9, max: 0.9, noNaN: true });
  const generated = fc
    .record({
      words: name,
      block: name,
      more: fc.array(name, { maxLength: 2 }),
      d_model: fc.integer({ min: 1, max: 4096 }),
      d_state: fc.integer({ min: 1, max: 256 }),
      dt_rank: fc.oneof(fc.constant("auto"), fc.integer({ min: 1, max: 64 })),
      parts: fc.subarray(["in_proj", "x_proj", "dt_proj", "out_proj", "conv1d", "A", "D", "norm"]),
      grouped: fc.boolean(),
      times: fc.integer({ min: 1, max: 8 }),
      path: fc.stringMatching(/^[a-z0-9 "\\é-]{1,12}$/),
      lr: rate,
      beta: rate,
      clip: fc.oneof(fc.constant("none"), fc.double({ min: 1e-6, max: 1e6, noNaN: true })),
      seed: fc.maxSafeNat(),
      vary: fc.uniqueArray(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 5 }),
      layout: fc.constantFrom("one", "many", "nested"),
    })
    .map((of): Json => {
      const modalities = [...new Set([of.words, ...of.more])];
      const groups = [modalities.slice(0, 1), modalities.slice(1)].filter(({ length }) => length > 0);
      const stacks: Record<string, Json> = {
        one: [of.block],
        many: [of.block, { times: of.times, of: [of.block] }],
        nested: [{ times: of.times, of: [of.block, { times: 2, of: [of.block, of.block] }] }],
      };
      return {
        model: {
          modality: Object.fromEntries(
            modalities.map((one, i) => [one, i === 0 ? { kind: "bytes" } : { kind: "codes", vocab: 16 * (i + 1) }]),
          ),
          d_model: of.d_model,
          block: {
            [of.block]: {
              kind: "mamba",
              d_state: of.d_state,
              d_conv: 4,
              expand: 2,
              dt_rank: of.dt_rank,
              dt_bias: "always",
              decouple: of.parts.map((part) => (of.grouped ? { part, groups } : { part })),
            },
          },
          layers: stacks[of.layout] ?? [],
        },
        objective: Object.fromEntries(modalities.map((one) => [one, { kind: "cross_entropy", weight: 1 }])),
        data: {
          source: { kind: "files", path: `${of.path}.jsonl` },
          length: 32,
          held_out: 0.05,
          reset: false,
          carry: false,
        },
        train: {
          ...(checkedDefaults() as object),
          steps: 10,
          batch: 2,
          clip: of.clip,
          seed: of.seed,
          optimizer: { kind: "adamw", lr: of.lr, betas: [0.9, of.beta], eps: 1e-8, weight_decay: 0 },
        },
        ablate: { sizes: { vary: { [`${of.block}.d_state`]: of.vary }, widen_baseline: false } },
      };
    })
    .filter((json) => !JSON.stringify(json).includes("__proto__"));

  /** Every field of `train` by its default. */
  function checkedDefaults(): Json {
    const text = readFileSync(join(ROOT, "specs/quickstart.mom"), "utf8");
    const { json } = check({ path: "a.mom", text }, nothing);
    return (json as { readonly [key: string]: Json } | undefined)?.train ?? {};
  }

  test(`for ${SPECS} generated specs`, () => {
    const same = fc.property(generated, (json) => {
      const { json: filled, diagnostics } = checkJson(json, "a.json", nothing);
      expect(render(diagnostics.filter(isError), [], { colour: false })).toBe("");
      expect(filled).toEqual(json);
      expect(throughMom(json).json).toEqual(json);
    });
    fc.assert(same, { numRuns: SPECS, seed: 20250121 });
  });
});

/** As programs write it. */
const right = {
  model: {
    modality: { text: "bytes" },
    d_model: 16,
    block: { mixer: { kind: "mamba", decouple: ["in_proj"] } },
    layers: [{ times: 2, of: ["mixer"] }],
  },
  objective: { text: "cross_entropy" },
  data: { source: "emoji", length: 8 },
  train: { steps: 1, batch: 1 },
  ablate: { sizes: { vary: { "mixer.d_state": [8, 16] } } },
};

describe("what is wrong is shown in the JSON", () => {
  const text = `${JSON.stringify(right, null, 2)}\n`;
  const at = (changed: string): string[] => {
    const source = { path: "a.json", text: changed };
    const { spec, diagnostics } = check(source, nothing);
    expect(spec === undefined).toBe(diagnostics.some(isError));
    return diagnostics
      .filter(isError)
      .map(
        ({ name, span }) => `${name}: ${changed.slice(span?.start, span?.end).replaceAll(/\s+/g, " ").slice(0, 40)}`,
      );
  };

  test("nothing is wrong with it as it is", () => expect(at(text)).toEqual([]));

  test.each([
    ["a projection", '"in_proj"', '"in_porj"', 'unknown-word: "in_porj"'],
    ["a field", '"d_model"', '"d_modle"', 'unknown-field: "d_modle"'],
    ["a range", "16,", "-16,", "out-of-range: -16"],
    ["a type", '"d_model": 16', '"d_model": "wide"', 'wrong-type: "wide"'],
    ["a kind", '"mamba"', '"mambo"', 'unknown-kind: "mambo"'],
    ["a block", '"of": [\n          "mixer"', '"of": [\n          "mixr"', 'unknown-block: "mixr"'],
    ["a count of layers", '"times": 2', '"times": 0', "out-of-range: 0"],
    ["a modality", '"text": "cross', '"txt": "cross', 'unknown-modality: "txt"'],
    ["a path", '"mixer.d_state"', '"mixer.d_sate"', 'unknown-path: "mixer.d_sate"'],
    ["a value that varies", "        16\n", "        9999\n", "out-of-range: 9999"],
    ["a key twice", '"batch": 1', '"steps": 1', 'duplicate: "steps"'],
    ["no name", '"text": "bytes"', '"some text": "bytes"', 'no-name: "some text"'],
    ["null", '"emoji"', "null", "unknown-kind: null"],
    ["a missing comma", '"batch": 1', '"batch": 1 "seed": 2', 'not-json: "'],
    ["a comma too many", '"batch": 1', '"batch": 1,', "not-json: }"],
    ["single quotes", '"bytes"', "'bytes'", "not-json: '"],
    ["a comment", '"batch": 1', '"batch": 1 // one', "not-json: /"],
    ["an end too early", /\}\n\}\n$/, "}", "not-json: "],
    ["no object", /^.*$/s, "[1, 2]", "wrong-type: [1, 2]"],
  ])("%s", (_, from, to, wanted) => {
    const changed = text.replace(from, () => to);
    expect(changed).not.toBe(text);
    expect(at(changed)).toContain(wanted);
  });

  test("with its line, and the remedy", () => {
    const changed = text.replace("in_proj", "in_porj");
    const source = { path: "a.json", text: changed };
    const { diagnostics } = check(source, nothing);
    const said = render(diagnostics, [source], { colour: false });
    expect(said).toContain("--> a.json:11:");
    expect(said).toContain("`in_proj`");
  });

  test("JSON is read as a spec that is checked, and not where it is imported", () => {
    const { diagnostics } = check({ path: "a.mom", text: 'import "b.json"\n' }, () => ({ path: "b.json", text }));
    expect(diagnostics.some(isError)).toBe(true);
  });
});

describe("the schema", () => {
  const schema = publicSchema();
  /** Knows the draft and nothing else. */
  const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);

  test("is one, by the draft that it names", () => {
    const { $schema, $id, title } = schema as Readonly<Record<string, unknown>>;
    expect($schema).toBe("http://json-schema.org/draft-07/schema#");
    expect([$id, title]).toEqual(["mom-spec", "A .mom spec"]);
    expect(new Ajv({ strict: false }).validateSchema(schema)).toBe(true);
  });
  test("describes what `--emit json` prints", () => {
    for (const path of specs) {
      const { json } = checkFile(nodeDisk, join(ROOT, path));
      expect(validate(json), `${path} ${JSON.stringify(validate.errors)}`).toBe(true);
    }
  });
  test("and what programs may write", () => {
    expect(validate(right), JSON.stringify(validate.errors)).toBe(true);
    const with_ = (from: string, to: string): unknown => JSON.parse(JSON.stringify(right).replace(from, to));
    expect(validate(with_('{"kind":"mamba","decouple":["in_proj"]}', '"mamba"')), "mamba").toBe(true);
    const subsets = '{"kind":"subsets","of":["in_proj"]}';
    expect(validate(with_("[8,16]", subsets)), JSON.stringify(validate.errors)).toBe(true);
    for (const [from, to] of [
      ["in_proj", "in_porj"],
      ['"bytes"', '"patches"'],
      ['"bytes"', '"bites"'],
      ["d_model", "d_modle"],
      ["[8,16]", "[]"],
    ] as const)
      expect(validate(with_(from, to)), to).toBe(false);
  });
});
