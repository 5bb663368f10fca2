// `source: emoji`: Microsoft's Fluent emoji in 3D, each with its Unicode name. Only the default skin tone is used.
import { InputError } from "../../diagnostics/input-error.js";
import { contentHash, splitHash } from "../content-hash.js";
import type { Disk } from "../disk.js";
import { idsOfText, neededHolder } from "../holders.js";
import type { DataHost } from "../host.js";
import type { NamedFile } from "../named-files.js";
import { textOf } from "../open-file.js";
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

/** All emoji with a picture, in Unicode order. @throws InputError if a package is not installed */
export function emojiPictures(host: DataHost): EmojiPictures {
  const pictures = packageOf(host, PICTURES);
  const names = packageOf(host, NAMES);
  const byEmoji = names.json("data-by-emoji.json") as Readonly<Record<string, { readonly name: string }>>;
  const emoji = Object.entries(byEmoji).flatMap(([character, { name }]): Emoji[] => {
    const picture = pictureFile(host.disk, host.disk.paths.join(pictures.folder, "assets"), character);
    return picture === undefined ? [] : [{ name, picture }];
  });
  return { emoji, version: `${PICTURES} ${pictures.version} ${NAMES} ${names.version}` };
}

/** Files are named by code points. Only some names include the variation selector FE0F. */
function pictureFile(disk: Disk, folder: string, emoji: string): string | undefined {
  const points = [...emoji].map((point) => (point.codePointAt(0) as number).toString(16).padStart(4, "0"));
  const stems = [points, points.filter((point) => point !== "fe0f")].map((parts) => parts.join("-"));
  return stems.map((stem) => disk.paths.join(folder, `${stem}.webp`)).find(disk.exists);
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
export function openEmoji({ host, parts, codecs }: Opening): Source {
  const text = neededHolder("text", "emoji has names and pictures", parts, codecs);
  const image = neededHolder("image", "emoji has names and pictures", parts, codecs);
  const { emoji, version } = emojiPictures(host);
  return {
    name: "emoji",
    async *documents() {
      for (const { name, picture } of emoji) {
        const segments = [
          { modality: text, ids: idsOfText(name, text, codecs) },
          { modality: image, image: { path: picture } },
        ];
        yield {
          place: `emoji "${name}"`,
          label: name,
          hash: splitHash(contentHash(name)),
          eitherOrder: true,
          segments,
        };
      }
      return contentHash(version);
    },
    hashesOf: () => [],
  };
}

/** The picture files. */
export const emojiFiles = (host: DataHost): NamedFile[] =>
  emojiPictures(host).emoji.map(({ name, picture }) => ({ path: picture, place: `emoji "${name}"` }));
