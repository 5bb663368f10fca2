// Fits a codebook to the patches of pictures and measures its reconstruction error.

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
/** The number of pictures on the sheet. */
const SHOWN = 64;

export interface PictureCodebookOptions {
  /** `emoji`, a folder of pictures, or a JSON Lines file that names pictures. */
  readonly pictures: string;
  /** Height and width of the resized pictures, and of a patch. */
  readonly size: readonly [number, number];
  readonly patch: readonly [number, number];
  readonly channels: number;
  readonly entries: number;
  readonly seed: number;
  /** At most. */
  readonly iterations: number;
  /** The codebook file to write. */
  readonly out: string;
  /** A PNG of pictures, each above its reconstruction. */
  readonly sheet?: string;
  /** Folders outside the project in which documents may name files. */
  readonly allow?: readonly string[];
  /** Skips pictures that cannot be read. */
  readonly skipBad?: true;
}

export interface FittedCodebook {
  readonly pictures: number;
  readonly patchesPerPicture: number;
  /** Numbers per entry. */
  readonly columns: number;
  /** Mean squared error per number in [−1, 1]: at the start, and at the end. */
  readonly before: number;
  readonly after: number;
  /** The number of entries that occur in the pictures, and the entropy of the codes in bits. */
  readonly used: number;
  readonly bits: number;
}

/**
 * Fits and writes the codebook, and the sheet if `sheet` is set.
 * @param notice receives a line for each iteration and for each skipped file
 * @throws InputError if an option or a picture is invalid, or a file cannot be written
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
  if (!isOfPictures(codebook)) throw new RangeError("the codebook that was written is not one of pictures");
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

/** @throws InputError if the options do not describe a codebook */
function kindOf({ size, patch, channels, entries }: PictureCodebookOptions): PictureCodes {
  const [height, width] = size;
  const [patchHeight, patchWidth] = patch;
  const kind: PictureCodes = { of: "patches", height, width, patchHeight, patchWidth, channels };
  const wrong = codebookFacts(codebookMetadata(kind), [entries, patchSize(kind)]);
  if (typeof wrong !== "string") return kind;
  throw new InputError(
    "codebook",
    `invalid codebook: ${wrong}`,
    `Patches must divide the picture. Use 1, 3 or 4 channels, and ${CODEBOOK_ENTRIES.least} to ${CODEBOOK_ENTRIES.most} entries.`,
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

/** The number of entries that occur in the pictures, and the entropy of their codes in bits. */
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

/** The most numbers in all patches (1 GiB). From more pictures, an even selection is used. */
const MOST_NUMBERS = 2 ** 28;

interface FitOptions {
  readonly entries: number;
  readonly seed: number;
  /** At most. */
  readonly iterations: number;
  /** Receives the mean squared error per number after each iteration. */
  readonly progress: (iteration: number, error: number) => void;
  /** Skips pictures that cannot be read and receives a line for each. If undefined, they are errors. */
  readonly skipBad?: ((line: string) => void) | undefined;
}

interface Fitted {
  /** [entries, columns] */
  readonly entries: Float32Array;
  readonly columns: number;
  /** The decoded pictures that were used: [height, width, channels] each. */
  readonly pictures: readonly Uint8Array[];
}

/** @throws InputError if a picture cannot be read, or the pictures have too few different patches */
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
      pictures.push(await decodePicture(host, () => readPicture(host.disk, { path }, place), kind, place));
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

/** Whether element i of `count` belongs to an even selection of size `most`. */
const taken = (i: number, count: number, most: number): boolean =>
  Math.floor(((i + 1) * most) / count) > Math.floor((i * most) / count);

const ENDINGS = [".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".tif", ".tiff", ".svg"] as const;

/**
 * @param from `emoji`, a folder (searched recursively, sorted by name), or a file of documents
 * @param reach the files that documents may name
 * @throws InputError if there are no pictures
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
