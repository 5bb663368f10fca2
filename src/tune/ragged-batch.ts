// A batch made up for trying kernels: runs of modalities of any length, several documents in a sequence, padding at its
// end, so that no tile of rows is all of one group and few are full.
import type { Batch, Picture } from "../data/batch.js";
import type { CheckedSpec } from "../front/spec.js";
import { patchesPerPicture, patchSize } from "../modalities/modality.fields.js";
import { firstId, ordinaryIds } from "../modalities/text.js";
import { stream } from "../random/stream.js";
import { repeated } from "./numbers.js";

/** Longest run of a modality of tokens. */
const RUN = 96;
/** One run in so many begins a document. */
const DOCUMENT = 4;

export function raggedBatch({ model, train }: CheckedSpec, batch: number, length: number): Batch {
  const { modalities, vocabulary } = model;
  const random = stream("sample", train.seed, 1);
  const tokens = new Int32Array(batch * length).fill(vocabulary.padding);
  const modality = new Uint8Array(batch * length).fill(vocabulary.owner);
  const document = new Int32Array(batch * length).fill(-1);
  const pictures: Picture[] = [];
  const ofTokens = modalities.flatMap(({ kind }, m) => (kind === "patches" ? [] : [m]));
  for (let row = 0; row < batch; row++) {
    // A position at least is filled.
    const end = Math.max(1, length - random.below(Math.ceil(length / 8)));
    for (let at = 0, number = 0; at < end; ) {
      const wanted = random.below(modalities.length);
      const declared = modalities[wanted];
      const span = declared?.kind === "patches" ? patchesPerPicture(declared) : 1 + random.below(RUN);
      const position = row * length + at;
      if (at > 0 && random.below(DOCUMENT) === 0) number++;
      if (declared?.kind === "patches" && span <= end - at) {
        const patches = repeated(span * patchSize(declared), position);
        const id = pictures.length;
        pictures.push({ modality: wanted, position, id, key: { document: id, epoch: 0, item: 0 }, patches });
        modality.fill(wanted, position, position + span);
        tokens.fill(0, position, position + span);
        document.fill(number, position, position + span);
        at += span;
        continue;
      }
      const index = declared?.kind === "patches" ? (ofTokens[random.below(ofTokens.length)] as number) : wanted;
      const size = Math.min(span, end - at);
      modality.fill(index, position, position + size);
      document.fill(number, position, position + size);
      for (let i = position; i < position + size; i++) {
        tokens[i] = firstId(index, vocabulary) + random.below(ordinaryIds(index, model));
      }
      at += size;
    }
  }
  return { batch, length, tokens, modality, document, pictures };
}
