// The same documents in every layout, as the usual tools write them (scripts/layouts), give the same prepared documents.
// MOM_LAYOUTS=FOLDER compares a folder that scripts/layouts/make.py wrote.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeHost } from "../../src/api/node/host.js";
import { fitUnits } from "../../src/data/audio/units.js";
import { writeCodebook } from "../../src/data/codebook.js";
import type { DataSet } from "../../src/data/data-set.js";
import { prepare } from "../../src/data/prepare.js";
import type { SourceFields } from "../../src/data/sources/source.fields.js";
import { layOut } from "../../src/front/vocabulary.js";
import { SPEECH_FRAMES } from "../../src/modalities/codebook.fields.js";
import type { Modality } from "../../src/modalities/modality.fields.js";
import { sine } from "./audio/wav-bytes.js";

const folder = mkdtempSync(join(tmpdir(), "mom-layouts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const modalities: readonly Modality[] = [
  { kind: "bytes", name: "text" },
  { kind: "patches", name: "image", height: 8, width: 8, patchHeight: 4, patchWidth: 4, channels: 3 },
  { kind: "codes", name: "speech", vocab: 8, codebook: "units.safetensors" },
];
const parts = { modalities, vocabulary: layOut(modalities) };

beforeAll(() => {
  cpSync(process.env.MOM_LAYOUTS ?? resolve("test/cases/layouts"), folder, { recursive: true });
  const { entries } = fitUnits([sine(311.7, 0.5), sine(2_003.3, 0.5)], { entries: 8, seed: 1 });
  writeFileSync(join(folder, "units.safetensors"), writeCodebook({ of: "speech" }, entries, SPEECH_FRAMES.bands));
});

const common = { either_order: false, long: "refuse" } as const;
const columns = (text: string, image: readonly string[], speech: string) => ({
  text: [text],
  image,
  speech: [speech],
});
const SOURCES: Readonly<Record<string, SourceFields>> = {
  files: { kind: "files", paths: ["jsonl/documents.jsonl"], columns: {}, ...common },
  webdataset: {
    kind: "webdataset",
    paths: ["webdataset/{00000..00003}.tar"],
    columns: columns("txt", ["png", "jpg", "b.jpg"], "wav"),
    ...common,
  },
  parquet: {
    kind: "parquet",
    paths: ["parquet/*.parquet"],
    columns: columns("caption", ["image"], "audio"),
    ...common,
  },
  table: {
    kind: "table",
    paths: ["table/captions.csv"],
    columns: columns("caption", ["file"], "sound"),
    delimiter: undefined,
    ...common,
  },
  folder: {
    kind: "folder",
    path: "folder",
    metadata: undefined,
    columns: columns("caption", ["file_name"], "sound"),
    ...common,
  },
};

const opened = async (source: SourceFields): Promise<DataSet> =>
  (
    await prepare({ source, length: 512, held_out: 0 }, parts, {
      host: nodeHost,
      folder,
      cache: join(folder, "cache"),
    })
  ).dataSet;

/** Everything that a model sees of a data set. */
const contentOf = (dataSet: DataSet) =>
  Promise.all(
    dataSet.documents.map(async ({ eitherOrder, segments }) => ({
      eitherOrder,
      segments: await Promise.all(
        segments.map(async (segment) =>
          segment.kind === "ids"
            ? { modality: segment.modality, ids: [...segment.ids] }
            : { modality: segment.modality, pixels: [...((await dataSet.itemById(segment.item).pixels()) ?? [])] },
        ),
      ),
    })),
  );

describe("documents in every layout", () => {
  let written: readonly { readonly text?: string; readonly image?: string; readonly audio?: string }[];
  let reference: Awaited<ReturnType<typeof contentOf>>;
  beforeAll(async () => {
    const lines = readFileSync(join(folder, "jsonl/documents.jsonl"), "utf8").trim().split("\n");
    written = lines.map((line) => Object.assign({}, ...(JSON.parse(line) as { segments: readonly object[] }).segments));
    reference = await contentOf(await opened(SOURCES.files as SourceFields));
  });

  it("have the segments that were written", () => {
    expect(reference.length).toBe(written.length);
    expect(reference.map(({ segments }) => segments.map(({ modality }) => modality))).toEqual(
      written.map(({ text, image, audio }) => [
        ...(text === undefined ? [] : [0]),
        ...(image === undefined ? [] : [1]),
        ...(audio === undefined ? [] : [2]),
      ]),
    );
    expect(written.some(({ text }) => text?.includes('"'))).toBe(true);
  });

  it.each(Object.keys(SOURCES).slice(1))("are the same from %s", async (kind) => {
    expect(await contentOf(await opened(SOURCES[kind] as SourceFields))).toEqual(reference);
  });

  it("are on the same side of the split in all layouts but `files`, whose lines decide", async () => {
    const sides: number[][] = [];
    for (const kind of ["webdataset", "parquet", "table", "folder"]) {
      const source = SOURCES[kind] as SourceFields;
      const options = { host: nodeHost, folder, cache: join(folder, "cache") };
      const { dataSet } = await prepare({ source, length: 512, held_out: 0.4 }, parts, options);
      sides.push([...dataSet.validation]);
    }
    expect(sides[0]?.length).toBeGreaterThan(0);
    for (const side of sides) expect(side).toEqual(sides[0]);
  });
});
