// `mom data prepare`: a folder with the shards and their list, which trains as the sources do.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { nodeHost } from "../../src/api/node/host.js";
import { prepareFolder } from "../../src/api/prepare.js";
import { checkText } from "../../src/api/read-spec.js";
import { withData } from "../../src/api/where-data.js";
import { prepare } from "../../src/data/prepare.js";
import { reachOf } from "../../src/data/reach.js";
import type { CheckedSpec, Json } from "../../src/front/spec.js";

const folder = mkdtempSync(join(tmpdir(), "mom-prepare-folder-"));
const out = join(folder, "prepared");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const notice = () => {};
const reach = reachOf(nodeHost.disk, join(folder, "_"));
const host = { ...nodeHost, cacheFolder: () => join(folder, "cache") };
/** A tiny spec with this source. */
function specWith(source: string, more = "held_out: 0"): CheckedSpec {
  const text = `model {
  modality text: bytes
  d_model: 8
  block mixer: mamba
  layers: mixer
}
objective { text: cross_entropy }
data { source: ${source}, length: 64${more === "" ? "" : `, ${more}`} }
train { steps: 1, batch: 1 }
`;
  const { spec } = checkText(nodeHost.disk, text, join(folder, "a.mom"), {});
  if (spec === undefined) throw new Error("the spec is valid");
  return spec;
}
const filesIn = () => readdirSync(out).sort();

it("has the shards and their list only, also if it is written again", async () => {
  writeFileSync(
    join(folder, "a.jsonl"),
    ["one", "two"].map((word) => JSON.stringify({ segments: [{ text: word }] })).join("\n"),
  );
  const spec = specWith('files("a.jsonl")');
  const made = await prepareFolder(host, { spec, folder, reach }, { out, notice });
  expect(made).toMatchObject({ documents: { train: 2, held_out: 0 }, shards: 1 });
  const names = filesIn();
  expect(names).toEqual([expect.stringMatching(/^a-.*\.safetensors$/), "data.json"]);
  const bytes = names.map((name) => readFileSync(join(out, name)));
  expect(statSync(join(out, names[0] as string)).size).toBe(made.bytes);
  await prepareFolder(host, { spec, folder, reach }, { out, notice });
  expect(filesIn()).toEqual(names);
  expect(names.map((name) => readFileSync(join(out, name)))).toEqual(bytes);
  // It does not need the cache, with which it may share its files, nor the source.
  rmSync(join(folder, "cache"), { recursive: true });
  rmSync(join(folder, "a.jsonl"));
  const again = specWith('prepared("prepared")');
  const { dataSet } = await prepare(again.data, again.model, { host, folder, reach });
  expect(dataSet.documents.map(({ label }) => label)).toEqual(["one", "two"]);
});

it("keeps its validation sets: by default, no further documents are held out", async () => {
  const words = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, i) => JSON.stringify({ segments: [{ text: `${prefix}${i}` }] })).join("\n");
  writeFileSync(join(folder, "many.jsonl"), words("train", 100));
  writeFileSync(join(folder, "few.jsonl"), words("held", 7));
  const spec = specWith('files("many.jsonl")', 'validation few: files("few.jsonl")');
  await prepareFolder(host, { spec, folder, reach }, { out, notice });
  const counts = async ({ data, model }: CheckedSpec) => {
    const { dataSet } = await prepare(data, model, { host, folder, reach });
    return [dataSet.train.length, dataSet.validation.length];
  };
  expect(await counts(specWith('prepared("prepared")', ""))).toEqual([100, 7]);
  expect(await counts(specWith('prepared("prepared")'))).toEqual([100, 7]);
  await expect(counts(specWith('prepared("prepared")', "held_out: 0.1"))).rejects.toThrow(
    /held_out cannot be set, because the prepared data have validation sets: few/,
  );
  // A spec without validation that is sent to the folder.
  const json: Json = { data: { source: { kind: "emoji" }, held_out: 0.05 } };
  const sent = withData({ spec: specWith("emoji", ""), json, folder, reach, isRun: false }, out);
  expect(await counts(sent.spec)).toEqual([100, 7]);
  expect(sent.json).toMatchObject({ data: { held_out: 0 } });
  // Without sets, the usual share is held out. The shards of the old sets are gone, and other files stay.
  writeFileSync(join(out, "notes.txt"), "mine");
  const whole = specWith('files("many.jsonl")');
  await prepareFolder(host, { spec: whole, folder, reach }, { out, notice });
  expect(filesIn()).toEqual(["data.json", expect.stringMatching(/^many-.*\.safetensors$/), "notes.txt"]);
  const [train = 0, held = 0] = await counts(specWith('prepared("prepared")', ""));
  expect(train + held).toBe(100);
  expect(held).toBeGreaterThan(0);
});

it("is checked against the length of the spec, as other sources are", async () => {
  writeFileSync(join(folder, "long.jsonl"), JSON.stringify({ segments: [{ text: "x".repeat(40) }] }));
  writeFileSync(join(folder, "a.jsonl"), JSON.stringify({ segments: [{ text: "one" }] }));
  const spec = specWith('files("long.jsonl")', "held_out: 0");
  await prepareFolder(host, { spec, folder, reach }, { out, notice });
  const { data, model } = specWith('prepared("prepared")');
  const short = { ...data, length: 20 };
  await expect(prepare(short, model, { host, folder, reach })).rejects.toMatchObject({
    message: expect.stringMatching(/^prepared: document "x+.*" takes 41 positions, but data.length is 20$/),
    remedy: expect.stringMatching(/at least 41, or prepare the data again/),
  });
  await prepareFolder(
    host,
    { spec: specWith('files("a.jsonl")', 'validation long: files("long.jsonl")'), folder, reach },
    { out, notice },
  );
  await expect(prepare(short, model, { host, folder, reach })).rejects.toThrow(/takes 41 positions/);
  const { dataSet } = await prepare({ ...short, carry: true }, model, { host, folder, reach });
  expect(dataSet.documents).toHaveLength(2);
});

it("can be a validation set, but not of itself, nor with sets of its own", async () => {
  const lines = (...words: string[]) => words.map((text) => JSON.stringify({ segments: [{ text }] })).join("\n");
  writeFileSync(join(folder, "t.jsonl"), lines("one", "two"));
  writeFileSync(join(folder, "v.jsonl"), lines("three"));
  const made = async (name: string, source: string, more?: string) =>
    prepareFolder(host, { spec: specWith(source, more), folder, reach }, { out: join(folder, name), notice });
  await made("bare", 'files("t.jsonl")');
  await made("held", 'files("v.jsonl")');
  await made("both", 'files("t.jsonl")', 'validation held: files("v.jsonl")');
  const opened = async (source: string, more: string) => {
    const { data, model } = specWith(source, more);
    return (await prepare(data, model, { host, folder, reach })).dataSet;
  };
  const { train, validation } = await opened('prepared("bare")', 'validation: prepared("held")');
  expect([train.length, validation.length]).toEqual([2, 1]);
  await expect(opened('prepared("bare")', 'validation: prepared("bare")')).rejects.toMatchObject({
    message: expect.stringMatching(/bare has the documents of the training data/),
    remedy: expect.stringMatching(/with `held_out`/),
  });
  await expect(opened('prepared("both")', 'validation: prepared("both")')).rejects.toMatchObject({
    remedy: expect.stringMatching(/have validation sets already: held/),
  });
  await expect(opened('files("t.jsonl")', 'validation: prepared("both")')).rejects.toThrow(
    /both has validation sets of its own/,
  );
});
