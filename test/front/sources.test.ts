// Sources in text and in JSON: what a checked spec has of them, what is printed, and their paths.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { templateOf } from "../../src/api/new-spec.js";
import { nodeDisk } from "../../src/api/node/disk.js";
import { checkFile, readSpec } from "../../src/api/read-spec.js";
import { pathsIn, withPaths } from "../../src/api/spec-paths.js";
import { checkDataThere, withData } from "../../src/api/where-data.js";
import { beforePattern, fromPattern, isPattern } from "../../src/data/sources/source.fields.js";
import { isError } from "../../src/diagnostics/diagnostic.js";
import { check, checkJson } from "../../src/front/check.js";
import { formatJson } from "../../src/front/parse-json.js";
import { printSpec } from "../../src/front/print-spec.js";
import type { CheckedSpec, Json } from "../../src/front/spec.js";
import { movedSpec, placeless } from "../../src/train/placed-spec.js";
import { bareEmoji, filesAt } from "../support/source.js";

const BASE = `model {
  modality text: bytes
  modality image: patches(size: 8x8, patch: 4x4)
  modality human: codes(vocab: 9)
  d_model: 8
  block mixer: mamba
  layers: mixer
}
objective { text: cross_entropy, image: ddpm, human: cross_entropy }
train { steps: 1, batch: 1 }
`;
const textOf = (data: string): string => `${BASE}data {\n  length: 64\n  ${data}\n}\n`;
const checkText = (data: string) => check({ path: "a.mom", text: textOf(data) }, () => undefined);

/** Checks a spec, and that it means the same after it is printed, and as JSON. */
function data(text: string): CheckedSpec["data"] {
  const { spec, json, diagnostics } = checkText(text);
  expect(diagnostics.filter(isError)).toEqual([]);
  expect(check({ path: "a.mom", text: printSpec(json as Json) }, () => undefined).spec).toEqual(spec);
  expect(checkJson(JSON.parse(JSON.stringify(json)), "a.json", () => undefined).spec).toEqual(spec);
  return spec?.data as CheckedSpec["data"];
}

/** The lines of the printed data section. */
function printed(text: string): string {
  const { json } = checkText(text);
  return /data \{\n([\s\S]*?)\n\}/.exec(printSpec(json as Json))?.[1]?.replaceAll(/^ {2}/gm, "") ?? "";
}

const messages = (text: string): string[] => checkText(text).diagnostics.map(({ message }) => message);

describe("the checked spec has", () => {
  test("a source without options as before, and its text is as before", () => {
    expect(data("source: emoji").source).toEqual(bareEmoji);
    expect(data('source: files("x.jsonl")').source).toEqual(filesAt("x.jsonl"));
    expect(printed("source: emoji")).toBe("source: emoji\nlength: 64\nheld_out: 0.05\nreset: false\ncarry: false");
    expect(printed('source: files("x.jsonl")')).toMatch(/^source: files\("x\.jsonl"\)\n/);
  });

  test("a mixture for a list, with weights", () => {
    const mixture = {
      kind: "mixture",
      of: [
        { source: filesAt("a", "b"), weight: 2 },
        { source: bareEmoji, weight: 1 },
      ],
    };
    expect(data('source: [files(["a", "b"], weight: 2), emoji]').source).toEqual(mixture);
    expect(data('source: mixture([files(["a", "b"], weight: 2), emoji])').source).toEqual(mixture);
    expect(printed('source: mixture(of: [emoji, files("a")])')).toMatch(/^source: \[emoji, files\("a"\)\]\n/);
  });

  test("columns in the order of segments", () => {
    const columns = (call: string): unknown => {
      const { source } = data(`source: ${call}`);
      return "columns" in source ? Object.entries(source.columns) : undefined;
    };
    expect(columns('table("a.csv", image: b, text: a)')).toEqual([
      ["text", ["a"]],
      ["image", ["b"]],
    ]);
    expect(columns('table("a.csv", image: [b, "c d"], text: "1", order: [image, text])')).toEqual([
      ["image", ["b", "c d"]],
      ["text", ["1"]],
    ]);
    expect(columns('conversations("a.json", roles: {image: "", text: "Q: "})')).toEqual([]);
  });

  test("roles in their order, also those that are named like fields", () => {
    const { source } = data('source: conversations("a", roles: {kind: "K", path: "P", human: "a {b: 1}"})');
    expect(source).toMatchObject({
      roles: [
        { role: "kind", marker: "K" },
        { role: "path", marker: "P" },
        { role: "human", marker: "a {b: 1}" },
      ],
    });
    expect(printed('source: conversations("a", roles: {kind: "K", path: P})')).toContain(
      'roles: {kind: "K", path: "P"}',
    );
  });

  test("validation by name, and nothing held out beside it", () => {
    const { validation, held_out } = data('source: emoji\n  validation: files("v")');
    expect({ validation, held_out }).toEqual({
      validation: [{ name: "validation", source: filesAt("v") }],
      held_out: 0,
    });
    expect(printed('source: emoji\n  validation: files("v")')).toBe(
      'source: emoji\nvalidation: files("v")\nlength: 64\nreset: false\ncarry: false',
    );
    const sets = 'source: emoji\n  validation near: files("v")\n  validation validation: text("w")';
    expect(data(sets).validation.map(({ name }) => name)).toEqual(["near", "validation"]);
    expect(printed(sets)).toContain('validation near: files("v")\nvalidation validation: text("w")\n');
    expect(data("source: emoji").held_out).toBe(0.05);
    expect(data("source: emoji\n  held_out: 0.2").held_out).toBe(0.2);
  });
});

describe("JSON of a program", () => {
  const spec = (section: object): Json => ({
    ...(JSON.parse(JSON.stringify(checkText("source: emoji").json)) as Record<string, Json>),
    data: { length: 64, ...section } as Json,
  });
  const checked = (section: object) => checkJson(spec(section), "a.json", () => undefined);

  test("takes a list for a mixture, and a source for validation", () => {
    const { spec: found, diagnostics } = checked({
      source: ["emoji", { kind: "files", path: ["a", "b"], weight: 2 }],
      validation: { kind: "table", path: "v.csv", text: "64x64", image: ["a", "b"] },
    });
    expect(diagnostics.filter(isError)).toEqual([]);
    expect(found?.data).toEqual(
      data('source: [emoji, files(["a", "b"], weight: 2)]\n  validation: table("v.csv", text: "64x64", image: [a, b])'),
    );
  });

  test("has errors at their places", () => {
    const source = JSON.stringify(spec({ source: [{ kind: "table", path: "a.csv", txt: "a" }, { kind: "text" }] }));
    const { diagnostics } = check({ path: "a.json", text: source }, () => undefined);
    const at = (name: string) => {
      const { span } = diagnostics.find((one) => one.name === name) ?? {};
      return source.slice(span?.start, span?.end);
    };
    expect(at("unknown-modality")).toBe('"txt"');
    expect(diagnostics.map(({ name }) => name)).toEqual(["unknown-modality", "missing-field"]);
  });

  test("is formatted as text with maps and lists", () => {
    const text = JSON.stringify({
      data: {
        source: [
          { kind: "conversations", path: "a", roles: { user: "Q", bot: "A" } },
          { kind: "text", path: "b" },
        ],
        validation: { kind: "emoji" },
      },
    });
    const formatted = formatJson({ path: "a.json", text });
    expect("text" in formatted && formatted.text).toBe(
      'data {\n  source: [conversations("a", roles: {user: "Q", bot: "A"}), text("b")]\n  validation: emoji\n}\n',
    );
  });
});

test("errors and warnings name the mistake once", () => {
  expect(messages('source: table("a.csv", imagee: 3)')).toEqual(["There is no modality `imagee`."]);
  expect(messages('source: table("a.csv", imagee: {a: 1}, text: a)')).toEqual(["There is no modality `imagee`."]);
  expect(messages('source: table("a.csv", text: a, delimitr: 3)')).toEqual(["`table` has no field `delimitr`."]);
  expect(messages('source: table("a.csv", text: a, order: [text, text])')).toEqual(["`order` lists `text` twice."]);
  expect(messages('source: text("a", text: a)')).toEqual(["`source` (`text`) has no field `text`."]);
  expect(messages("source: emoji(weight: 2)")).toEqual([
    "`weight` has no effect on a source that is not in a list of sources.",
  ]);
  expect(messages("source: [emoji, emoji(weight: 2)]")).toEqual([]);
  expect(messages('source: prepared("a")\n  validation: prepared("b")')).toEqual([]);
});

describe("paths", () => {
  const all = `source: [
    files(["a.jsonl", "b/*.jsonl"]), folder("pictures", metadata: "m.csv"), emoji, conversations("c.json", roles: {a: "files(", b: "("})
  ]
  validation near: text("../v/**/*.txt")
  validation far: prepared("far")`;

  test("are found and changed in lists, mixtures, validation and metadata", () => {
    const { json } = checkText(all);
    const paths = ["a.jsonl", "b/*.jsonl", "c.json", "pictures", "m.csv", "../v/**/*.txt", "far"];
    expect(
      pathsIn(json as Json)
        .map(({ path }) => path)
        .sort(),
    ).toEqual([...paths].sort());
    const moved = withPaths(json as Json, (path) => `x/${path}`);
    expect(
      pathsIn(moved)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(paths.map((path) => `x/${path}`).sort());
  });

  test("are left out of a spec's text where runs are compared, and move with it", () => {
    const text = printSpec(checkText(all).json as Json);
    const moved = movedSpec(text, "/x/y", "/x/z/run", posix);
    expect(moved).toContain('files(["../../y/a.jsonl", "../../y/b/*.jsonl"])');
    expect(moved).toContain('folder("../../y/pictures", metadata: "../../y/m.csv")');
    expect(moved).toContain('roles: {a: "files(", b: "("}');
    expect(moved).toContain('validation near: text("../../v/**/*.txt")');
    expect(placeless(text)).toBe(placeless(moved));
    expect(placeless(text)).not.toBe(placeless(text.replace('b: "("', 'b: ")"')));
    expect(placeless(text)).not.toBe(placeless(text.replace("emoji", "emoji(weight: 2)")));
  });

  test("can be patterns, which begin in a folder", () => {
    expect(["a.jsonl", "a\\*.txt", "a/**", "{a,b}.txt", "a[0-9]", "a?"].map(isPattern)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(["books/*/a.txt", "*.txt", "/*.txt", "/a/b/*"].map(beforePattern)).toEqual(["books", ".", "/", "/a/b"]);
    expect(["books/*/a.txt", "*.txt"].map(fromPattern)).toEqual(["*/a.txt", "*.txt"]);
  });
});

describe("--data", () => {
  let root: string;
  const at = (...names: string[]): string => join(root, ...names);
  const read = (text: string) => {
    writeFileSync(at("spec.mom"), textOf(text));
    const found = readSpec(nodeDisk, at("spec.mom"));
    return { ...found, spec: found.spec as CheckedSpec, json: checkFile(nodeDisk, at("spec.mom")).json };
  };
  beforeAll(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "mom-sources-")));
    for (const folder of ["new", "new/pictures", "done"]) mkdirSync(at(folder));
    for (const name of ["a.jsonl", "b.csv"]) writeFileSync(at("new", name), "");
    writeFileSync(at("done/data.json"), '{"format": "mom data 1"}');
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test("names the folder of several files and patterns", () => {
    const there = withData(
      read('source: [files("old/a.jsonl"), text("old/*/x.txt")]\n  validation: table("b.csv", text: a)'),
      at("new"),
    );
    expect(there.spec.data).toMatchObject({
      source: { of: [{ source: { paths: [at("new/a.jsonl")] } }, { source: { paths: [at("new/*/x.txt")] } }] },
      validation: [{ source: { paths: [at("new/b.csv")] } }],
    });
    expect(pathsIn(there.json as Json).map(({ path }) => path)).toContain(at("new/b.csv"));
    const two = read('source: [files("x/a.jsonl"), files("y/a.jsonl")]');
    expect(() => withData(two, at("new"))).toThrow(/x\/a\.jsonl and y\/a\.jsonl have the same name/);
    expect(() => withData(two, at("new/a.jsonl"))).toThrow(/is not a folder, but the spec has 2 paths/);
    expect(() => withData(read('source: [files("a.jsonl"), files("c.jsonl")]'), at("new"))).toThrow(
      /c\.jsonl does not exist/,
    );
  });

  test("names a folder of pictures, or the folder that contains it", () => {
    const spec = read('source: folder("old/pictures", text: a)');
    for (const place of ["new", "new/pictures"])
      expect(withData(spec, at(place)).spec.data.source).toMatchObject({ path: at("new/pictures") });
  });

  test("names a folder of prepared data in place of any source", () => {
    const there = withData(read("source: emoji"), at("done"));
    expect(there.spec.data.source).toEqual({ kind: "prepared", path: at("done") });
    expect(pathsIn(there.json as Json)).toEqual([{ use: "data", path: at("done") }]);
    const sets = withData(read('source: emoji\n  validation: files("v")'), at("done"));
    expect(sets.spec.data).toMatchObject({ source: { kind: "prepared" }, validation: [], held_out: 0 });
    expect(checkJson(sets.json as Json, "a.json", () => undefined).spec?.data).toEqual(sets.spec.data);
    expect(() => withData(read("source: emoji"), at("new"))).toThrow(/--data does not apply/);
  });

  test("is needed if a run's data are no longer there", () => {
    const moved = { ...read('source: [emoji, files("new/a.jsonl"), text("gone/*.txt")]'), isRun: true };
    checkDataThere(moved);
    expect(() => checkDataThere({ ...read('source: [emoji, files("gone.jsonl")]'), isRun: true })).toThrow(
      /no longer at gone\.jsonl/,
    );
  });
});

test.each([
  ["a.jsonl", 'files("a.jsonl", text: caption, image: file_name)'],
  ["s/{0..9}.tar", 'webdataset("s/{0..9}.tar", text: txt, image: [jpg, png])'],
  ["*.parquet", 'parquet("*.parquet", text: caption, image: image)'],
  ["a.tsv", 'table("a.tsv", text: caption, image: file)'],
  ["a.txt", 'text("a.txt")'],
])("a new spec for %s has its source", (path, source) => {
  const text = templateOf({ modalities: ["text", "image"], blocks: "mamba", own: "none", data: path });
  expect(text).toContain(`source: ${path === "a.jsonl" ? 'files("a.jsonl")' : source}\n`);
  expect(check({ path: "new.mom", text }, () => undefined).diagnostics.filter(isError)).toEqual([]);
});
