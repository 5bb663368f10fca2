// `source: emoji`: Microsoft's Fluent emoji in 3D, each with its Unicode name. Skin tones are not told apart.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { InputError } from "../diagnostics/input-error.js";
import type { ModelParts } from "../modalities/text.js";
import type { Codecs } from "./codecs.js";
import { contentHash, splitHash } from "./content-hash.js";
import { HOLDERS, holdersOf, idsOfText } from "./holders.js";
import type { Source, SourceDocument } from "./source.js";

const PICTURES = "@lobehub/fluent-emoji-3d";
const NAMES = "unicode-emoji-json";

/** Documents of one name and one picture, in either order: in the modalities that hold texts and pictures. */
export function emojiSource(parts: ModelParts, codecs: Codecs): Source {
  const [[text], [image]] = [holdersOf("text", parts, codecs), holdersOf("image", parts, codecs)];
  if (text === undefined || image === undefined) {
    const content = text === undefined ? "text" : "image";
    throw new InputError(
      `data.source: emoji has names and pictures, and the model has no modality of ${HOLDERS[content].kinds}`,
      `Add one to model: ${HOLDERS[content].example}`,
    );
  }
  const pictures = packageOf(PICTURES);
  const names = packageOf(NAMES);
  const byEmoji = names.json("data-by-emoji.json") as Readonly<Record<string, { readonly name: string }>>;
  const documents = Object.entries(byEmoji).flatMap(([emoji, { name }]): SourceDocument[] => {
    const file = pictureFile(join(pictures.folder, "assets"), emoji);
    if (file === undefined) return [];
    const segments = [
      { modality: text, ids: idsOfText(name, text, codecs) },
      { modality: image, image: file },
    ];
    return [{ place: `emoji "${name}"`, label: name, hash: splitHash(name), eitherOrder: true, segments }];
  });
  const fingerprint = contentHash(`${PICTURES} ${pictures.version} ${NAMES} ${names.version}`);
  return { name: "emoji", documents, fingerprint };
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
    throw new InputError(`data.source: emoji needs the package ${name}`, `Install it: npm install ${name}`);
  }
  const folder = dirname(manifest);
  const json = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), "utf8"));
  const { version } = json("package.json") as { version: string };
  return { folder, version, json };
}
