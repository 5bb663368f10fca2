// The interface of a recipe and helpers for it. A recipe is recipes/NAME.ts: it downloads or generates data for `mom data NAME`.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { readWav } from "../../data/audio/wav.js";
import type { Waveform } from "../../data/audio/waveform.js";
import { wavBytes } from "../../data/audio/write-wav.js";
import { contentHash, splitHash } from "../../data/content-hash.js";
import { readInput } from "../../data/read-input.js";
import { emojiPictures } from "../../data/sources/emoji.js";
import { makeFolderOf, writeWhole } from "../../data/write-whole.js";
import { InputError } from "../../diagnostics/input-error.js";
import { nodeDisk } from "./disk.js";
import { nodeHost } from "./host.js";

export interface RecipeOption {
  /** In the notation of commander: `--out <folder>`. */
  readonly flags: string;
  readonly about: string;
  /** A number makes it an option of whole numbers, 0 or more. An option without a default is required. */
  readonly default?: string | number;
}

/** The export `recipe` of `recipes/NAME.ts`. `Options` are the values of `options` by name. */
export interface Recipe<Options = Readonly<Record<string, unknown>>> {
  /** One line for `mom data --help`. */
  readonly summary: string;
  /** An example command for its help. */
  readonly example: string;
  readonly options: readonly RecipeOption[];
  /** The recipe also takes `--allow` and `--skip-bad`. */
  readonly readsDocuments?: true;
  /** @param notice prints a status line @returns the text to print at the end */
  readonly run: (options: Options, notice: (text: string) => void) => string | Promise<string>;
}

const REMEDY = "Choose another --out.";

/** Creates the folder of an `--out` file. */
export const makeFolderFor = (path: string): void => makeFolderOf(nodeDisk, path, REMEDY);

/** Writes an `--out` file atomically. */
export const writeOut = (path: string, contents: string | Uint8Array): void =>
  writeWhole(nodeDisk, path, typeof contents === "string" ? new TextEncoder().encode(contents) : contents, REMEDY);

/** Writes one of many files, without waiting for the disk. A recipe writes the list of such files with `writeOut` at its end. */
export function writeOneOfMany(path: string, contents: Uint8Array): void {
  makeFolderFor(path);
  try {
    writeFileSync(path, contents);
  } catch (error) {
    throw new InputError("disk", `cannot write ${path}: ${error instanceof Error ? error.message : error}`, REMEDY);
  }
}

/** Writes a WAV file of 16-bit samples, as one of many files. */
export const writeWav = (path: string, waveform: Waveform): void => writeOneOfMany(path, wavBytes(waveform));

/** A number below 2³² that decides whether what has this name is held out. */
export const nameHash = (name: string): number => splitHash(contentHash(name));

/** The bytes of a file that the user named. @throws InputError if it cannot be read */
export const readFile = (path: string): Uint8Array => readInput(nodeDisk, path);

/** The duration of a WAV file. @throws InputError if it is not a WAV file */
export function wavSeconds(path: string): number {
  return secondsOf(readWav(readInput(nodeDisk, path), path));
}

export const secondsOf = ({ rate, channels }: Waveform): number => (channels[0]?.length ?? 0) / rate;

/** The emoji that have a picture, with their names, in Unicode's order. @throws InputError if a package is missing */
export const emoji = (): readonly { readonly name: string; readonly picture: string }[] =>
  emojiPictures(nodeHost).emoji;

/**
 * Runs a program without a shell and waits for its end.
 * @param remedy the remedy if the program is missing or fails
 * @returns its standard output
 */
export function runProgram(
  program: string,
  args: readonly string[],
  { folder = ".", remedy }: { readonly folder?: string; readonly remedy: string },
): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  if (error !== undefined) {
    const missing = "code" in error && error.code === "ENOENT";
    throw new InputError(
      "missing-program",
      missing ? `the program ${program} is not installed` : `${program}: ${error.message}`,
      remedy,
    );
  }
  if (status !== 0)
    throw new InputError(
      "missing-program",
      `${program} failed: ${stderr.trim().split("\n").at(-1) || `exit code ${status}`}`,
      remedy,
    );
  return stdout;
}
