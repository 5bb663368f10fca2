// `mom data asterisk`: real speech with transcripts, from two of Debian's packages.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { RECORDINGS, TRANSCRIPTS, transcriptsOf } from "../../data/audio/transcripts.js";
import { readWav } from "../../data/audio/wav.js";
import { readInput } from "../../data/read-input.js";
import { makeFolderOf, writeWhole } from "../../data/write-whole.js";
import { InputError } from "../../diagnostics/input-error.js";
import { wholeNumber } from "../trained.js";
import { run } from "./programs.js";
import type { Subcommand } from "./subcommand.js";

const REMEDY = "Choose another --out.";
const PACKAGES = ["asterisk-core-sounds-en-wav", "asterisk-core-sounds-en"] as const;

interface Options {
  readonly out: string;
  readonly seconds: number;
}

export const subcommand: Subcommand = {
  name: "asterisk",
  summary: "fetch recordings of speech with their texts, from Debian",
  example: "mom data asterisk --out data/asterisk",
  declare(command) {
    command
      .requiredOption("--out <folder>", "the folder to fetch into")
      .option("--seconds <n>", "leave out recordings that are longer", wholeNumber, 10)
      .action(({ out, seconds }: Options) => {
        makeFolderOf(join(out, TRANSCRIPTS), REMEDY);
        for (const name of PACKAGES) unpack(name, out);
        const documents = documentsOf(out, seconds);
        const file = join(out, "speech.jsonl");
        writeWhole(file, new TextEncoder().encode(documents.lines.join("")), REMEDY);
        const { lines, length, left } = documents;
        process.stdout.write(
          `${file}: ${lines.length} recordings with their texts, ${(length / 60).toFixed(1)} minutes` +
            `${left > 0 ? `; ${left} longer than ${seconds} s were left out` : ""}\n` +
            "Recorded by Allison Smith for Asterisk, CC BY-SA 3.0: name her where you pass them on, or what is made of them.\n",
        );
      });
  },
};

/** Fetches a package, unless it is in the folder already, and unpacks it there. */
function unpack(name: string, folder: string): void {
  const held = () => readdirSync(folder).find((file) => file.startsWith(`${name}_`) && file.endsWith(".deb"));
  if (held() === undefined)
    run("apt-get", ["download", name], {
      folder,
      remedy: `On Debian or Ubuntu, run \`apt-get update\`; elsewhere put the package's file, ${name}_….deb, into ${folder}.`,
    });
  const file = held();
  if (file === undefined) throw new InputError(`apt-get left no ${name}_….deb in ${folder}`, "Run the command again.");
  run("dpkg-deb", ["-x", file, "."], { folder, remedy: `Unpack ${join(folder, file)} with another program.` });
}

function documentsOf(folder: string, most: number) {
  const lines: string[] = [];
  let length = 0;
  let left = 0;
  for (const { name, text } of transcriptsOf(readInput(join(folder, TRANSCRIPTS)))) {
    const audio = `${RECORDINGS}/${name}.wav`;
    const path = join(folder, audio);
    if (!existsSync(path)) continue;
    const { rate, channels } = readWav(readInput(path), path);
    const seconds = (channels[0]?.length ?? 0) / rate;
    if (seconds > most) {
      left++;
      continue;
    }
    length += seconds;
    lines.push(`${JSON.stringify({ segments: [{ text }, { audio }], either_order: true })}\n`);
  }
  if (lines.length === 0)
    throw new InputError(`${folder}: no recording has a text`, "Raise --seconds, or fetch the packages anew.");
  return { lines, length, left };
}
