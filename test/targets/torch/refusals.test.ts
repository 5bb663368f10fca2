// What `mom compile --target torch` refuses: settings that a PyTorch project lacks, weights that do not fit, and folders.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildMom, type Mom } from "../../support/mom.js";

interface Parts {
  readonly modality?: string;
  readonly data?: string;
  readonly train?: string;
}

const specOf = ({ modality = "size: 8x8, patch: 4x4", data = "", train = "" }: Parts): string => `
model {
  modality text: bytes
  modality image: patches(${modality})
  d_model: 16
  block mixer: mamba { d_state: 4 }
  layers: 1 * mixer
}
objective { text: cross_entropy, image: ddpm(weight: 5, steps: 1000, schedule: cosine) }
data { source: emoji, length: 64, ${data} }
train { steps: 4, batch: 2, ${train} }
`;

const folder = mkdtempSync(join(tmpdir(), "mom-refusals-"));
const at = (name: string): string => join(folder, name);
let mom: Mom;
beforeAll(async () => {
  mom = await buildMom();
  writeFileSync(at("plain.mom"), specOf({}));
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true });
});

function compiled(file: string, out: string, ...more: readonly string[]) {
  const { code, stdout, stderr } = mom.run(["compile", at(file), "--target", "torch", "-o", at(out), ...more]);
  // The message and its help, without the folder of this test.
  return { code, stdout, stderr: stderr.replaceAll(`${folder}/`, "") };
}

/** Each setting, and the two lines of its refusal. */
const SETTINGS: readonly (readonly [Parts, string, string])[] = [
  [
    { modality: "size: 8x8, patch: 4x4, decode: live" },
    "`--target torch` does not support `decode: live`: the project has no decoder of pictures",
    "Set `decode: ahead`, or train with `mom train`.",
  ],
  [
    { data: "carry: true, reset: true" },
    "`--target torch` does not support `data.carry`: the project starts every sequence from an empty state",
    "Set `carry: false` and `long: split` in the source, or train with `mom train`.",
  ],
  [
    { train: 'stop: patience(5, on: "text")' },
    "`--target torch` does not support `train.stop`: the project trains for a fixed number of steps",
    "Remove `stop`, or train with `mom train`.",
  ],
  [
    { train: 'keep_best: "text"' },
    "`--target torch` does not support `train.keep_best`: the project keeps its newest checkpoints only",
    "Remove `keep_best`, or train with `mom train`.",
  ],
  [
    { train: 'init: checkpoint("weights", optimizer: true)' },
    "`--target torch` does not support `init's optimizer: true`: the project starts with a new optimizer state",
    "Remove `optimizer: true`, or train with `mom train`.",
  ],
];

test.each(SETTINGS)("%j is refused, and nothing is written", (parts, message, help) => {
  writeFileSync(at("setting.mom"), specOf(parts));
  const { code, stdout, stderr } = compiled("setting.mom", "setting");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(message);
  expect(stderr).toContain(help);
  expect(existsSync(at("setting"))).toBe(false);
});

test("weights that are missing or do not fit are refused", () => {
  writeFileSync(at("init.mom"), specOf({ train: 'init: checkpoint("other.safetensors")' }));
  const missing = compiled("init.mom", "init");
  expect(missing.code).toBe(1);
  expect(missing.stderr).toMatchInlineSnapshot(`
    "error: init: there is no other.safetensors. [MOM0719]
    help Use the folder of a run, one of its checkpoints (checkpoints/step-N), a safetensors file, or a folder with model.safetensors.index.json; paths are relative to the spec that names them.
    "
  `);
  const header = JSON.stringify({ other: { dtype: "F32", shape: [1], data_offsets: [0, 4] } });
  const bytes = Buffer.alloc(8 + header.length + 4);
  bytes.writeBigUInt64LE(BigInt(header.length));
  bytes.write(header, 8);
  writeFileSync(at("other.safetensors"), bytes);
  const unfit = compiled("init.mom", "init");
  expect(unfit.code).toBe(1);
  expect(unfit.stderr).toMatchInlineSnapshot(`
    "error: other.safetensors has no weight of the model: it has 1 tensors, such as other, and the model has embed.weight. [MOM0718]
    help Use weights with the names of checkpoints, or set \`prefix\` to what precedes the names.
    "
  `);
  expect(existsSync(at("init"))).toBe(false);
});

describe("the output folder", () => {
  const names = (out: string): string[] => readdirSync(at(out)).sort();
  test("is kept without --force", () => {
    mkdirSync(at("kept"));
    writeFileSync(join(at("kept"), "model.py"), "mine");
    const { code, stderr } = compiled("plain.mom", "kept");
    expect(code).toBe(1);
    expect(stderr).toContain("kept already exists.");
    expect(stderr).toContain("Name another folder with -o, or overwrite this one with --force.");
    expect(readFileSync(join(at("kept"), "model.py"), "utf8")).toBe("mine");
  });
  test("is never a file", () => {
    writeFileSync(at("file"), "mine");
    const { code, stderr } = compiled("plain.mom", "file", "--force");
    expect(code).toBe(1);
    expect(stderr).toContain("file is a file.");
    expect(readFileSync(at("file"), "utf8")).toBe("mine");
  });
  test("is kept if it has other files", () => {
    mkdirSync(at("foreign"));
    for (const name of ["model.py", "notes.txt", "thesis.tex"]) writeFileSync(join(at("foreign"), name), "mine");
    const { code, stderr } = compiled("plain.mom", "foreign", "--force");
    expect(code).toBe(1);
    expect(stderr).toContain(
      "foreign contains notes.txt, thesis.tex, so it is not only output of `mom compile`, and --force does not overwrite it.",
    );
    expect(stderr).toContain("Name another folder with -o, or empty this one.");
    expect(names("foreign")).toEqual(["model.py", "notes.txt", "thesis.tex"]);
  });
  test("is kept if its files could be anyone's", () => {
    mkdirSync(at("readme"));
    writeFileSync(join(at("readme"), "README.md"), "mine");
    const { code, stderr } = compiled("plain.mom", "readme", "--force");
    expect(code).toBe(1);
    expect(stderr).toContain("readme contains neither plan.json nor model.py, so it is not output of `mom compile`");
    expect(names("readme")).toEqual(["README.md"]);
  });
  test("is overwritten with --force if it is empty or a project, also one that Python has run", () => {
    mkdirSync(at("project"));
    expect(compiled("plain.mom", "project", "--force")).toMatchObject({ code: 0 });
    const written = names("project");
    expect(written).toEqual(expect.arrayContaining(["config.json", "model.py", "start.safetensors", "train.py"]));
    mkdirSync(join(at("project"), "__pycache__"));
    writeFileSync(join(at("project"), "model.py"), "changed");
    expect(compiled("plain.mom", "project", "--force")).toMatchObject({ code: 0 });
    expect(readFileSync(join(at("project"), "model.py"), "utf8")).not.toBe("changed");
    expect(names("project")).toEqual(written);
  });
});
