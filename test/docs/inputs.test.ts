// The package's functions accept a spec as a file, as text or as an object, with the same meaning.

import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import {
  check,
  compile,
  Failure,
  type FullSpec,
  format,
  inspect,
  messagesOf,
  type Spec,
  train,
} from "../../src/index.js";
import { originOf, runAt } from "../../src/train/run-folder.js";
import { missingAdapter } from "../gpu/adapter.js";
import { ROOT } from "../support/mom.js";

const missing = await missingAdapter();
const FILE = join(ROOT, "specs/transfusion-bytes.mom");
const quickstart = (): FullSpec => {
  const { spec } = check(FILE);
  if (spec === undefined) throw new Error("the spec has errors");
  return spec;
};

test("a file, its text and its object give the same spec", () => {
  const spec = quickstart();
  expect(check({ text: format(spec) }).spec).toEqual(spec);
  expect(check(spec).spec).toEqual(spec);
  expect(inspect({ text: format(spec) })).toEqual(inspect(FILE));
  expect(compile(spec).plan).toEqual(compile(FILE).plan);
});

test("a kind without arguments may be given by its name", () => {
  const full = quickstart();
  const { mixer } = full.model.block;
  const { image } = full.model.modality;
  if (mixer?.kind !== "mamba" || image === undefined) throw new Error("the spec has changed");
  const short: Spec = {
    ...full,
    model: {
      ...full.model,
      modality: { text: "bytes", image },
      block: { mixer: { ...mixer, decouple: (mixer.decouple ?? []).map(({ part }) => part) } },
    },
    data: { ...full.data, source: "emoji" },
  };
  expect(check(short).spec).toEqual(full);
});

test("a text imports files from the working folder", () => {
  const { spec } = check({ text: 'import "specs/transfusion-bytes.mom"\ntrain { seed: 8 }\n' });
  expect(spec?.train.seed).toBe(8);
});

test("format gives the text of `mom fmt`, and errors in an object have places in that text", () => {
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

test("errors that the type checker would find are reported at run time", () => {
  const loose = (options: object) => compile(FILE, options);
  expect(() => loose({ devise: "nvidia-h100" })).toThrow("Unknown option devise.");
  expect(() => loose({ device: "rtx-9000" })).toThrow('Invalid value "rtx-9000" for the option device.');
  expect(() => check(undefined as unknown as Spec)).toThrow("undefined is not a spec.");
  expect(loose({ device: undefined }).kernels.length).toBeGreaterThan(0);
});

test.each([
  [{ outt: "runs/x" }, "Unknown option outt.", "Did you mean `out`?"],
  [
    { adapter: "cuda" },
    'Invalid value "cuda" for the option adapter.',
    "Valid here: `gpu`, `system` and `swiftshader`.",
  ],
  [{ tune: "ful" }, 'Invalid value "ful" for the option tune.', "Did you mean `full`?"],
])("train refuses %j before it writes anything", async (options, message, remedy) => {
  await expect(train(FILE, options as object)).rejects.toMatchObject({ message, remedy });
});

test("the messages of a Failure have a code and the expected value", () => {
  try {
    inspect({ ...quickstart(), model: { ...quickstart().model, d_model: 33.5 } });
    expect.unreachable();
  } catch (error) {
    const [message] = messagesOf(error as Failure);
    expect(message).toMatchObject({ code: "MOM0107", expected: "a whole number from 1 to 65536" });
  }
});

test("an invalid spec throws a Failure", () => {
  expect(() => format({ text: "model {" })).toThrow(Failure);
  expect(() => inspect({ text: "model {" })).toThrow(Failure);
  expect(() => inspect("nowhere.mom")).toThrow(Failure);
});

test.skipIf(missing)("a run trained from an object records the folder in which its data are found", async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "mom-object-")));
  const before = process.cwd();
  process.chdir(folder);
  try {
    const spec = quickstart();
    const few = { ...spec.train, steps: 1, batch: 1 };
    const { out, step } = await train(
      { ...spec, model: { ...spec.model, d_model: 16 }, train: few },
      { out: "runs/one" },
    );
    expect(step).toBe(1);
    expect(originOf(runAt(join(folder, out), nodeDisk))?.spec).toBe(join(folder, "spec.mom"));
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  }
});
