// Reads emoji from packages that are fetched: drawings from Iconify's JSON, and names from CLDR's.
import { InputError } from "../../diagnostics/input-error.js";
import { listed, nearest } from "../../diagnostics/nearest.js";
import type { FileBytes } from "../file-bytes.js";
import type { DataHost } from "../host.js";
import { filesOfArchive } from "../package-archive.js";
import { CLDR, EMOJI_SETS, type EmojiSetName, licenceOf } from "./emoji-sets.js";

/** The shape of an icon. An icon has the values of its set unless it has its own. */
interface Frame {
  readonly left?: number;
  readonly top?: number;
  readonly width?: number;
  readonly height?: number;
}

/** `icons.json` of a package: https://iconify.design/docs/types/iconify-json.html */
interface IconSet extends Frame {
  readonly icons: Readonly<Record<string, Frame & { readonly body: string }>>;
  readonly aliases?: Readonly<Record<string, Frame & { readonly parent: string }>>;
}

/** Code points of an emoji: as they are, and without variation selectors, which only some names include. */
export function pointsOf(emoji: string): readonly [string, string] {
  const points = [...emoji].map((point) => (point.codePointAt(0) as number).toString(16).padStart(4, "0"));
  return [points.join("-"), points.filter((point) => point !== "fe0f").join("-")];
}

const jsonOf = (bytes: Uint8Array | undefined): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** A name without spaces and punctuation, which every set writes in another way. */
const lettersOf = (name: string): string =>
  name
    .normalize("NFD")
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");

const firstOf = (map: ReadonlyMap<string, string>, keys: readonly string[]): string | undefined =>
  keys.map((key) => map.get(key)).find((found) => found !== undefined);

/** The drawing of an emoji with this English name; undefined if the set has none. */
export type Drawings = (emoji: string, name: string) => FileBytes | undefined;

/** @throws InputError if the package cannot be fetched */
export async function fetchedDrawings(
  set: EmojiSetName,
  host: DataHost,
  notice: (text: string) => void,
): Promise<Drawings> {
  const { archive } = EMOJI_SETS[set];
  if (archive === undefined) throw new RangeError(`${set} is not fetched`);
  const bytes = await host.packageArchive(archive, () =>
    notice(`fetching ${archive.name} ${archive.version} (only once); ${licenceOf(set)}`),
  );
  const files = await filesOfArchive(bytes, (path) => path === "icons.json" || path === "chars.json");
  const icons = jsonOf(files.get("icons.json")) as IconSet;
  const byPoints = new Map(Object.entries(jsonOf(files.get("chars.json")) as Readonly<Record<string, string>>));
  const byLetters = new Map(
    [...Object.keys(icons.aliases ?? {}), ...Object.keys(icons.icons)].map((name) => [lettersOf(name), name]),
  );
  // Old sets have no code points; their icons have the names of the emoji.
  const iconOf = (emoji: string, name: string) =>
    byPoints.size > 0
      ? firstOf(byPoints, pointsOf(emoji))
      : firstOf(
          byLetters,
          [name, name.replace(/^flag:? /, "flag for "), name.replace(/^flag:? (.*)/, "$1 flag")].map(lettersOf),
        );
  return (emoji, english) => {
    const name = iconOf(emoji, english);
    const svg = name === undefined ? undefined : svgOf(icons, name);
    return svg === undefined ? undefined : { bytes: new TextEncoder().encode(svg) };
  };
}

/** Pixels of the longer side; a drawing is then resized to the modality's size. */
const DRAWN_PIXELS = 256;
const MOST_ALIASES = 8;

/** An icon as an SVG file; undefined if the set does not have it as drawn. */
function svgOf(set: IconSet, name: string): string | undefined {
  let frame: Frame = {};
  let found = name;
  for (let step = 0; step < MOST_ALIASES; step++) {
    const icon = set.icons[found];
    if (icon !== undefined) {
      const { body, ...own } = icon;
      const { left = 0, top = 0, width = 16, height = 16 } = { ...frameOf(set), ...own, ...frame };
      const scale = DRAWN_PIXELS / Math.max(width, height);
      return (
        `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
        `viewBox="${left} ${top} ${width} ${height}" width="${width * scale}" height="${height * scale}">${body}</svg>`
      );
    }
    const alias = set.aliases?.[found];
    // A turned or mirrored alias is no drawing of the vendor's.
    if (alias === undefined || "rotate" in alias || "hFlip" in alias || "vFlip" in alias) return undefined;
    frame = { ...frameOf(alias), ...frame };
    found = alias.parent;
  }
  return undefined;
}

/** Only those that are set. */
function frameOf({ left, top, width, height }: Frame): Frame {
  return Object.fromEntries(Object.entries({ left, top, width, height }).filter(([, value]) => value !== undefined));
}

/** A name of an emoji, and its keywords without the name. */
interface Named {
  readonly name: string;
  readonly keywords: readonly string[];
}

/** By language. Returns undefined if CLDR has no name in it. */
export type Names = (emoji: string, language: string) => Named | undefined;

type Annotations = Readonly<Record<string, { readonly default?: readonly string[]; readonly tts?: readonly string[] }>>;

/** @throws InputError if a package cannot be fetched, or CLDR does not have a language */
export async function fetchedNames(
  languages: readonly string[],
  host: DataHost,
  notice: (text: string) => void,
): Promise<Names> {
  const wanted = new Set(languages.flatMap(languageAndBase));
  const known = new Set<string>();
  const found = new Map<string, Annotations[]>();
  for (const part of ["annotations", "annotationsDerived"] as const) {
    const archive = CLDR[part];
    const bytes = await host.packageArchive(archive, () =>
      notice(`fetching ${archive.name} ${archive.version} (only once); ${CLDR.licence}`),
    );
    const languageOf = (path: string) => /^annotations(?:Derived)?\/([^/]+)\/annotations\.json$/.exec(path)?.[1];
    const files = await filesOfArchive(bytes, (path) => {
      const language = languageOf(path);
      if (language !== undefined) known.add(language);
      return language !== undefined && wanted.has(language);
    });
    for (const [path, contents] of files) {
      const language = languageOf(path) as string;
      const { [part]: all } = jsonOf(contents) as Record<typeof part, { readonly annotations: Annotations }>;
      found.set(language, [...(found.get(language) ?? []), all.annotations]);
    }
  }
  for (const language of languages)
    if (!languageAndBase(language).some((one) => found.has(one))) throw unknownLanguage(language, known);
  return (emoji, language) => {
    for (const one of languageAndBase(language))
      for (const annotations of found.get(one) ?? [])
        for (const written of [emoji, emoji.replaceAll("\ufe0f", "")]) {
          const { tts: [name] = [], default: keywords = [] } = annotations[written] ?? {};
          if (name !== undefined) return { name, keywords: keywords.filter((keyword) => keyword !== name) };
        }
    return undefined;
  };
}

/** CLDR writes for a region only what differs from its language: `de-CH`, then `de`. */
function languageAndBase(language: string): string[] {
  const steps = language.split("-");
  return steps.map((_, left) => steps.slice(0, steps.length - left).join("-"));
}

function unknownLanguage(language: string, known: ReadonlySet<string>): InputError {
  const near = nearest(language, known);
  return new InputError(
    "bad-document",
    `data.source: emoji has no names in the language ${JSON.stringify(language)}`,
    near.length > 0
      ? `Did you mean ${listed(near, "or")}?`
      : "Write the language's code, such as `de`, `fr` or `ja`, as CLDR does.",
  );
}
