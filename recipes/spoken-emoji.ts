// Emoji with their names, as text and as speech of espeak-ng.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { emoji, makeFolderFor, type Recipe, runProgram, writeOut } from "../src/api/node/recipes.js";
import { InputError } from "../src/diagnostics/input-error.js";

const REMEDY = "On Debian or Ubuntu: apt-get install espeak-ng";

interface Options {
  readonly out: string;
  readonly count: number;
  readonly voice: string;
}

export const recipe: Recipe<Options> = {
  summary: "generate emoji with their names, as text and as speech",
  example: "mom data spoken-emoji --out data/spoken-emoji",
  options: [
    { flags: "--out <folder>", about: "the folder to write" },
    { flags: "--count <n>", about: "the number of emoji, spread evenly over all of them", default: 400 },
    { flags: "--voice <name>", about: "the voice (`espeak-ng --voices=en` lists them)", default: "en-us" },
  ],
  run({ out, count, voice }) {
    if (count === 0) throw new InputError("bad-option", "--count is 0", "Use at least 1.");
    const [version = ""] = runProgram("espeak-ng", ["--version"], { remedy: REMEDY }).match(/\d+(\.\d+)+/) ?? [];
    for (const folder of ["pictures", "speech"]) makeFolderFor(join(out, folder, "file"));
    const lines = spreadOver(emoji(), count).map(({ name, picture }, index) => {
      const stem = String(index).padStart(4, "0");
      const [image, audio] = [`pictures/${stem}.webp`, `speech/${stem}.wav`];
      copyFileSync(picture, join(out, image));
      runProgram("espeak-ng", ["-v", voice, "-w", join(out, audio), "--", name], { remedy: REMEDY });
      const segments = [{ text: name }, { image }, { audio }];
      return `${JSON.stringify({ segments, either_order: true })}\n`;
    });
    const file = join(out, "emoji.jsonl");
    writeOut(file, lines.join(""));
    return `${file}: ${lines.length} emoji, each a name, a picture and the name spoken by espeak-ng ${version}\n`;
  },
};

/** This many elements, evenly spaced, starting with the first. */
const spreadOver = <T>(all: readonly T[], count: number): readonly T[] =>
  all.filter((_, index) => Math.floor((index * count) / all.length) > Math.floor(((index - 1) * count) / all.length));
