// `source: emoji`: emoji with their names.
import { InputError } from "../diagnostics/input-error.js";
import type { ModelParts } from "../modalities/text.js";
import type { Codecs } from "./codecs.js";
import { contentHash, splitHash } from "./content-hash.js";
import { emojiPictures } from "./emoji-pictures.js";
import { HOLDERS, holdersOf, idsOfText } from "./holders.js";
import type { Source } from "./source.js";

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
  const { emoji, version } = emojiPictures();
  return {
    name: "emoji",
    *documents() {
      for (const { name, picture } of emoji) {
        const segments = [
          { modality: text, ids: idsOfText(name, text, codecs) },
          { modality: image, image: picture },
        ];
        yield { place: `emoji "${name}"`, label: name, hash: splitHash(name), eitherOrder: true, segments };
      }
      return contentHash(version);
    },
    hashesOf: () => [],
  };
}
