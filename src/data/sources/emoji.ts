// `source: emoji`: Microsoft's Fluent emoji in 3D, each with its Unicode name; with `sets`, those of several vendors. Only the
// default skin tone is used.
import { expand } from "brace-expansion";
import { InputError } from "../../diagnostics/input-error.js";
import { contentHash, splitHash } from "../content-hash.js";
import type { Disk } from "../disk.js";
import type { FileBytes } from "../file-bytes.js";
import { idsOfText, neededHolder } from "../holders.js";
import type { DataHost } from "../host.js";
import type { NamedFile } from "../named-files.js";
import { textOf } from "../open-file.js";
import { type Drawings, fetchedDrawings, fetchedNames, pointsOf } from "./emoji-packages.js";
import { CLDR, EMOJI_SETS, type EmojiSetName, usesCldr } from "./emoji-sets.js";
import type { EmojiFields } from "./source.fields.js";
import type { Opening, Source } from "./source.js";

const PICTURES = "@lobehub/fluent-emoji-3d";
const NAMES = "unicode-emoji-json";

interface Emoji {
  readonly name: string;
  /** Path of its WebP picture. */
  readonly picture: string;
}

interface EmojiPictures {
  readonly emoji: readonly Emoji[];
  /** The names and versions of both packages. */
  readonly version: string;
}

/** Microsoft's emoji, in Unicode order. @throws InputError if a package is not installed */
export function emojiPictures(host: DataHost): EmojiPictures {
  const { emoji, pictureOf, version } = installed(host);
  const drawn = emoji.flatMap(({ character, name }): Emoji[] => {
    const picture = pictureOf(character);
    return picture === undefined ? [] : [{ name, picture }];
  });
  return { emoji: drawn, version };
}

/** Unicode's emoji in its order, and the path of Microsoft's picture of each. */
function installed(host: DataHost) {
  const pictures = packageOf(host, PICTURES);
  const names = packageOf(host, NAMES);
  const byEmoji = names.json("data-by-emoji.json") as Readonly<Record<string, { readonly name: string }>>;
  const folder = host.disk.paths.join(pictures.folder, "assets");
  return {
    emoji: Object.entries(byEmoji).map(([character, { name }]) => ({ character, name })),
    pictureOf: (character: string) => pictureFile(host.disk, folder, character),
    version: `${PICTURES} ${pictures.version} ${NAMES} ${names.version}`,
  };
}

/** Files are named by code points. */
function pictureFile(disk: Disk, folder: string, emoji: string): string | undefined {
  return pointsOf(emoji)
    .map((stem) => disk.paths.join(folder, `${stem}.webp`))
    .find(disk.exists);
}

function packageOf({ disk, packageFolder }: DataHost, name: string) {
  const folder = packageFolder(name);
  if (folder === undefined)
    throw new InputError(
      "missing-program",
      `data.source: emoji needs the package ${name}`,
      `Install it: npm install ${name}`,
    );
  const json = (file: string): unknown => JSON.parse(textOf(disk.read(disk.paths.join(folder, file))));
  const { version } = json("package.json") as { version: string };
  return { folder, version, json };
}

/** Documents of one name and one picture, in either order, in the modalities that hold texts and pictures. */
export function openEmoji(opening: Opening, fields: EmojiFields): Source {
  const { host, parts, codecs } = opening;
  const text = neededHolder("text", "emoji has names and pictures", parts, codecs);
  const image = neededHolder("image", "emoji has names and pictures", parts, codecs);
  const isBare = fields.sets.join() === "fluent_3d" && !usesCldr(fields);
  const drawn = isBare ? bare(host, fields) : severalSets(opening, fields);
  return {
    name: "emoji",
    async *documents() {
      for await (const { caption, place, picture, hash } of drawn.emoji()) {
        const segments = [
          { modality: text, ids: idsOfText(caption, text, codecs) },
          { modality: image, image: picture },
        ];
        yield { place, label: caption, hash, eitherOrder: true, segments };
      }
      return contentHash(drawn.version());
    },
    hashesOf: () => [],
  };
}

/** A document before its caption is encoded. */
interface DrawnEmoji {
  readonly caption: string;
  readonly place: string;
  readonly picture: FileBytes;
  /** Decides whether it is held out. */
  readonly hash: number;
}

interface DrawnSource {
  emoji(): AsyncGenerator<DrawnEmoji, void, undefined>;
  version(): string;
}

/**
 * The emoji whose names match one of the patterns; all of them without patterns.
 * @throws InputError if a pattern matches no name
 */
function named<T extends { readonly name: string }>(emoji: readonly T[], names: EmojiFields["names"]): readonly T[] {
  if (names === undefined) return emoji;
  const wanted = names.map((pattern) => {
    const alternatives = expand(pattern.toLowerCase(), { max: MOST_NAMES }).map((one) => one.split("*"));
    const matches = (name: string) => alternatives.some((parts) => hasParts(name.toLowerCase(), parts));
    if (emoji.some(({ name }) => matches(name))) return matches;
    throw new InputError(
      "no-documents",
      `data.source: no emoji is named ${pattern}`,
      'Use English names as `mom data look` shows them, with `*` for any text: `names: ["* heart"]`.',
    );
  });
  return emoji.filter(({ name }) => wanted.some((matches) => matches(name)));
}

/** The most names that the braces of a pattern expand to; there are fewer emoji. */
const MOST_NAMES = 10_000;

/** Whether a text is these parts with any text between them. In linear time: a regular expression may take exponential time. */
function hasParts(text: string, [start = "", ...rest]: readonly string[]): boolean {
  const end = rest.pop();
  if (end === undefined) return text === start;
  if (!text.startsWith(start)) return false;
  let at = start.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - end.length >= at && text.endsWith(end);
}

function bare(host: DataHost, { names }: EmojiFields): DrawnSource {
  const { emoji: all, version } = emojiPictures(host);
  const emoji = named(all, names);
  return {
    async *emoji() {
      for (const { name, picture } of emoji)
        yield {
          caption: name,
          place: `emoji "${name}"`,
          picture: { path: picture },
          hash: splitHash(contentHash(name)),
        };
    },
    version: () => (names === undefined ? version : JSON.stringify([FORMAT, version, names])),
  };
}

/** Changes when captions or the split are made in another way. */
const FORMAT = "sets 1";

function severalSets(opening: Opening, { sets, names: patterns, languages, keywords }: EmojiFields): DrawnSource {
  const { host, notice = () => {} } = opening;
  const { emoji: all, pictureOf, version } = installed(host);
  const emoji = named(all, patterns);
  const opened = once(async () => {
    const drawings: { readonly set: EmojiSetName; readonly drawing: Drawings }[] = [];
    for (const set of sets) drawings.push({ set, drawing: await drawingsOf(set) });
    const names = usesCldr({ languages, keywords }) ? await fetchedNames(languages, host, notice) : undefined;
    return { drawings, names };
  });
  const drawingsOf = async (set: EmojiSetName): Promise<Drawings> =>
    EMOJI_SETS[set].archive === undefined
      ? (character) => {
          const path = pictureOf(character);
          return path === undefined ? undefined : { path };
        }
      : fetchedDrawings(set, host, notice);
  return {
    async *emoji() {
      const { drawings, names } = await opened();
      for (const { character, name } of emoji) {
        const drawn = drawings.flatMap(({ set, drawing }) => {
          const picture = drawing(character, name);
          return picture === undefined ? [] : [{ set, picture }];
        });
        const hashes = splitHashes(
          name,
          drawn.map(({ set }) => set),
          sets.length > 1,
        );
        for (const [i, { set, picture }] of drawn.entries())
          for (const language of languages) {
            const inCldr = names?.(character, language);
            const called = language === "en" ? name : inCldr?.name;
            if (called === undefined) continue;
            const also = inCldr?.keywords.filter((word) => word !== called).slice(0, keywords) ?? [];
            const { title } = EMOJI_SETS[set];
            yield {
              caption: `${called}${also.length > 0 ? ` (${also.join(", ")})` : ""}${sets.length > 1 ? `, ${title}` : ""}`,
              place: `emoji "${called}" of ${title}`,
              picture,
              hash: hashes[i] as number,
            };
          }
      }
    },
    version() {
      const archives = [...sets.map((set) => EMOJI_SETS[set].archive), CLDR.annotations, CLDR.annotationsDerived];
      const fetched = archives.map((archive) => archive && `${archive.name} ${archive.version}`);
      return JSON.stringify([FORMAT, version, sets, languages, keywords, fetched, ...(patterns ? [patterns] : [])]);
    },
  };
}

/** Calls `make` the first time only, unless it failed. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

const HASHES = 2 ** 32;
/** Of documents that are in training for every share. */
const NEVER_HELD_OUT = HASHES - 1;

/**
 * The hashes that decide which pairs of a name and a vendor are held out. Of each name, one vendor's drawing is always in
 * training: what is held out was seen as drawn by another, and a name that only one vendor draws is not held out. The hashes
 * of the other pairs are scaled so that the share of all pairs of the name stays the one that is asked for.
 * @param inPairs false for a single set: then names are held out
 */
function splitHashes(name: string, sets: readonly EmojiSetName[], inPairs: boolean): number[] {
  if (!inPairs) return sets.map(() => splitHash(contentHash(name)));
  const hashes = sets.map((set) => splitHash(contentHash(JSON.stringify([name, set]))));
  const kept = hashes.indexOf(Math.max(...hashes));
  return sets.map((set, i) => {
    if (i === kept) return NEVER_HELD_OUT;
    const hash = splitHash(contentHash(JSON.stringify([name, set, "held out"])));
    return Math.floor(hash * ((sets.length - 1) / sets.length));
  });
}

/** The picture files. */
export const emojiFiles = (host: DataHost): NamedFile[] =>
  emojiPictures(host).emoji.map(({ name, picture }) => ({ path: picture, place: `emoji "${name}"` }));
