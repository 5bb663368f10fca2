// The files that a spec and its data may read, and paths that are not regular files. One rule applies to all verbs.

import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { checkText } from "../../src/api/read-spec.js";
import { fileInFolder } from "../../src/data/file-in-folder.js";
import { namedFiles } from "../../src/data/named-files.js";
import { readRegular, textOf, Unreadable } from "../../src/data/open-file.js";
import { locate, reachOf, readWithin } from "../../src/data/reach.js";
import { check } from "../../src/index.js";

let root: string;
const at = (path: string): string => join(root, path);

const spec = (source: string, modality = "bytes", train = "") => `model {
  modality text: ${modality}
  d_model: 32
  block mixer: mamba { d_state: 8 }
  layers: 1 * mixer
}
objective { text: cross_entropy }
data { source: files(${JSON.stringify(source)}), length: 64 }
train { steps: 2, batch: 2${train} }
`;

/** Names and messages of the errors that `mom check` finds in a spec of the project. */
const errorsOf = (text: string, allow?: readonly string[]): string =>
  checkText(nodeDisk, text, at("project/spec.mom"), { allow })
    .diagnostics.map(({ name, message, help }) => `${name}: ${message} ${help}`)
    .join("\n");

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "mom-reach-")));
  for (const folder of ["project/deep", "sets/blobs", "other"]) mkdirSync(at(folder), { recursive: true });
  writeFileSync(at("project/package.json"), "{}");
  for (const file of ["project/own.jsonl", "sets/blobs/abc", "other/secret.jsonl"])
    writeFileSync(at(file), '{"segments": [{"text": "a secret"}]}\n');
  // Caches of data sets have names that link to blobs beside them.
  symlinkSync("blobs/abc", at("sets/named.jsonl"));
  symlinkSync(at("other/secret.jsonl"), at("sets/leaves.jsonl"));
  symlinkSync(at("other"), at("project/deep/leaves"));
  symlinkSync("loop", at("project/loop"));
  symlinkSync(at("other/none"), at("project/dangles"));
  execFileSync("mkfifo", [at("project/fifo")]);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("check refuses paths outside the project, and names the flag that allows them", () => {
  const cases: readonly [string, () => string, string][] = [
    ["data through ..", () => "../sets/named.jsonl", "sets/blobs"],
    ["data with an absolute path", () => at("sets/named.jsonl"), "sets/blobs"],
    ["data through a linked folder", () => "deep/leaves/secret.jsonl", "other"],
    ["data through a link to nothing", () => "dangles", "other"],
  ];
  test.each(cases)("%s", (_, path, folder) => {
    expect(errorsOf(spec(path()))).toMatch(/^file-outside/);
    expect(errorsOf(spec(path()))).toContain(`\`--allow ${at(folder)}\``);
    expect(errorsOf(spec(path()), [at(folder)])).not.toContain("outside");
  });
  test("a tokenizer, a checkpoint and an import", () => {
    expect(errorsOf(spec("own.jsonl", 'tokens(tokenizer: "../other/t.json", vocab: 500)'))).toContain(at("other"));
    expect(errorsOf(spec("own.jsonl", 'tokens(tokenizer: "/etc/passwd")'))).toMatch(/file-outside.*--allow \/etc`/);
    expect(errorsOf(spec("own.jsonl", "bytes", ', init: checkpoint("../other")'))).toContain(
      `--allow ${at("other")}\``,
    );
    expect(errorsOf(`import "/etc/passwd"\n${spec("own.jsonl")}`)).toMatch(/import-outside.*--allow \/etc`/);
  });
  test("but allows every path in the project", () => {
    expect(errorsOf(spec("own.jsonl"))).toBe("");
    expect(errorsOf(spec(at("project/own.jsonl")))).toBe("");
  });
});

test("links within an allowed folder work, and links out of it do not", () => {
  expect(errorsOf(spec("../sets/named.jsonl"), [at("sets")])).toBe("");
  expect(errorsOf(spec("../sets/leaves.jsonl"), [at("sets")])).toContain(`--allow ${at("other")}\``);
});

test("MOM_ALLOW is a list of folders like PATH, and the library has the option `allow`", () => {
  const text = spec(at("sets/named.jsonl"));
  expect(check({ text }, { allow: [at("sets")] }).messages).toEqual([]);
  expect(check({ text }).messages.map(({ name }) => name)).toEqual(["file-outside"]);
  process.env.MOM_ALLOW = [at("none"), at("sets")].join(delimiter);
  try {
    expect(check({ text }).messages).toEqual([]);
  } finally {
    delete process.env.MOM_ALLOW;
  }
  expect(() => check({ text }, { allow: [at("none")] })).toThrow("there is no folder");
});

test("data name files beside them, in the project, or in an allowed folder", () => {
  const naming = {
    place: "a.jsonl:1",
    folder: at("sets"),
    what: "image",
    reach: reachOf(nodeDisk, at("project/spec.mom")),
  };
  expect(fileInFolder("named.jsonl", naming)).toBe(at("sets/blobs/abc"));
  expect(fileInFolder("../project/own.jsonl", naming)).toBe(at("project/own.jsonl"));
  expect(() => fileInFolder("leaves.jsonl", naming)).toThrow("is outside");
  expect(() => fileInFolder("../other/none", naming)).toThrow("is outside");
});

test.each([
  ["fifo", "it is a FIFO"],
  ["deep", "it is a folder"],
  ["loop", "its links lead in a circle"],
  ["x".repeat(300), "its name is too long"],
  ["a\0b", "a null character"],
])("%# is refused at once, as data and as a tokenizer", (name, reason) => {
  const reach = reachOf(nodeDisk, at("project/spec.mom"));
  expect(() => readWithin(at(`project/${name}`), reach)).toThrow(reason);
  expect(() => readRegular(nodeDisk, at(`project/${name}`))).toThrow(Unreadable);
  expect(() => fileInFolder(name, { place: "a:1", folder: at("project"), what: "image", reach })).not.toThrow(
    TypeError,
  );
  if (name.includes("\0")) return;
  expect(errorsOf(spec(name))).toContain(reason);
  expect(errorsOf(spec("own.jsonl", `tokens(tokenizer: ${JSON.stringify(name)})`))).toContain(reason);
});

test("devices are not opened", () => {
  expect(() => readRegular(nodeDisk, "/dev/zero")).toThrow("it is a device");
  expect(locate("/dev/zero", reachOf(nodeDisk, at("project/spec.mom")))).toEqual({ kind: "outside", folder: "/dev" });
});

test("a link that changes before it is opened cannot lead outside", () => {
  const reach = reachOf(nodeDisk, at("project/spec.mom"));
  symlinkSync(at("project/own.jsonl"), at("project/swapped"));
  expect(textOf(readWithin(at("project/swapped"), reach))).toContain("secret");
  symlinkSync(at("other/secret.jsonl"), at("project/next"));
  renameSync(at("project/next"), at("project/swapped"));
  expect(() => readWithin(at("project/swapped"), reach)).toThrow("outside the project");
});

test("a name that is not UTF-8 is reported as such, from a spec or from a folder", () => {
  const bytes = Buffer.concat([Buffer.from(at("project/b")), Buffer.from([0xff]), Buffer.from(".jsonl")]);
  writeFileSync(bytes, '{"segments": [{"text": "a"}]}\n');
  const shown = readdirSync(at("project")).find((name) => name.startsWith("b")) ?? "";
  expect(shown).toBe("b\ufffd.jsonl");
  expect(errorsOf(spec(shown))).toContain("there is no such file, or its name is not UTF-8");
  const kind = { endings: [".jsonl"], key: "image", what: "image", several: "images" } as const;
  const remedies = { path: "", folder: "", documents: "" };
  const [named] = namedFiles(at("project"), { ...kind, remedies }, reachOf(nodeDisk, at("project/spec.mom"))).filter(
    ({ path }) => path.includes("\ufffd"),
  );
  expect(() => readRegular(nodeDisk, named?.path ?? "")).toThrow("there is no such file, or its name is not UTF-8");
});

test("a folder behind a circle of links is not reported as missing", () => {
  const remedies = { path: "", folder: "", documents: "" };
  const kind = { endings: [".png"], key: "image", what: "image", several: "images", remedies } as const;
  const reach = reachOf(nodeDisk, at("project/spec.mom"));
  expect(() => namedFiles(at("project/loop"), kind, reach)).toThrow("cannot be read (its links lead in a circle)");
  expect(() => namedFiles(at("project/none"), kind, reach)).toThrow("there is no folder or file");
});
