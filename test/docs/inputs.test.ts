// What the package's functions take for a spec: a file, its text and its object mean the same.

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
const FILE = join(ROOT, "specs/quickstart.mom");
const quickstart = (): FullSpec => {
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

test("what needs nothing but its name may stand by it", () => {
  const full = quickstart();
  const { mixer } = full.model.block;
  const { image } = full.model.modality;
  if (mixer?.kind !== "mamba" || image === undefined) throw new Error("the quickstart has changed");
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

test("what a program without types may get wrong is told of", () => {
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
])("train refuses %j before anything is made", async (options, message, remedy) => {
  await expect(train(FILE, options as object)).rejects.toMatchObject({ message, remedy });
});

test("what a Failure says has its code and its remedy", () => {
  try {
    inspect({ ...quickstart(), model: { ...quickstart().model, d_model: 33.5 } });
    expect.unreachable();
  } catch (error) {
    const [message] = messagesOf(error as Failure);
    expect(message).toMatchObject({ code: "MOM0107", expected: "a whole number from 1 to 65536" });
  }
});

test("what has no meaning is thrown", () => {
  expect(() => format({ text: "model {" })).toThrow(Failure);
  expect(() => inspect({ text: "model {" })).toThrow(Failure);
  expect(() => inspect("nowhere.mom")).toThrow(Failure);
});

test.skipIf(missing)(
  "what is trained from an object finds its data again from the folder that it was trained in",
  async () => {
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
  },
);
