// The generated validator reports the same errors as Ajv at run time, for specs and for single values.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { OPTIONS } from "../../scripts/spec-validator.mjs";
import { nodeDisk } from "../../src/api/node/disk.js";
import { checkFile } from "../../src/api/read-spec.js";
import { ROOT as SCHEMA } from "../../src/front/schema.js";
import type { Json } from "../../src/front/spec.js";
import { validatePart, validateSpec, validateValue } from "../../src/front/validate.js";
import { allPaths, valueIn, withValue } from "../../src/front/vary.js";
import { ROOT } from "../support/mom.js";

const ajv = new Ajv(OPTIONS);
const nonzero = (least: number, value: number): boolean => value === 0 || Math.abs(value) >= least;
const listed = (words: readonly string[], value: Json): boolean => typeof value !== "string" || words.includes(value);
ajv.addKeyword({ keyword: "leastNonzero", type: "number", validate: nonzero, errors: false });
ajv.addKeyword({ keyword: "words", validate: listed, errors: false });
const reference = ajv.compile(SCHEMA);

const folder = join(ROOT, "test/accept");
const specs = readdirSync(folder)
  .filter((name) => name.endsWith(".mom"))
  .map((name) => checkFile(nodeDisk, join(folder, name)).json)
  .filter((json) => json !== undefined);

const VALUES: readonly Json[] = [
  ...[0, -1, 1, 3.5, 1e-30, 1e300, true, null, "", "auto", "none", "one two", "9x9"],
  ...[
    [],
    [0.5],
    [1, 2, 3],
    ["in_proj"],
    {},
    { kind: "adamw" },
    { kind: "adamw", lr: 1e-30, extra: 1 },
    { kind: "none" },
  ],
];

const errorsOf = (json: Json): unknown[] => {
  const validated = validateSpec(json);
  return "errors" in validated ? [...validated.errors] : [];
};

test("a changed value in a spec gives the errors of Ajv, also if validated alone", () => {
  expect(specs.length).toBeGreaterThan(10);
  let invalid = 0;
  const tried = new Set<unknown>();
  for (const json of specs) {
    for (const { pointer, node } of allPaths(json)) {
      // Each node of the schema is tried once.
      if (tried.has(node)) continue;
      tried.add(node);
      for (const value of VALUES) {
        const [one, two, alone] = [0, 1, 2].map(() =>
          withValue(structuredClone(json), pointer, structuredClone(value)),
        );
        const expected = reference(one) ? [] : [...(reference.errors ?? [])];
        expect(errorsOf(two as Json)).toEqual(expected);
        const validated = validateValue(alone as Json, pointer);
        expect("errors" in validated ? validated.errors : []).toEqual(expected);
        // Both validators fill in the same defaults.
        expect(two).toEqual(one);
        expect(valueIn(alone as Json, pointer)).toEqual(valueIn(one as Json, pointer));
        if (expected.length > 0) invalid++;
      }
    }
  }
  expect(invalid).toBeGreaterThan(500);
});

test("places of errors in a single value are relative to the value", () => {
  const values = { kind: "range", from: 0, to: "x" };
  expect(validatePart(values, "/ablate/*/vary/*").map(({ instancePath }) => instancePath)).toContain("/to");
});
