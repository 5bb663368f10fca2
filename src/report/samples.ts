// The samples of a run: `samples/step-N/` contains PNG files and an index with the names of the pictures and the texts.
import { jsonReader } from "../data/checked-json.js";
import { InputError } from "../diagnostics/input-error.js";
import { diskFailure } from "../train/errors.js";
import { verbatim } from "../train/recorder.js";
import { pathIn, type Run } from "../train/run-folder.js";
import type { Summary } from "../train/tensorboard.js";
import { type NamedFile, writeWholeFolder } from "../train/whole-folder.js";
import { dataUrl } from "./data-url.js";
import type { SampleGroupView } from "./page/view.js";

export interface Sample {
  readonly name: string;
  /** PNG files: the true picture, and the sampled one. */
  readonly truth: Uint8Array;
  readonly sampled: readonly Uint8Array[];
}

/** A sampled text or list of units, with its prompt. */
export interface TextSample {
  readonly name: string;
  /** A description of the prompt. */
  readonly given: string;
  /** A picture in the prompt, as a PNG file. */
  readonly picture?: Uint8Array;
  readonly truth: string;
  readonly sampled: string;
}

export interface SampleGroup {
  /** For example "Seen names". */
  readonly label: string;
  readonly samples: readonly Sample[];
  readonly texts?: readonly TextSample[];
}

const INDEX = "index.json";

/** The content of index.json: the groups, with file names in place of pictures. */
interface IndexedGroup {
  readonly label: string;
  readonly samples: readonly { readonly name: string; readonly truth: string; readonly sampled: readonly string[] }[];
  readonly texts?: readonly (Omit<TextSample, "picture"> & { readonly picture?: string })[];
}

const TEXT = { type: "string" };
/** A picture in the folder of the index. A report shows no other files, because a run can come from someone else. */
const PICTURE = { type: "string", pattern: "^[A-Za-z0-9_-]+\\.png$" };

const readIndex = jsonReader<IndexedGroup[]>({
  type: "array",
  items: {
    type: "object",
    properties: {
      label: TEXT,
      samples: {
        type: "array",
        items: {
          type: "object",
          properties: { name: TEXT, truth: PICTURE, sampled: { type: "array", items: PICTURE } },
          required: ["name", "truth", "sampled"],
        },
      },
      texts: {
        type: "array",
        items: {
          type: "object",
          properties: { name: TEXT, given: TEXT, picture: PICTURE, truth: TEXT, sampled: TEXT },
          required: ["name", "given", "truth", "sampled"],
        },
      },
    },
    required: ["label", "samples"],
  },
});

/**
 * Writes the samples after `step` updates, and replaces earlier ones of that step.
 * @throws Failure if a write fails
 */
export function writeSamples(run: Run, step: number, groups: readonly SampleGroup[]): void {
  const files: NamedFile[] = [];
  const put = (name: string, bytes: Uint8Array): string => {
    files.push({ name, bytes });
    return name;
  };
  const index: IndexedGroup[] = groups.map(({ label, samples, texts }, group) => ({
    label,
    ...(texts && {
      texts: texts.map(({ picture, ...text }, sample) => ({
        ...text,
        ...(picture && { picture: put(`${group + 1}-${sample + 1}-given.png`, picture) }),
      })),
    }),
    samples: samples.map(({ name, truth, sampled }, sample) => {
      const stem = `${group + 1}-${sample + 1}`;
      return {
        name,
        truth: put(`${stem}-true.png`, truth),
        sampled: sampled.map((bytes, which) => put(`${stem}-sampled-${which + 1}.png`, bytes)),
      };
    }),
  }));
  put(INDEX, new TextEncoder().encode(`${JSON.stringify(index, null, 2)}\n`));
  try {
    writeWholeFolder(run.disk, pathIn(run, "samples"), `step-${step}`, files);
  } catch (error) {
    throw diskFailure(error, pathIn(run, "samples"), ", then continue from the last checkpoint with --resume.");
  }
}

/** The samples for TensorBoard: each picture with its truth, and each text in a table. */
export function sampleSummaries(groups: readonly SampleGroup[]): Summary[] {
  return groups.flatMap(({ label, samples, texts = [] }): Summary[] => {
    const tag = `samples/${label}`;
    const strip = (
      name: string,
      pictures: readonly Uint8Array[],
      of: readonly { readonly name: string }[],
    ): Summary[] =>
      pictures.length === 0
        ? []
        : [{ tag: `${tag}/${name}`, kind: "pictures", pictures, description: of.map((one) => one.name).join(" · ") }];
    const rows = texts.map(({ given, truth, sampled }) => [given, truth, sampled].map(verbatim));
    const given = texts.filter(({ picture }) => picture !== undefined);
    return [
      ...strip(
        "true",
        samples.map(({ truth }) => truth),
        samples,
      ),
      ...strip(
        "sampled",
        samples.flatMap(({ sampled }) => sampled),
        samples,
      ),
      ...strip(
        "given",
        given.flatMap(({ picture }) => picture ?? []),
        given,
      ),
      ...(rows.length > 0
        ? [{ tag, kind: "table", rows: [["**Prompt**", "**True**", "**Sampled**"], ...rows] } as const]
        : []),
    ];
  });
}

/** Whether there are samples of that step. They are written atomically. */
export const hasSamples = (run: Run, step: number): boolean =>
  run.disk.exists(run.disk.paths.join(pathIn(run, "samples"), `step-${step}`));

/** The steps that have samples, ascending. */
export function sampleSteps(run: Run): number[] {
  const folder = pathIn(run, "samples");
  const names = run.disk.exists(folder) && !run.disk.isLink(folder) ? run.disk.list(folder) : [];
  return names.flatMap((name) => (/^step-\d{1,15}$/.test(name) ? [Number(name.slice(5))] : [])).sort((a, b) => a - b);
}

/** The samples of the last step that has samples. */
export function latestSamples(run: Run): SampleGroup[] {
  const step = sampleSteps(run).at(-1);
  return step === undefined ? [] : readSamples(run, step);
}

/**
 * The samples of a step.
 * @throws InputError if one of their files is missing, damaged or a link
 */
export function readSamples(run: Run, step: number): SampleGroup[] {
  const { join } = run.disk.paths;
  const folder = join(pathIn(run, "samples"), `step-${step}`);
  const owned = (path: string): string => {
    if (!run.disk.isLink(path)) return path;
    throw new InputError(
      "bad-record",
      `${path} is a link, and a report shows only files of the run.`,
      "Replace the link with a copy of the file.",
    );
  };
  const read = (name: string): Uint8Array => run.disk.read(owned(join(owned(folder), name)));
  const index = readIndex(read(INDEX));
  if ("wrong" in index)
    throw new InputError(
      "bad-record",
      `${join(folder, INDEX)}: ${index.wrong}.`,
      "Remove that folder of samples. The weights do not depend on it.",
    );
  return index.value.map(({ label, samples, texts }) => ({
    label,
    ...(texts && {
      texts: texts.map(({ picture, ...text }) => ({
        ...text,
        ...(picture !== undefined && { picture: read(picture) }),
      })),
    }),
    samples: samples.map(({ name, truth, sampled }) => ({ name, truth: read(truth), sampled: sampled.map(read) })),
  }));
}

/** The same for a page: pictures are data URLs. */
export const samplesView = (run: Run, step: number): SampleGroupView[] =>
  readSamples(run, step).map(({ label, samples, texts = [] }) => ({
    label,
    samples: samples.map(({ name, truth, sampled }) => ({ name, truth: png(truth), sampled: sampled.map(png) })),
    texts: texts.map(({ picture, ...text }) => ({ ...text, ...(picture && { picture: png(picture) }) })),
  }));

const png = (bytes: Uint8Array): string => dataUrl("image/png", bytes);
