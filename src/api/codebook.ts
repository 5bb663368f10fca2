// Fits a codebook to the patches of pictures, and measures what it makes of them.
import {
  codesOf,
  isOfPictures,
  type PictureCodebook,
  pictureOf,
  readCodebook,
  writeCodebook,
} from "../data/codebook.js";
import { fitCodebook, pictureFiles } from "../data/fit-codebook.js";
import { reachOf } from "../data/reach.js";
import { makeFolderOf, writeWhole } from "../data/write-whole.js";
import { InputError } from "../diagnostics/input-error.js";
import { CODEBOOK_ENTRIES, codebookFacts, codebookMetadata, type PictureCodes } from "../modalities/codebook.fields.js";
import { patchesPerPicture, patchSize } from "../modalities/pixels.js";
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
