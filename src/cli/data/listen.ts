// `mom data listen`: recordings as speech units, listed or written in their place.

import { dirname, resolve } from "node:path";
import { nodeDisk } from "../../api/node/disk.js";
import { listen, ofSpeech } from "../../data/audio/units.js";
import { readCodebook } from "../../data/codebook.js";
import { reachOf } from "../../data/reach.js";
import { inputPieces, readInput } from "../../data/read-input.js";
import { writeWhole } from "../../data/write-whole.js";
import { InputError } from "../../diagnostics/input-error.js";
import { allowOption } from "../compile-options.js";
import type { Subcommand } from "./subcommand.js";

interface Options {
  readonly codebook: string;
  readonly out?: string;
  readonly allow?: readonly string[];
}

export const subcommand: Subcommand = {
  name: "listen",
  summary: "list the speech units of recordings, or write them in their place",
  example: "mom data listen data/asterisk/speech.jsonl --codebook data/asterisk/units.safetensors",
  declare(command) {
    command
      .argument("<file>", "a JSON Lines file whose documents name recordings")
      .requiredOption("--codebook <file>", "a codebook that `mom data units` made")
      .option("--out <file>", "write the documents here, with units for recordings; in the same folder")
      .addOption(allowOption())
      .action((file: string, { codebook: path, out, allow }: Options) => {
        const folder = dirname(resolve(file));
        if (out !== undefined && dirname(resolve(out)) !== folder)
          throw new InputError(
            "bad-option",
            `--out ${out} lies in another folder than ${file}`,
            "Paths in it would lead nowhere.",
          );
        const codebook = ofSpeech(readCodebook(readInput(nodeDisk, path), path), path);
        let [documents, recordings, seconds, units] = [0, 0, 0, 0];
        const lines = function* (): Generator<Uint8Array> {
          for (const heard of listen(
            inputPieces(nodeDisk, file),
            file,
            folder,
            codebook,
            reachOf(nodeDisk, file, allow),
          )) {
            documents++;
            for (const recording of heard.recordings) {
              if (out === undefined) process.stdout.write(`${recording.audio}\t${recording.units.join(" ")}\n`);
              recordings++;
              seconds += recording.seconds;
              units += recording.units.length;
            }
            yield new TextEncoder().encode(`${heard.line}\n`);
          }
        };
        if (out === undefined) {
          for (const _ of lines());
          return;
        }
        writeWhole(nodeDisk, out, lines(), "Choose another --out.");
        process.stdout.write(
          `${out}: ${documents} documents; ${recordings} recordings (${(seconds / 3600).toFixed(3)} h) are ${units} units\n`,
        );
      });
  },
};
