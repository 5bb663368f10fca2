// A batch made up for a spec, where only sizes matter: modalities take turns, every position is filled.
import type { Batch, Picture } from "../data/batch.js";
import type { CheckedSpec } from "../front/spec.js";
import { patchesPerPicture, patchSize } from "../modalities/modality.fields.js";
import { firstId, ordinaryIds } from "../modalities/text.js";
import { stream } from "../random/stream.js";

/** Positions of a modality of tokens before the next has its turn; of patches a picture. */
const TURN = 64;

/** One document a sequence. A picture that no longer fits leaves its place to tokens. */
export function syntheticBatch({ model, train, data }: CheckedSpec): Batch {
  const { modalities, vocabulary } = model;
  const { batch } = train;
  const { length } = data;
  const random = stream("sample", train.seed);
  const tokens = new Int32Array(batch * length);
  const modality = new Uint8Array(batch * length);
  const pictures: Picture[] = [];
  const fallback = modalities.findIndex(({ kind }) => kind !== "patches");
  for (let row = 0; row < batch; row++) {
    for (let at = 0, turn = row; at < length; turn++) {
      const wanted = turn % modalities.length;
      const declared = modalities[wanted];
      const left = length - at;
      const fits = declared?.kind === "patches" && patchesPerPicture(declared) <= left;
      const index = declared?.kind === "patches" && !fits ? fallback : wanted;
      const span = declared?.kind === "patches" && fits ? patchesPerPicture(declared) : Math.min(TURN, left);
      const position = row * length + at;
      modality.fill(index, position, position + span);
      if (declared?.kind === "patches" && fits) {
        const patches = Float32Array.from({ length: span * patchSize(declared) }, () => 2 * random.uniform() - 1);
        pictures.push({ modality: index, position, id: pictures.length, patches });
      } else {
        const [first, ids] = [firstId(index, vocabulary), ordinaryIds(index, model)];
        for (let i = position; i < position + span; i++) tokens[i] = first + random.below(ids);
      }
      at += span;
    }
  }
  return { batch, length, tokens, modality, document: new Int32Array(batch * length), pictures };
}
