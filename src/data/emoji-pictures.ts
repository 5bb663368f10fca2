// Microsoft's Fluent emoji in 3D, each with its Unicode name. Skin tones are not told apart.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { InputError } from "../diagnostics/input-error.js";

const PICTURES = "@lobehub/fluent-emoji-3d";
const NAMES = "unicode-emoji-json";

export interface Emoji {
  readonly name: string;
  /** Path of its picture, a WebP file. */
  readonly picture: string;
}

export interface EmojiPictures {
  readonly emoji: readonly Emoji[];
  /** Both packages with their versions. */
  readonly version: string;
}

/** All that have a picture, in Unicode's order. @throws InputError where a package is not installed */
export function emojiPictures(): EmojiPictures {
  const pictures = packageOf(PICTURES);
  const names = packageOf(NAMES);
  const byEmoji = names.json("data-by-emoji.json") as Readonly<Record<string, { readonly name: string }>>;
  const emoji = Object.entries(byEmoji).flatMap(([character, { name }]): Emoji[] => {
    const picture = pictureFile(join(pictures.folder, "assets"), character);
    return picture === undefined ? [] : [{ name, picture }];
  });
  return { emoji, version: `${PICTURES} ${pictures.version} ${NAMES} ${names.version}` };
}

/** Files are named by code points; the variation selector FE0F stands in some names and not in others. */
function pictureFile(folder: string, emoji: string): string | undefined {
  const points = [...emoji].map((point) => (point.codePointAt(0) as number).toString(16).padStart(4, "0"));
  const stems = [points, points.filter((point) => point !== "fe0f")].map((parts) => parts.join("-"));
  return stems.map((stem) => join(folder, `${stem}.webp`)).find(existsSync);
}

function packageOf(name: string) {
  let manifest: string;
  try {
    manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
  } catch {
    throw new InputError(
      "missing-program",
      `data.source: emoji needs the package ${name}`,
      `Install it: npm install ${name}`,
    );
  }
  const folder = dirname(manifest);
  const json = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), "utf8"));
  const { version } = json("package.json") as { version: string };
  return { folder, version, json };
}
