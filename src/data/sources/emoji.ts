// `source: emoji`: emoji with their names.
import { InputError } from "../../diagnostics/input-error.js";
import { holdersNamed } from "../../modalities/modality.fields.js";
import { contentHash, splitHash } from "../content-hash.js";
import { emojiPictures } from "../emoji-pictures.js";
import { holdersOf, idsOfText } from "../holders.js";
import type { DataHost } from "../host.js";
import type { NamedFile } from "../named-files.js";
import type { Opening, Source } from "./source.js";

/** Documents of one name and one picture, in either order: in the modalities that hold texts and pictures. */
export function openEmoji({ host, parts, codecs }: Opening): Source {
  const [[text], [image]] = [holdersOf("text", parts, codecs), holdersOf("image", parts, codecs)];
  if (text === undefined || image === undefined) {
    const { kinds, example } = holdersNamed(text === undefined ? "text" : "image");
    throw new InputError(
      "bad-document",
      `data.source: emoji has names and pictures, and the model has no modality of ${kinds}`,
      `Add one to model: ${example}`,
    );
  }
  const { emoji, version } = emojiPictures(host);
  return {
    name: "emoji",
    *documents() {
      for (const { name, picture } of emoji) {
        const segments = [
          { modality: text, ids: idsOfText(name, text, codecs) },
          { modality: image, image: picture },
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

/** The pictures themselves. */
export const emojiFiles = (host: DataHost): NamedFile[] =>
  emojiPictures(host).emoji.map(({ name, picture }) => ({ path: picture, place: `emoji "${name}"` }));
