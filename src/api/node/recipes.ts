// What a recipe is (recipes/NAME.ts: a program that fetches or makes data, for `mom data NAME`), and what it works with.
import { spawnSync } from "node:child_process";
import { readWav } from "../../data/audio/wav.js";
import { readInput } from "../../data/read-input.js";
import { emojiPictures } from "../../data/sources/emoji.js";
import { makeFolderOf, writeWhole } from "../../data/write-whole.js";
import { InputError } from "../../diagnostics/input-error.js";
import { nodeDisk } from "./disk.js";
import { nodeHost } from "./host.js";

export interface RecipeOption {
  /** As commander reads them: `--out <folder>`. */
  readonly flags: string;
  readonly about: string;
  /** A number makes it an option of whole numbers from 0 on; without a default it must be given. */
  readonly default?: string | number;
}

/** What `recipes/NAME.ts` exports as `recipe`. `Options` are those of `options`, by their names. */
export interface Recipe<Options = Readonly<Record<string, unknown>>> {
  /** One line for `mom data --help`. */
  readonly summary: string;
  /** For its own help. */
  readonly example: string;
  readonly options: readonly RecipeOption[];
  /** It also takes `--allow` and `--skip-bad`. */
  readonly readsDocuments?: true;
  /** @param notice shows what happens meanwhile @returns the text to end with */
  readonly run: (options: Options, notice: (text: string) => void) => string;
}

const REMEDY = "Choose another --out.";

/** Makes the folder that a file of `--out` will stand in. */
export const makeFolderFor = (path: string): void => makeFolderOf(nodeDisk, path, REMEDY);

/** Writes a file of `--out`, whole or not at all. */
export const writeOut = (path: string, text: string): void =>
  writeWhole(nodeDisk, path, new TextEncoder().encode(text), REMEDY);

/** The bytes of a file as the user knows it. @throws InputError where it can't be read */
export const readFile = (path: string): Uint8Array => readInput(nodeDisk, path);

/** How long a WAV file plays. @throws InputError where it is none */
export function wavSeconds(path: string): number {
  const { rate, channels } = readWav(readInput(nodeDisk, path), path);
  return (channels[0]?.length ?? 0) / rate;
}

/** The emoji that have a picture, with their names, in Unicode's order. @throws InputError where a package is missing */
export const emoji = (): readonly { readonly name: string; readonly picture: string }[] =>
  emojiPictures(nodeHost).emoji;

/**
 * Waits for a program to end; never through a shell.
 * @param remedy what to do where there is no such program, or where it fails
 * @returns what it wrote to its standard output
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
      missing ? `there is no program ${program} here` : `${program}: ${error.message}`,
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
