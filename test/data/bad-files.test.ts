// Files that cannot be read are all listed by line and name, or their documents are skipped and listed.

import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { fitCodebook } from "../../src/api/codebook.js";
import { nodeDisk } from "../../src/api/node/disk.js";
import { nodeHost } from "../../src/api/node/host.js";
import { namedFiles } from "../../src/data/named-files.js";
import { type PreparedData, prepare } from "../../src/data/prepare.js";
import { reachOf } from "../../src/data/reach.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import { filesAt } from "../support/source.js";
import { textAndImages } from "./parts.js";

const folder = mkdtempSync(join(tmpdir(), "mom-bad-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
cpSync(fileURLToPath(new URL("../cases/data", import.meta.url)), folder, { recursive: true });
const notices: string[] = [];

const prepared = (path: string, skipBad?: boolean, shardBytes?: number): Promise<PreparedData> =>
  prepare({ source: filesAt(path), length: 64, held_out: 0 }, textAndImages(), {
    host: nodeHost,
    folder,
    cache: join(folder, "cache"),
    skipBad,
    notice: (text) => notices.push(text),
    ...(shardBytes !== undefined && { shardBytes }),
  });

async function refusal(promise: Promise<unknown>): Promise<InputError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof InputError) return error;
  throw error ?? new Error("not refused");
}

const lines = (...images: string[]): string =>
  images.map((image) => `${JSON.stringify({ segments: [{ text: "a" }, { image }] })}\n`).join("");

describe("bad files", () => {
  it.each([undefined, 200])("are all listed by line and name (shards of %s bytes)", async (shardBytes) => {
    const { message, remedy } = await refusal(prepared("bad.jsonl", undefined, shardBytes));
    expect(message).toMatch(/^3 files cannot be read:\n {2}bad\.jsonl:2: bad0\.jpg: the image cannot be read.*\n/);
    expect(message).toMatch(
      /\n {2}bad\.jsonl:4: bad1\.jpg: the image cannot be read.*\n {2}bad\.jsonl:5: bad2\.jpg: the image cannot be read/,
    );
    expect(remedy).toContain("--skip-bad");
  });

  it("can be missing or damaged, and at most 20 are listed", async () => {
    writeFileSync(join(folder, "many.jsonl"), lines("bad0.jpg", "ok0.jpg", ...Array(24).fill("missing.jpg")));
    const { message } = await refusal(prepared("many.jsonl"));
    expect(message).toMatch(/^25 files cannot be read:\n {2}many.jsonl:1: bad0.jpg: the image cannot be read/);
    expect(message).toContain('\n  many.jsonl:3: there is no image "missing.jpg"');
    expect(message).toMatch(/many\.jsonl:21: .*\n {2}and 5 more$/);
  });

  it("of one document are listed together", async () => {
    const segments = [{ image: "bad0.jpg" }, { image: "missing.jpg" }, { image: "bad1.jpg" }];
    writeFileSync(join(folder, "one.jsonl"), JSON.stringify({ segments }));
    expect((await refusal(prepared("one.jsonl"))).message).toMatch(/^3 files/);
  });

  it("do not hide an invalid line, even if they are skipped", async () => {
    writeFileSync(join(folder, "line.jsonl"), `${lines("bad0.jpg")}{"segments": [{"image": 1}]}`);
    expect((await refusal(prepared("line.jsonl", true))).message).toMatch(/^line\.jsonl:2: "image" is not a string/);
  });
});

describe("skipped documents", () => {
  it.each([undefined, 200])("are listed in the prepared set (shards of %s bytes)", async (shardBytes) => {
    notices.length = 0;
    const { dataSet } = await prepared("bad.jsonl", true, shardBytes);
    expect(dataSet.documents.length).toBe(2);
    expect(dataSet.skipped.map(({ document }) => document)).toEqual([1, 3, 4]);
    expect(dataSet.skipped[2]?.files[0]).toMatch(/^bad\.jsonl:5: bad2\.jpg: the image cannot be read/);
    expect(notices.at(-1)).toMatch(/^3 documents are skipped because of these files:\n {2}bad\.jsonl:2: bad0\.jpg: /);
    notices.length = 0;
    const again = await prepared("bad.jsonl", true, shardBytes);
    expect(again.dataSet.skipped).toEqual(dataSet.skipped);
    expect(notices).toHaveLength(1);
    expect(again.dataSet.fingerprint).toBe(dataSet.fingerprint);
  });

  it("change the fingerprint: the other documents alone have another one", async () => {
    const { dataSet } = await prepared("bad.jsonl", true);
    writeFileSync(join(folder, "good.jsonl"), lines("ok0.jpg", "ok1.jpg"));
    const good = (await prepared("good.jsonl")).dataSet;
    expect(good.documents.map(({ label }) => label)).toEqual(dataSet.documents.map(({ label }) => label));
    expect(good.skipped).toEqual([]);
    expect(good.fingerprint).not.toBe(dataSet.fingerprint);
    // If all files can be read, skipping bad files changes nothing.
    expect((await prepared("good.jsonl", true)).dataSet.fingerprint).toBe(good.fingerprint);
  });

  it("cannot be all documents", async () => {
    writeFileSync(join(folder, "none.jsonl"), lines("bad0.jpg"));
    expect((await refusal(prepared("none.jsonl", true))).message).toMatch(/no training document is left/);
  });
});

it("fitting a codebook fails for bad files, or skips them", async () => {
  const kind = {
    endings: [".jpg"],
    key: "image",
    what: "image",
    several: "pictures",
    remedies: { path: "", folder: "", documents: "" },
  } as const;
  writeFileSync(join(folder, "pictures.jsonl"), lines("ok0.jpg", "bad0.jpg", "ok1.jpg", "missing.jpg"));
  const geometry = { of: "patches", height: 8, width: 8, patchHeight: 4, patchWidth: 4, channels: 3 } as const;
  const messages: string[] = [];
  const options = { entries: 2, seed: 1, iterations: 1, progress: () => {} };
  const files = namedFiles(join(folder, "pictures.jsonl"), kind, reachOf(nodeDisk, join(folder, "_")));
  expect((await refusal(fitCodebook(files, geometry, nodeHost, options))).message).toMatch(/^2 files cannot be read:/);
  const fitted = await fitCodebook(files, geometry, nodeHost, { ...options, skipBad: (text) => messages.push(text) });
  expect(fitted.pictures.length).toBe(2);
  expect(messages.join()).toMatch(
    /^2 files are skipped:\n.*jsonl:2: bad0\.jpg: .*\n.*jsonl:4: missing\.jpg: cannot read/,
  );
});
