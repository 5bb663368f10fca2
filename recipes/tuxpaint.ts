// The stamps of Tux Paint, from a Debian package: pictures with captions in many languages, and spoken captions in some.
import { join } from "node:path";
import { fetchPackage, filesOfPackage } from "../src/api/node/debian-package.js";
import {
  nameHash,
  type Recipe,
  secondsOf,
  wavSeconds,
  writeOneOfMany,
  writeOut,
  writeWav,
} from "../src/api/node/recipes.js";
import { InputError } from "../src/diagnostics/input-error.js";

const PACKAGE = "tuxpaint-stamps-default";
const VERSION = "2022.06.04-1";
const URL = `https://deb.debian.org/debian/pool/main/t/tuxpaint-stamps/${PACKAGE}_${VERSION}_all.deb`;
/** Of this version, as Debian's list of packages has it. */
const SHA256 = "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34";

/** Paths in the package. */
export const STAMPS = "usr/share/tuxpaint/stamps/";
export const COPYRIGHT = `usr/share/doc/${PACKAGE}/copyright`;

interface Options {
  readonly out: string;
  readonly languages: string;
  /** In percent. */
  readonly heldOut: number;
  readonly from: string;
  readonly sha256: string;
}

export const recipe: Recipe<Options> = {
  summary: "download Tux Paint's stamps: pictures with captions, and spoken captions, from Debian",
  example: "mom data tuxpaint --languages fr --out data/tuxpaint",
  options: [
    { flags: "--out <folder>", about: "the folder to write" },
    { flags: "--languages <list>", about: "languages of the captions, such as `en,fr,pt_BR`, or `all`", default: "en" },
    { flags: "--held-out <percent>", about: "how many of the pictures go into held-out.jsonl", default: 10 },
    { flags: "--from <deb>", about: "the package: a URL, or a file that you have downloaded", default: URL },
    { flags: "--sha256 <hash>", about: "the SHA-256 of the package", default: SHA256 },
  ],
  async run({ out, languages, heldOut, from, sha256 }, notice) {
    if (heldOut >= 100) throw new InputError("bad-option", `--held-out is ${heldOut}`, "Use a number from 0 to 99.");
    const file = await fetchPackage({ from, sha256 }, out, notice);
    const chosen = languages === "all" ? undefined : languages.split(",").map((language) => language.trim());
    notice(`unpacking ${file}`);
    const stamps = await readStamps(file, out, chosen);
    const used = checked(chosen, stamps);
    const recordings = stamps.reduce((sum, { spoken }) => sum + spoken.size, 0);
    if (recordings > 0) notice(`decoding ${recordings} recordings`);
    const seconds = await writeRecordings(stamps, out);
    const [training, held] = [false, true].map((wanted) => {
      const chosenStamps = stamps.filter((stamp) => isHeldOut(stamp, heldOut) === wanted);
      const documents = used.flatMap((language) => chosenStamps.flatMap((stamp) => documentOf(stamp, language)));
      const list = join(out, wanted ? "held-out.jsonl" : "tuxpaint.jsonl");
      writeOut(list, documents.map((document) => `${JSON.stringify(document)}\n`).join(""));
      return `${list}: ${documents.length} documents of ${chosenStamps.length} pictures\n`;
    });
    return `${training}${held}${report(used, stamps, seconds)}`;
  },
};

interface Stamp {
  /** Its path without extension, relative to `STAMPS`. */
  readonly name: string;
  /** The extension of its picture. */
  readonly picture: string;
  /** By language. */
  readonly captions: ReadonlyMap<string, string>;
  /** By language, of those that have a caption. */
  readonly spoken: ReadonlyMap<string, Sound>;
}

interface Sound {
  readonly bytes: Uint8Array;
  readonly extension: "ogg" | "wav";
}

/** Of two pictures of a stamp, the first is used. */
const PICTURES = ["png", "svg"];

/**
 * Reads the stamps that have a caption, in the order of their names, and writes their pictures.
 * @param chosen the languages; by default all
 */
async function readStamps(file: string, out: string, chosen: readonly string[] | undefined): Promise<Stamp[]> {
  const captions = new Map<string, ReadonlyMap<string, string>>();
  const pictures = new Map<string, Uint8Array>();
  const sounds = new Map<string, Map<string, Sound>>();
  for await (const { name: path, bytes } of filesOfPackage(file, isWanted)) {
    if (path === COPYRIGHT) {
      writeOut(join(out, "copyright"), bytes);
      continue;
    }
    const { name, extension, language } = partsOf(path.slice(STAMPS.length));
    if (extension === "txt") captions.set(name, captionsOf(new TextDecoder().decode(bytes)));
    else if (PICTURES.includes(extension)) pictures.set(`${name}.${extension}`, bytes);
    else if (language !== undefined && (chosen?.includes(language) ?? true)) {
      const own = sounds.get(name) ?? new Map<string, Sound>();
      sounds.set(name, own.set(language, { bytes, extension: extension === "wav" ? "wav" : "ogg" }));
    }
  }
  return [...captions].sort(byName).flatMap(([name, texts]) => {
    const picture = PICTURES.find((extension) => pictures.has(`${name}.${extension}`));
    if (picture === undefined || !(chosen?.some((language) => texts.has(language)) ?? true)) return [];
    writeOneOfMany(join(out, "stamps", `${name}.${picture}`), pictures.get(`${name}.${picture}`) as Uint8Array);
    const spoken = [...(sounds.get(name) ?? [])].filter(([language]) => texts.has(language));
    return [{ name, picture, captions: texts, spoken: new Map(spoken.sort(byName)) }];
  });
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1);

/** A name has no step that begins with a dot, so every file stays in the folder. */
const isWanted = (path: string): boolean =>
  path === COPYRIGHT ||
  (path.startsWith(STAMPS) && !/(^|\/)(\.|$)|\\/.test(path) && /\.(txt|png|svg|ogg|wav)$/.test(path));

/**
 * `duck_desc_fr.ogg` is the caption of `duck` in French, and `duck_desc.ogg` the one in English. Other recordings, such as
 * `duck.ogg`, are sounds, and have no language here.
 */
function partsOf(path: string) {
  const [, stem = "", extension = ""] = /^(.+)\.(\w+)$/.exec(path) ?? [];
  const [, name = stem, language = "en"] = /^(.+)_desc(?:_(\w+(?:@\w+)?))?$/.exec(stem) ?? [];
  return { name, extension, language: name === stem ? undefined : language };
}

/** Captions by language. The first line is in English, and each other line is `LANGUAGE.utf8=TEXT`. */
export function captionsOf(text: string): ReadonlyMap<string, string> {
  const [english = "", ...lines] = text.split(/\r?\n/);
  const others = lines.flatMap((line): [string, string][] => {
    const [, language, caption] = /^(\w+(?:@\w+)?)\.utf8=(.*)$/.exec(line) ?? [];
    return language === undefined || caption === undefined ? [] : [[language, caption.trim()]];
  });
  return new Map([["en", english.trim()] as [string, string], ...others].filter(([, caption]) => caption !== ""));
}

/** The languages that are used. @throws InputError if no stamp has a caption in one of them */
function checked(chosen: readonly string[] | undefined, stamps: readonly Stamp[]): readonly string[] {
  const all = [...new Set(stamps.flatMap(({ captions }) => [...captions.keys()]))].sort();
  const unknown = chosen?.find((language) => !all.includes(language));
  if (unknown !== undefined)
    throw new InputError(
      "bad-option",
      `--languages has ${JSON.stringify(unknown)}, in which no stamp has a caption`,
      all.length > 0 ? `Use all, or some of: ${all.join(", ")}.` : "Use `all` to see which languages there are.",
    );
  return chosen === undefined ? all : [...new Set(chosen)];
}

const wavOf = (name: string, language: string) => `stamps/${name}_desc_${language}.wav`;

/** Writes the spoken captions as WAV files. @returns their durations by language */
async function writeRecordings(stamps: readonly Stamp[], out: string): Promise<ReadonlyMap<string, number>> {
  const { StbVorbis } = await import("stb-vorbis");
  await StbVorbis.ready;
  const decode = (bytes: Uint8Array, name: string, language: string) => {
    try {
      return StbVorbis.decode(bytes);
    } catch (error) {
      throw new InputError(
        "bad-recording",
        `${name}: the recording in ${language} is not intact Ogg Vorbis (${error instanceof Error ? error.message : error})`,
        "Leave this language out of --languages.",
      );
    }
  };
  const seconds = new Map<string, number>();
  for (const { name, spoken } of stamps)
    for (const [language, { bytes, extension }] of spoken) {
      const path = join(out, wavOf(name, language));
      const write = () => {
        if (extension === "wav") {
          writeOneOfMany(path, bytes);
          return wavSeconds(path);
        }
        const { sampleRate: rate, channels } = decode(bytes, name, language);
        writeWav(path, { rate, channels });
        return secondsOf({ rate, channels });
      };
      seconds.set(language, (seconds.get(language) ?? 0) + write());
    }
  return seconds;
}

/** All documents of a picture are on the same side, in every language and whatever other pictures there are. */
const isHeldOut = ({ name }: Stamp, percent: number): boolean => nameHash(name) < (percent / 100) * 2 ** 32;

function documentOf({ name, picture, captions, spoken }: Stamp, language: string) {
  const text = captions.get(language);
  if (text === undefined) return [];
  const audio = spoken.has(language) ? [{ audio: wavOf(name, language) }] : [];
  const segments = [{ text }, { image: `stamps/${name}.${picture}` }, ...audio];
  return [{ id: `${name}.${language}`, segments, either_order: true }];
}

function report(languages: readonly string[], stamps: readonly Stamp[], seconds: ReadonlyMap<string, number>): string {
  const rows = languages.map((language) => {
    const captions = stamps.filter((stamp) => stamp.captions.has(language)).length;
    const spoken = stamps.filter((stamp) => stamp.spoken.has(language)).length;
    const minutes = ((seconds.get(language) ?? 0) / 60).toFixed(1);
    return `  ${language}: ${captions} captions${spoken > 0 ? `, ${spoken} of them spoken (${minutes} minutes)` : ""}\n`;
  });
  return (
    rows.join("") +
    "Tux Paint's stamps are by Bill Kendrick and many contributors, under the GNU General Public License, version 2 or " +
    "later: keep the file copyright with them if you share them or anything derived from them.\n"
  );
}
