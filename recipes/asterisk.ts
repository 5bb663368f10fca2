// Real speech with transcripts, from two of Debian's packages: Asterisk's core sounds in English, recordings of one voice, and
// a text that says what each says.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { makeFolderFor, type Recipe, readFile, runProgram, wavSeconds, writeOut } from "../src/api/node/recipes.js";
import { InputError } from "../src/diagnostics/input-error.js";

const PACKAGES = ["asterisk-core-sounds-en-wav", "asterisk-core-sounds-en"] as const;
/** Where both packages' files stand, below the folder into which they were unpacked. */
export const TRANSCRIPTS = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz";
export const RECORDINGS = "usr/share/asterisk/sounds/en_US_f_Allison";

interface Options {
  readonly out: string;
  readonly seconds: number;
}

export const recipe: Recipe<Options> = {
  summary: "fetch recordings of speech with their texts, from Debian",
  example: "mom data asterisk --out data/asterisk",
  options: [
    { flags: "--out <folder>", about: "the folder to fetch into" },
    { flags: "--seconds <n>", about: "leave out recordings that are longer", default: 10 },
  ],
  run({ out, seconds }) {
    makeFolderFor(join(out, TRANSCRIPTS));
    for (const name of PACKAGES) unpack(name, out);
    const { lines, length, left } = documentsOf(out, seconds);
    const file = join(out, "speech.jsonl");
    writeOut(file, lines.join(""));
    return (
      `${file}: ${lines.length} recordings with their texts, ${(length / 60).toFixed(1)} minutes` +
      `${left > 0 ? `; ${left} longer than ${seconds} s were left out` : ""}\n` +
      "Recorded by Allison Smith for Asterisk, CC BY-SA 3.0: name her where you pass them on, or what is made of them.\n"
    );
  },
};

/** Fetches a package, unless it is in the folder already, and unpacks it there. */
function unpack(name: string, folder: string): void {
  const held = () => readdirSync(folder).find((file) => file.startsWith(`${name}_`) && file.endsWith(".deb"));
  if (held() === undefined)
    runProgram("apt-get", ["download", name], {
      folder,
      remedy: `On Debian or Ubuntu, run \`apt-get update\`; elsewhere put the package's file, ${name}_….deb, into ${folder}.`,
    });
  const file = held();
  if (file === undefined)
    throw new InputError("missing-program", `apt-get left no ${name}_….deb in ${folder}`, "Run the command again.");
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
      `${folder}: no recording has a text`,
      "Raise --seconds, or fetch the packages anew.",
    );
  return { lines, length, left };
}

/**
 * Names of recordings, below `RECORDINGS` and without their ending, with their texts. Lines are `name: text`; `;` begins a
 * comment. Sounds that are no speech have their text in brackets.
 * @param bytes gzip
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
