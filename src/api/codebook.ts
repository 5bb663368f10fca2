// Fits a codebook to the patches of pictures, and measures what it makes of them.

import { badFiles } from "../data/bad-files.js";
import {
  codesOf,
  isOfPictures,
  type PictureCodebook,
  pictureOf,
  readCodebook,
  writeCodebook,
} from "../data/codebook.js";
import type { DataHost } from "../data/host.js";
import { kMeans } from "../data/k-means.js";
import { type NamedFile, namedFiles } from "../data/named-files.js";
import { decodePicture, readPicture } from "../data/picture-file.js";
import { type Reach, reachOf } from "../data/reach.js";
import { picturesOf } from "../data/sources/open.js";
import { makeFolderOf, writeWhole } from "../data/write-whole.js";
import { InputError } from "../diagnostics/input-error.js";
import { CODEBOOK_ENTRIES, codebookFacts, codebookMetadata, type PictureCodes } from "../modalities/codebook.fields.js";
import { patchesOf, patchesPerPicture, patchSize } from "../modalities/pixels.js";
import { contactSheet, encodePng, type Picture } from "../report/png.js";
import type { Host } from "./host.js";

const REMEDY = "Choose another --out or --sheet.";
/** Pictures on the sheet. */
const SHOWN = 64;

export interface PictureCodebookOptions {
  /** `emoji`, a folder of pictures, or a JSON Lines file that names some. */
  readonly pictures: string;
  /** Height and width that pictures are fitted into, and those of a patch. */
  readonly size: readonly [number, number];
  readonly patch: readonly [number, number];
  readonly channels: number;
  readonly entries: number;
  readonly seed: number;
  /** At most. */
  readonly iterations: number;
  /** The codebook's file. */
  readonly out: string;
  /** A PNG of pictures above what the codebook makes of them. */
  readonly sheet?: string;
  /** Folders beyond the project that documents may name files in. */
  readonly allow?: readonly string[];
  /** Leaves out pictures that can't be read. */
  readonly skipBad?: true;
}

export interface FittedCodebook {
  readonly pictures: number;
  readonly patchesPerPicture: number;
  /** Numbers of an entry. */
  readonly columns: number;
  /** Mean squared errors of a number, which lies in [−1, 1]: at the start, and in the end. */
  readonly before: number;
  readonly after: number;
  /** Entries that occur in the pictures, and the entropy of their codes. */
  readonly used: number;
  readonly bits: number;
}

/**
 * Writes the codebook, and the sheet where one is asked for.
 * @param notice shows each iteration, and what is left out
 * @throws InputError where an option, a picture or the disk refuses
 */
export async function fitPictureCodebook(
  host: Host,
  options: PictureCodebookOptions,
  notice: (text: string) => void,
): Promise<FittedCodebook> {
  const { disk } = host;
  const { pictures, out, sheet, entries, seed, iterations, allow, skipBad } = options;
  const kind = kindOf(options);
  for (const file of [out, sheet]) if (file !== undefined) makeFolderOf(disk, file, REMEDY);
  const files = pictureFiles(pictures, host, reachOf(disk, pictures, allow));
  notice(`reading ${files.length} pictures`);
  const errors: number[] = [];
  const progress = (iteration: number, error: number): void => {
    errors.push(error);
    notice(`iteration ${iteration}: mean squared error ${error.toExponential(3)}`);
  };
  const fitted = await fitCodebook(files, kind, host, {
    entries,
    seed,
    iterations,
    progress,
    skipBad: skipBad && notice,
  });
  const bytes = writeCodebook(kind, fitted.entries, fitted.columns);
  writeWhole(disk, out, bytes, REMEDY);
  const codebook = readCodebook(bytes, out);
  if (!isOfPictures(codebook)) throw new RangeError("a codebook of pictures was written");
  if (sheet !== undefined) writeWhole(disk, sheet, encodePng(sheetOf(fitted.pictures, codebook), host.deflate), REMEDY);
  return {
    pictures: fitted.pictures.length,
    patchesPerPicture: patchesPerPicture(kind),
    columns: fitted.columns,
    before: errors[0] ?? 0,
    after: errors.at(-1) ?? 0,
    ...useOf(fitted.pictures, codebook),
  };
}

/** @throws InputError where the options do not make a codebook */
function kindOf({ size, patch, channels, entries }: PictureCodebookOptions): PictureCodes {
  const [height, width] = size;
  const [patchHeight, patchWidth] = patch;
  const kind: PictureCodes = { of: "patches", height, width, patchHeight, patchWidth, channels };
  const wrong = codebookFacts(codebookMetadata(kind), [entries, patchSize(kind)]);
  if (typeof wrong !== "string") return kind;
  throw new InputError(
    "codebook",
    `there can be no such codebook: ${wrong}`,
    `Patches divide the picture, channels are 1, 3 or 4, and entries ${CODEBOOK_ENTRIES.least} to ${CODEBOOK_ENTRIES.most}.`,
  );
}

function sheetOf(pictures: readonly Uint8Array[], codebook: PictureCodebook): Picture {
  const { height, width, channels } = codebook.facts.kind;
  const step = Math.max(1, Math.floor(pictures.length / SHOWN));
  const shown = pictures.filter((_, i) => i % step === 0).slice(0, SHOWN);
  const picture = (pixels: Uint8Array): Picture => ({ height, width, channels: channels as 1 | 3 | 4, pixels });
  return contactSheet(
    shown.map((pixels) => [picture(pixels), picture(pictureOf(codesOf(pixels, codebook), codebook))] as const),
  );
}

/** How many entries occur in the pictures, and the entropy of their codes. */
function useOf(pictures: readonly Uint8Array[], codebook: PictureCodebook): { used: number; bits: number } {
  const counts = new Float64Array(codebook.facts.entries);
  let all = 0;
  for (const pixels of pictures)
    for (const code of codesOf(pixels, codebook)) {
      counts[code] = (counts[code] as number) + 1;
      all++;
    }
  const used = counts.filter((count) => count > 0);
  return { used: used.length, bits: used.reduce((bits, count) => bits - (count / all) * Math.log2(count / all), 0) };
}

/** Numbers of all patches together, 1 GiB: of more pictures than that, some are taken evenly. */
const MOST_NUMBERS = 2 ** 28;

interface FitOptions {
  readonly entries: number;
  readonly seed: number;
  /** At most. */
  readonly iterations: number;
  /** Told the mean squared error of a number after so many iterations. */
  readonly progress: (iteration: number, error: number) => void;
  /** Leave out pictures that cannot be read, telling of them here; without it they are refused. */
  readonly skipBad?: ((told: string) => void) | undefined;
}

interface Fitted {
  /** [entries, columns] */
  readonly entries: Float32Array;
  readonly columns: number;
  /** Those that were looked at, decoded: [height, width, channels] each. */
  readonly pictures: readonly Uint8Array[];
}

/** @throws InputError where a picture cannot be read, or they have too few different patches */
export async function fitCodebook(
  files: readonly NamedFile[],
  kind: PictureCodes,
  host: DataHost,
  { entries, seed, iterations, progress, skipBad }: FitOptions,
): Promise<Fitted> {
  const columns = patchSize(kind);
  const numbers = patchesPerPicture(kind) * columns;
  const most = Math.floor(MOST_NUMBERS / numbers);
  if (most === 0)
    throw new InputError(
      "bad-picture",
      `a picture of ${kind.height}x${kind.width} is too large`,
      "Choose a smaller --size.",
    );
  const some = files.length <= most ? files : files.filter((_, i) => taken(i, files.length, most));
  const pictures: Uint8Array[] = [];
  const bad = badFiles(skipBad);
  for (const { path, place } of some) {
    try {
      pictures.push(await decodePicture(host, () => readPicture(host.disk, path, place), kind, place));
    } catch (error) {
      bad.add(error);
    }
  }
  bad.end();
  const rows = new Float32Array(pictures.length * numbers);
  pictures.forEach((pixels, i) => {
    rows.set(patchesOf(pixels, kind), i * numbers);
  });
  return { entries: kMeans(rows, { columns, entries, seed, iterations, progress }), columns, pictures };
}

/** Whether the i-th of `count` is among `most` of them, evenly. */
const taken = (i: number, count: number, most: number): boolean =>
  Math.floor(((i + 1) * most) / count) > Math.floor((i * most) / count);

const ENDINGS = [".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".tif", ".tiff", ".svg"] as const;

/**
 * @param from `emoji`; or a folder, all of which is searched, in the order of names; or a file of documents
 * @param reach what a file of documents may name
 * @throws InputError where there is none
 */
function pictureFiles(from: string, host: DataHost, reach: Reach): NamedFile[] {
  const own = picturesOf(from, host);
  if (own !== undefined) return own;
  return namedFiles(
    from,
    {
      endings: ENDINGS,
      key: "image",
      what: "image",
      several: "pictures",
      remedies: {
        path: "Give `emoji`, a folder of pictures, or a JSON Lines file.",
        folder: `Their names end in ${ENDINGS.join(", ")}.`,
        documents: 'A document names one as {"image": "a.png"}.',
      },
    },
    reach,
  );
}
