// What the package's functions take for a spec: a file, its text and its object mean the same.
import { join } from "node:path";
import { expect, test } from "vitest";
import { check, compile, Failure, format, inspect, type Spec } from "../../src/index.js";
import { ROOT } from "../support/mom.js";

const FILE = join(ROOT, "specs/quickstart.mom");
const quickstart = (): Spec => {
  const { spec } = check(FILE);
  if (spec === undefined) throw new Error("the quickstart is wrong");
  return spec;
};

test("a file, its text and its object mean the same", () => {
  const spec = quickstart();
  expect(check({ text: format(spec) }).spec).toEqual(spec);
  expect(check(spec).spec).toEqual(spec);
  expect(inspect({ text: format(spec) })).toEqual(inspect(FILE));
  expect(compile(spec).plan).toEqual(compile(FILE).plan);
});

test("a text imports what the working folder has", () => {
  const { spec } = check({ text: 'import "specs/quickstart.mom"\ntrain { seed: 8 }\n' });
  expect(spec?.train.seed).toBe(8);
});

test("what is written is set as `mom fmt` sets it, and mistakes stand in that text", () => {
  const text = format(quickstart());
  expect(text).toContain("  modality text:  bytes\n  modality image: patches(");
  expect(format({ text })).toBe(text);
  const { right, messages } = check({ ...quickstart(), train: { ...quickstart().train, steps: 0 } });
  const line = text.split("\n").indexOf("  steps: 110") + 1;
  expect({ right, place: messages[0]?.place }).toEqual({
    right: false,
    place: { file: "spec.mom", line, column: 10 },
  });
});

test("what has no meaning is thrown", () => {
  expect(() => format({ text: "model {" })).toThrow(Failure);
  expect(() => inspect({ text: "model {" })).toThrow(Failure);
  expect(() => inspect("nowhere.mom")).toThrow(Failure);
});
