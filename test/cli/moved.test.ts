// A run that was moved or copied: its spec remains valid, and paths in a run from another author open no files.

import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keptSpec } from "../../src/api/kept-spec.js";
import { nodeDisk } from "../../src/api/node/disk.js";
import { specFiles } from "../../src/api/node/spec-files.js";
import { checkFile, readSpec } from "../../src/api/read-spec.js";
import { specOfRun } from "../../src/api/run-spec.js";
import { checkDataThere, withData } from "../../src/api/where-data.js";
import { locate, reachOf } from "../../src/data/reach.js";
import type { CheckedSpec, Json } from "../../src/front/spec.js";
import { movedSpec, placeless } from "../../src/train/placed-spec.js";
import { closeRun, createRun, openRun } from "../../src/train/run-folder.js";
import { ROOT } from "../support/mom.js";

let root: string;
const at = (...names: string[]): string => join(root, ...names);
const specOf = (data: string, text = "bytes", train = ""): string => `model {
  modality text: ${text}
  d_model: 4
  block mixer: mamba { d_state: 2 }
  layers: 1 * mixer
}
objective { text: cross_entropy }
data { source: files(${JSON.stringify(data)}), length: 8 }
train { steps: 2, batch: 2${train} }
`;
const TOKENIZER = JSON.stringify({
  version: "1.0",
  added_tokens: [],
  pre_tokenizer: { type: "Whitespace" },
  model: { type: "WordLevel", vocab: { "[UNK]": 0, word: 1 }, unk_token: "[UNK]" },
});

/** A run from an untrusted author, with any spec and any origin. */
function madeRun(name: string, spec: string, origin?: string): string {
  const path = at("inbox", name);
  closeRun(createRun(path, { spec, plan: "{}" }, nodeDisk));
  if (origin !== undefined) writeFileSync(join(path, "origin.json"), origin);
  return path;
}

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "mom-moved-")));
  for (const folder of ["project", "inbox", "elsewhere"]) mkdirSync(at(folder));
  writeFileSync(at("project/words.json"), TOKENIZER);
  for (const name of ["own.jsonl", "secret.jsonl"])
    writeFileSync(at("project", name), '{"segments": [{"text": "a secret"}]}\n');
  writeFileSync(at("project/s.mom"), specOf("own.jsonl", 'tokens(tokenizer: "words.json")'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("a run's spec is stored with its files, and reads them from the run's folder after a move", () => {
  const { json } = checkFile(nodeDisk, at("project/s.mom"));
  const kept = keptSpec(json as Json, at("project"), at("project/runs/one"), reachOf(nodeDisk, at("project/s.mom")));
  expect(kept.text).toContain('tokenizer: "files/tokenizer-0.json"');
  expect(kept.text).toContain('files("../../own.jsonl")');
  const contents = { spec: kept.text, plan: "{}", files: kept.files(), file: at("project/s.mom") };
  closeRun(createRun(at("project/runs/one"), contents, nodeDisk));
  expect(readFileSync(at("project/runs/one/files/tokenizer-0.json"), "utf8")).toBe(TOKENIZER);
  cpSync(at("project/runs/one"), at("elsewhere/two"), { recursive: true });
  const read = readSpec(nodeDisk, at("elsewhere/two"));
  expect(read).toMatchObject({ isRun: true, folder: at("elsewhere/two"), file: at("elsewhere/two/spec.mom") });
  const moved = { ...read, spec: read.spec as CheckedSpec };
  expect(() => checkDataThere(moved)).toThrow(/are no longer at \.\.\/\.\.\/own\.jsonl/);
  const there = withData(moved, at("project"));
  expect(there.spec.data.source).toMatchObject({ paths: [at("project/own.jsonl")] });
  expect(locate(at("project/own.jsonl"), there.reach).kind).toBe("inside");
  expect(() => withData(moved, at("nowhere"))).toThrow(/^--data: .* does not exist/);
});

describe("a run from another author", () => {
  const opens = (run: string): boolean =>
    locate(at("project/secret.jsonl"), specOfRun(nodeDisk, run).reach).kind === "inside";
  const secret = specOf("../../project/secret.jsonl");
  const origin = (spec: string, format?: number): string => JSON.stringify({ ...(format && { format }), spec });

  test("opens no files by its spec or by its recorded origin", () => {
    const own = specOf("own.jsonl");
    expect(opens(madeRun("plain", secret))).toBe(false);
    expect(opens(madeRun("origin", secret, origin("../../project/s.mom", 2)))).toBe(false);
    expect(opens(madeRun("old", specOf("secret.jsonl"), origin("../../project/s.mom")))).toBe(false);
    expect(opens(madeRun("nowhere", specOf("secret.jsonl"), origin("../../project/none.mom")))).toBe(false);
    expect(opens(madeRun("data", own, origin("../../project/secret.jsonl")))).toBe(false);
    const passwd = madeRun("passwd", specOf("/etc/passwd"), origin("/etc/passwd", 2));
    expect(locate("/etc/passwd", specOfRun(nodeDisk, passwd).reach).kind).toBe("outside");
    const linked = madeRun("linked", specOf("own.jsonl", 'tokens(tokenizer: "files/t.json")'));
    mkdirSync(join(linked, "files"));
    symlinkSync(at("project/words.json"), join(linked, "files/t.json"));
    expect(checkFile(nodeDisk, linked).diagnostics.map(({ name }) => name)).toEqual(["file-outside"]);
  });

  test("opens data that the existing original spec also names", () => {
    expect(opens(madeRun("same", specOf("../../project/own.jsonl"), origin("../../project/s.mom", 2)))).toBe(true);
    expect(opens(madeRun("same-old", specOf("own.jsonl"), origin("../../project/s.mom")))).toBe(true);
  });

  test("opens data in folders that the user allows", () => {
    expect(locate(at("project/secret.jsonl"), specOfRun(nodeDisk, at("inbox/plain"), [at("project")]).reach).kind).toBe(
      "inside",
    );
  });

  test("writes to no file through a link", () => {
    const run = madeRun("writes", secret);
    writeFileSync(at("project/precious"), "precious\n");
    symlinkSync(at("project/precious"), join(run, "metrics.jsonl"));
    expect(() => openRun(run, nodeDisk)).toThrow(/metrics\.jsonl is a link/);
  });
});

test("missing data outside the project are an error in a spec, but not in a run's spec", () => {
  const init = ', init: checkpoint("../../gone")';
  expect(checkFile(nodeDisk, madeRun("gone", specOf("../../gone.jsonl", "bytes", init))).diagnostics).toEqual([]);
  writeFileSync(at("project/gone.mom"), specOf("../../gone.jsonl"));
  expect(checkFile(nodeDisk, at("project/gone.mom")).diagnostics.map(({ name }) => name)).toEqual(["file-outside"]);
});

test("paths of data and weights are adjusted when a spec moves, and do not count as a change", () => {
  const text = 'source: files("a/b \\"c\\".jsonl")\ninit: checkpoint(path: "w", prefix: "p")\n';
  expect(movedSpec(text, "/x/y", "/x/z/run", posix)).toBe(
    'source: files("../../y/a/b \\"c\\".jsonl")\ninit: checkpoint(path: "../../y/w", prefix: "p")\n',
  );
  expect(placeless(text)).toBe(placeless(movedSpec(text, "/x/y", "/x/z/run", posix)));
  expect(placeless(text)).not.toBe(placeless(text.replace('"p"', '"q"')));
});

test("the formatter does not change specs of runs", () => {
  expect(specFiles([at("project")])).toEqual([at("project/gone.mom"), at("project/s.mom")]);
  expect(() => specFiles([at("project/runs/one")])).toThrow("contains no specs");
  expect(specFiles([join(ROOT, "test/fixtures/runs")]).filter((path) => path.includes("spec.mom"))).toEqual([]);
});
