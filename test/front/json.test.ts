// Specs as JSON: they are read with their places, converted to .mom files and back, and described by the schema.

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

/** The number of generated specs, for example `FUZZ=500`. */
const SPECS = Number(process.env.FUZZ ?? 150);

const nothing = () => undefined;
const anyKey = () => true;

/** Converts the spec's JSON to a .mom file and back. */
function throughMom(json: Json): { json: Json | undefined; text: string } {
  const formatted = formatJson({ path: "a.json", text: JSON.stringify(json) });
  if ("diagnostics" in formatted) throw new Error(render(formatted.diagnostics, [], { colour: false }));
  const { text } = formatted;
  return { json: check({ path: "a.mom", text }, nothing).json, text };
}

describe("reading JSON", () => {
  const unordered = fc.jsonValue({ maxDepth: 4 });
  test("gives the result of JSON.parse with any white space", () => {
    const same = fc.property(unordered, fc.constantFrom(0, 2, "\t"), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const { json, places, diagnostics } = readJson({ path: "a.json", text }, anyKey);
      expect(diagnostics.filter(({ name }) => name !== "reserved-name")).toEqual([]);
      if (diagnostics.length > 0) return;
      expect(json).toEqual(JSON.parse(text));
      // Every place is the place of its value.
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

  test("refuses what JSON.parse refuses, and gives the place", () => {
    const pieces = [...'{}[]:,-01.e+"\\ \n', "true", "null", "NaN", '"a"', "1e5", "\\u00e9", "é", "'", "//"];
    const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((list) => list.join(""));
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

describe("converting JSON to a .mom file and back is the identity", () => {
  test("for the specs of the repository", () => {
    expect(specs.length).toBeGreaterThan(25);
    for (const path of specs) {
      const { json, diagnostics } = checkFile(nodeDisk, join(ROOT, path));
      expect(diagnostics.filter(isError), path).toEqual([]);
      // The named files are beside the spec, and their ids are already counted.
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

  /** Every field of `train` with its value in the quickstart spec. */
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

/** A spec in the short form that programs may write. */
const valid = {
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

describe("an error is shown at its place in the JSON:", () => {
  const text = `${JSON.stringify(valid, null, 2)}\n`;
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

  test("no errors in the unchanged spec", () => expect(at(text)).toEqual([]));

  test.each([
    ["an unknown projection", '"in_proj"', '"in_porj"', 'unknown-word: "in_porj"'],
    ["an unknown field", '"d_model"', '"d_modle"', 'unknown-field: "d_modle"'],
    ["a number out of range", "16,", "-16,", "out-of-range: -16"],
    ["a wrong type", '"d_model": 16', '"d_model": "wide"', 'wrong-type: "wide"'],
    ["an unknown kind", '"mamba"', '"mambo"', 'unknown-kind: "mambo"'],
    ["an unknown block", '"of": [\n          "mixer"', '"of": [\n          "mixr"', 'unknown-block: "mixr"'],
    ["an invalid number of layers", '"times": 2', '"times": 0', "out-of-range: 0"],
    ["an unknown modality", '"text": "cross', '"txt": "cross', 'unknown-modality: "txt"'],
    ["an unknown path", '"mixer.d_state"', '"mixer.d_sate"', 'unknown-path: "mixer.d_sate"'],
    ["a varied value out of range", "        16\n", "        9999\n", "out-of-range: 9999"],
    ["a repeated key", '"batch": 1', '"steps": 1', 'duplicate: "steps"'],
    ["an invalid name", '"text": "bytes"', '"some text": "bytes"', 'no-name: "some text"'],
    ["null", '"emoji"', "null", "unknown-kind: null"],
    ["a missing comma", '"batch": 1', '"batch": 1 "seed": 2', 'not-json: "'],
    ["an extra comma", '"batch": 1', '"batch": 1,', "not-json: }"],
    ["single quotes", '"bytes"', "'bytes'", "not-json: '"],
    ["a comment", '"batch": 1', '"batch": 1 // one', "not-json: /"],
    ["a missing bracket", /\}\n\}\n$/, "}", "not-json: "],
    ["a list instead of an object", /^.*$/s, "[1, 2]", "wrong-type: [1, 2]"],
  ])("%s", (_, from, to, wanted) => {
    const changed = text.replace(from, () => to);
    expect(changed).not.toBe(text);
    expect(at(changed)).toContain(wanted);
  });

  test("a message with the line and the remedy", () => {
    const changed = text.replace("in_proj", "in_porj");
    const source = { path: "a.json", text: changed };
    const { diagnostics } = check(source, nothing);
    const message = render(diagnostics, [source], { colour: false });
    expect(message).toContain("--> a.json:11:");
    expect(message).toContain("`in_proj`");
  });

  test("an imported JSON file, because only the checked spec can be JSON", () => {
    const { diagnostics } = check({ path: "a.mom", text: 'import "b.json"\n' }, () => ({ path: "b.json", text }));
    expect(diagnostics.some(isError)).toBe(true);
  });
});

describe("the schema", () => {
  const schema = publicSchema();
  /** A validator that knows only the schema draft. */
  const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);

  test("is a valid schema of the draft that it names", () => {
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
  test("describes the short forms that programs may write", () => {
    expect(validate(valid), JSON.stringify(validate.errors)).toBe(true);
    const with_ = (from: string, to: string): unknown => JSON.parse(JSON.stringify(valid).replace(from, to));
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
