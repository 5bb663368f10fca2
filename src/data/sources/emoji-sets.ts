// The sets of emoji drawings by several vendors, and what they may be used for.
import type { NpmPackage } from "../package-archive.js";

interface EmojiSet {
  /** The vendor's name in captions. */
  readonly title: string;
  readonly author: string;
  /** The licence of the drawings, as its SPDX identifier. */
  readonly licence: string;
  /** The package that it is fetched from; undefined if it is installed with mom. */
  readonly archive?: NpmPackage;
}

const iconify = (set: string, version: string, sha256: string): NpmPackage => ({
  name: `@iconify-json/${set}`,
  version,
  sha256,
});

const SETS = {
  fluent_3d: { title: "Fluent 3D", author: "Microsoft", licence: "MIT" },
  fluent_flat: {
    title: "Fluent Flat",
    author: "Microsoft",
    licence: "MIT",
    archive: iconify("fluent-emoji-flat", "1.2.6", "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175"),
  },
  fluent_contrast: {
    title: "Fluent High Contrast",
    author: "Microsoft",
    licence: "MIT",
    archive: iconify(
      "fluent-emoji-high-contrast",
      "1.2.6",
      "0b92d48c90d2200bd499e3cdd09a127ca6a8c8ddefd34c35eb5a1e4994012ae0",
    ),
  },
  noto: {
    title: "Noto",
    author: "Google",
    licence: "Apache-2.0",
    archive: iconify("noto", "1.2.9", "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad"),
  },
  noto_blob: {
    title: "Noto Blob",
    author: "Google",
    licence: "Apache-2.0",
    archive: iconify("noto-v1", "1.2.5", "2bf62c26c2c2884aa99e90aec942cdaee17a5921f05690694f4978ad4b017c37"),
  },
  twemoji: {
    title: "Twemoji",
    author: "Twitter and contributors",
    licence: "CC-BY-4.0",
    archive: iconify("twemoji", "1.2.5", "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7"),
  },
  emojione: {
    title: "EmojiOne",
    author: "EmojiOne",
    licence: "CC-BY-4.0",
    archive: iconify("emojione", "1.2.3", "26a14f44284407e8bcde91799388dca2bfd91dbcd55a97f425524a1c5b73610e"),
  },
  fxemoji: {
    title: "FxEmoji",
    author: "Mozilla",
    licence: "Apache-2.0",
    archive: iconify("fxemoji", "1.2.2", "f3e72b3c59d05e1db03b7e308d55c0d05bd7ba3f625a90da1b79313c12858eef"),
  },
  openmoji: {
    title: "OpenMoji",
    author: "HfG Schwäbisch Gmünd",
    licence: "CC-BY-SA-4.0",
    archive: iconify("openmoji", "1.2.29", "03181e2c156cab35cf4a62f1f7886bd971d59212e75ac3f189d5a4cae3930fc5"),
  },
} satisfies Readonly<Record<string, EmojiSet>>;

export type EmojiSetName = keyof typeof SETS;

/** By name, in the order of the documents. */
export const EMOJI_SETS: Readonly<Record<EmojiSetName, EmojiSet>> = SETS;

/** The sets in the order of the documents. */
export const inSetOrder = (sets: readonly EmojiSetName[]): EmojiSetName[] =>
  (Object.keys(SETS) as EmojiSetName[]).filter((name) => sets.includes(name));

/** Works made from a share-alike set are under its licence, so such a set must be asked for by name. */
export const isShareAlike = (name: EmojiSetName): boolean => EMOJI_SETS[name].licence.includes("-SA-");

/** The sets of `all`. */
export const allSets = (): EmojiSetName[] =>
  (Object.keys(SETS) as EmojiSetName[]).filter((name) => !isShareAlike(name));

/** `Noto (Google): Apache-2.0` */
export function licenceOf(name: EmojiSetName): string {
  const { title, author, licence } = EMOJI_SETS[name];
  return `${title} (${author}): ${licence}`;
}

/** Unicode's English names are installed with mom; CLDR has the others, and the keywords. */
export const usesCldr = (wanted: { readonly languages: readonly string[]; readonly keywords: number }): boolean =>
  wanted.keywords > 0 || wanted.languages.some((language) => language !== "en");

/** CLDR's names and keywords: those of single characters, and those of sequences, which it derives from them. */
export const CLDR = {
  licence: "CLDR annotations (Unicode): Unicode-3.0",
  annotations: {
    name: "cldr-annotations-full",
    version: "48.2.0",
    sha256: "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1",
  },
  annotationsDerived: {
    name: "cldr-annotations-derived-full",
    version: "48.2.0",
    sha256: "4be946ff5815f806ec78b50363d577a769f2fbfb90c6380a44e161a92436996e",
  },
} as const;
