// Real speech with transcripts, from two Debian packages: Asterisk's core sounds in English (recordings of one voice), and the
// text of each recording.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { makeFolderFor, type Recipe, readFile, runProgram, wavSeconds, writeOut } from "../src/api/node/recipes.js";
import { InputError } from "../src/diagnostics/input-error.js";

const PACKAGES = ["asterisk-core-sounds-en-wav", "asterisk-core-sounds-en"] as const;
/** Paths of the files of both packages, relative to the folder where they are unpacked. */
export const TRANSCRIPTS = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz";
export const RECORDINGS = "usr/share/asterisk/sounds/en_US_f_Allison";

interface Options {
  readonly out: string;
  readonly seconds: number;
}

export const recipe: Recipe<Options> = {
  summary: "download recordings of speech with transcripts, from Debian",
  example: "mom data asterisk --out data/asterisk",
  options: [
    { flags: "--out <folder>", about: "the folder to download to" },
    { flags: "--seconds <n>", about: "skip recordings that are longer than this", default: 10 },
  ],
  run({ out, seconds }) {
    makeFolderFor(join(out, TRANSCRIPTS));
    for (const name of PACKAGES) unpack(name, out);
    const { lines, length, left } = documentsOf(out, seconds);
    const file = join(out, "speech.jsonl");
    writeOut(file, lines.join(""));
    return (
      `${file}: ${lines.length} recordings with transcripts, ${(length / 60).toFixed(1)} minutes` +
      `${left > 0 ? `; ${left} longer than ${seconds} s were skipped` : ""}\n` +
      "Recorded by Allison Smith for Asterisk, CC BY-SA 3.0: credit her if you share them or anything derived from them.\n"
    );
  },
};

/** Downloads a package, unless the folder already contains it, and unpacks it there. */
function unpack(name: string, folder: string): void {
  const held = () => readdirSync(folder).find((file) => file.startsWith(`${name}_`) && file.endsWith(".deb"));
  if (held() === undefined)
    runProgram("apt-get", ["download", name], {
      folder,
      remedy: `On Debian or Ubuntu, run \`apt-get update\`; elsewhere, copy the package file ${name}_….deb to ${folder}.`,
    });
  const file = held();
  if (file === undefined)
    throw new InputError(
      "missing-program",
      `apt-get did not download ${name}_….deb to ${folder}`,
      "Run the command again.",
    );
  runProgram("dpkg-deb", ["-x", file, "."], { folder, remedy: `Unpack ${join(folder, file)} with another program.` });
}

function documentsOf(folder: string, most: number) {
  const lines: string[] = [];
  let length = 0;
  let left = 0;
  for (const { name, text } of transcriptsOf(readFile(join(folder, TRANSCRIPTS)))) {
    const audio = `${RECORDINGS}/${name}.wav`;
    const path = join(folder, audio);
    if (!existsSync(path)) continue;
    const seconds = wavSeconds(path);
    if (seconds > most) {
      left++;
      continue;
    }
    length += seconds;
    lines.push(`${JSON.stringify({ segments: [{ text }, { audio }], either_order: true })}\n`);
  }
  if (lines.length === 0)
    throw new InputError(
      "no-documents",
      `${folder}: no recording has a transcript`,
      "Raise --seconds, or delete the folder to download the packages again.",
    );
  return { lines, length, left };
}

/**
 * Names of recordings, relative to `RECORDINGS` and without extension, with their transcripts. A line is `name: text`; `;`
 * starts a comment. Sounds that are not speech have their text in brackets, and are skipped.
 * @param bytes a gzip file
 */
export function transcriptsOf(bytes: Uint8Array): { readonly name: string; readonly text: string }[] {
  const lines = new TextDecoder().decode(gunzipSync(bytes, { maxOutputLength: 2 ** 24 })).split("\n");
  return lines.flatMap((line) => {
    const found = /^([A-Za-z0-9][\w/.+-]*):\s*(\S.*)$/.exec(line.trim());
    const [, name, text] = found ?? [];
    if (name === undefined || text === undefined || name.includes("..") || /^[[(<]/.test(text)) return [];
    return [{ name, text: text.trim() }];
  });
}
