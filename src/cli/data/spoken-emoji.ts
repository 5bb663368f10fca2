// `mom data spoken-emoji`: emoji with their names, written and spoken by espeak-ng.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { type Emoji, emojiPictures } from "../../data/emoji-pictures.js";
import { makeFolderOf, writeWhole } from "../../data/write-whole.js";
import { InputError } from "../../diagnostics/input-error.js";
import { wholeNumber } from "../trained.js";
import { run } from "./programs.js";
import type { Subcommand } from "./subcommand.js";

const WRITABLE = "Choose another --out.";
const REMEDY = "On Debian or Ubuntu: apt-get install espeak-ng";

interface Options {
  readonly out: string;
  readonly count: number;
  readonly voice: string;
}

export const subcommand: Subcommand = {
  name: "spoken-emoji",
  summary: "make emoji with their names, written and spoken",
  example: "mom data spoken-emoji --out data/spoken-emoji",
  declare(command) {
    command
      .requiredOption("--out <folder>", "the folder to write")
      .option("--count <n>", "how many emoji, spread over all of them", wholeNumber, 400)
      .option("--voice <name>", "the voice (`espeak-ng --voices=en` lists them)", "en-us")
      .action(({ out, count, voice }: Options) => {
        if (count === 0) throw new InputError("--count is 0", "Ask for at least one emoji.");
        const [version = ""] = run("espeak-ng", ["--version"], { remedy: REMEDY }).match(/\d+(\.\d+)+/) ?? [];
        for (const folder of ["pictures", "speech"]) makeFolderOf(join(out, folder, "file"), WRITABLE);
        const lines = spreadOver(emojiPictures().emoji, count).map(({ name, picture }, index) => {
          const stem = String(index).padStart(4, "0");
          const [image, audio] = [`pictures/${stem}.webp`, `speech/${stem}.wav`];
          copyFileSync(picture, join(out, image));
          run("espeak-ng", ["-v", voice, "-w", join(out, audio), "--", name], { remedy: REMEDY });
          const segments = [{ text: name }, { image }, { audio }];
          return `${JSON.stringify({ segments, either_order: true })}\n`;
        });
        const file = join(out, "emoji.jsonl");
        writeWhole(file, new TextEncoder().encode(lines.join("")), WRITABLE);
        process.stdout.write(
          `${file}: ${lines.length} emoji, each a name, a picture and its name spoken by espeak-ng ${version}\n`,
        );
      });
  },
};

/** So many of them, evenly, from the first on. */
const spreadOver = (emoji: readonly Emoji[], count: number): readonly Emoji[] =>
  emoji.filter(
    (_, index) => Math.floor((index * count) / emoji.length) > Math.floor(((index - 1) * count) / emoji.length),
  );
