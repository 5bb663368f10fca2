// `mom data codebook`: fits a codebook to the patches of pictures, and shows what it makes of them.

import { InvalidArgumentError, Option } from "commander";
import { nodeDisk } from "../../api/node/disk.js";
import { nodeHost } from "../../api/node/host.js";
import {
  codesOf,
  isOfPictures,
  type PictureCodebook,
  pictureOf,
  readCodebook,
  writeCodebook,
} from "../../data/codebook.js";
import { fitCodebook, pictureFiles } from "../../data/fit-codebook.js";
import { reachOf } from "../../data/reach.js";
import { makeFolderOf, writeWhole } from "../../data/write-whole.js";
import { InputError } from "../../diagnostics/input-error.js";
import {
  CODEBOOK_ENTRIES,
  codebookFacts,
  codebookMetadata,
  type PictureCodes,
} from "../../modalities/codebook.fields.js";
import { patchesPerPicture, patchSize } from "../../modalities/pixels.js";
import { contactSheet, encodePng, type Picture } from "../../report/png.js";
import { allowOption, skipBadOption } from "../compile-options.js";
import { wholeNumber } from "../trained.js";
import type { Subcommand } from "./subcommand.js";

interface Options {
  readonly pictures: string;
  readonly size: readonly [number, number];
  readonly patch: readonly [number, number];
  readonly channels: number;
  readonly entries: number;
  readonly seed: number;
  readonly iterations: number;
  readonly out: string;
  readonly sheet?: string;
  readonly allow?: readonly string[];
  readonly skipBad?: true;
}

const REMEDY = "Choose another --out or --sheet.";
/** Pictures on the sheet. */
const SHOWN = 64;

function sizeOption(text: string): [number, number] {
  const found = /^([1-9]\d{0,3})x([1-9]\d{0,3})$/.exec(text);
  if (!found) throw new InvalidArgumentError("It is HEIGHTxWIDTH, such as 32x32.");
  return [Number(found[1]), Number(found[2])];
}

const sized = (flags: string, says: string, size: readonly [number, number]): Option =>
  new Option(flags, says).argParser(sizeOption).default(size, size.join("x"));

export const subcommand: Subcommand = {
  name: "codebook",
  summary: "fit a codebook to the patches of pictures",
  example: "mom data codebook --pictures emoji --size 16x16 --patch 2x2 --entries 512 --out codebook.safetensors",
  declare(command) {
    command
      .requiredOption("--pictures <source>", "`emoji`, a folder of pictures, or a JSON Lines file that names some")
      .requiredOption("--out <file>", "the codebook's file, a .safetensors")
      .addOption(sized("--size <HxW>", "what pictures are resized to", [32, 32]))
      .addOption(sized("--patch <HxW>", "a patch, which is one code", [4, 4]))
      .option("--channels <n>", "1 (grey), 3 (colour) or 4 (colour and transparency)", wholeNumber, 3)
      .option("--entries <n>", "how many codes there are", wholeNumber, 512)
      .option("--seed <n>", "where the search begins", wholeNumber, 1)
      .option("--iterations <n>", "how often the entries are moved, at most", wholeNumber, 30)
      .addOption(allowOption())
      .addOption(skipBadOption())
      .option("--sheet <file>", "a PNG of pictures, each above what the codebook makes of it")
      .action(async (options: Options) => {
        const { out, sheet, entries, seed, iterations } = options;
        const kind = kindOf(options);
        for (const file of [out, sheet]) if (file !== undefined) makeFolderOf(nodeDisk, file, REMEDY);
        const files = pictureFiles(options.pictures, nodeHost, reachOf(nodeDisk, options.pictures, options.allow));
        process.stderr.write(`reading ${files.length} pictures\n`);
        const errors: number[] = [];
        const progress = (iteration: number, error: number): void => {
          errors.push(error);
          process.stderr.write(`iteration ${iteration}: mean squared error ${error.toExponential(3)}\n`);
        };
        const fitted = await fitCodebook(files, kind, nodeHost, {
          entries,
          seed,
          iterations,
          progress,
          skipBad: options.skipBad && ((text) => process.stderr.write(`${text}\n`)),
        });
        const bytes = writeCodebook(kind, fitted.entries, fitted.columns);
        writeWhole(nodeDisk, out, bytes, REMEDY);
        const codebook = readCodebook(bytes, out);
        if (!isOfPictures(codebook)) throw new RangeError("a codebook of pictures was written");
        if (sheet !== undefined)
          writeWhole(nodeDisk, sheet, encodePng(sheetOf(fitted.pictures, codebook), nodeHost.deflate), REMEDY);
        const [before = 0, after = 0] = [errors[0], errors.at(-1)];
        const { used, bits } = useOf(fitted.pictures, codebook);
        process.stdout.write(
          `${out}: ${entries} entries of ${fitted.columns} numbers, fitted to ${fitted.pictures.length} pictures of ` +
            `${patchesPerPicture(kind)} patches\n` +
            `mean squared error ${before.toExponential(3)} at the start, ${after.toExponential(3)} in the end ` +
            `(${decibels(after)} dB)\n${used} entries are used, ${bits.toFixed(2)} bits a code ` +
            `(${Math.log2(entries).toFixed(2)} if all were as frequent)\n${sheet === undefined ? "" : `Pictures above what the codebook makes of them: ${sheet}\n`}`,
        );
      });
  },
};

/** @throws InputError where the options do not make a codebook */
function kindOf({ size, patch, channels, entries }: Options): PictureCodes {
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

/** Peak signal to noise; numbers lie in [−1, 1]. */
const decibels = (error: number): string => (error === 0 ? "∞" : (10 * Math.log10(4 / error)).toFixed(1));

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
