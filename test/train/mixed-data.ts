// Documents with names and pictures of many lengths, in both orders, and a spec that learns them.
import { dataSetOf, oneSource } from "../../src/data/data-set.js";
import { type PreparedDocument, readShard, writeShard } from "../../src/data/shard.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { stream } from "../../src/random/stream.js";
import { textAndImages } from "../data/parts.js";
import { sketch } from "../support/spec.js";

/** Every second document has a picture of 8×8 pixels; 40 % are held out. */
export function mixedData({ model }: CheckedSpec, documents = 40) {
  const random = stream("sample", 3);
  const made = Array.from({ length: documents }, (_, i): PreparedDocument => {
    const name = { modality: 0, ids: Array.from({ length: 1 + random.below(17) }, () => random.below(256)) };
    const picture = { modality: 1, pixels: Uint8Array.from({ length: 192 }, () => random.below(256)) };
    const segments = i % 2 === 0 ? [name, picture] : [name];
    return { label: `d${i}`, hash: random.word(), eitherOrder: i % 4 === 0, segments };
  });
  const shard = readShard(writeShard(made, model.modalities), "made", model.modalities);
  return dataSetOf(oneSource([shard]), textAndImages(), 0.4);
}

export function mixedSpec(train: Partial<CheckedSpec["train"]>, data: { readonly carry?: boolean }): CheckedSpec {
  const { modalities, vocabulary } = textAndImages();
  const spec = sketch({
    modalities,
    vocabulary: 260,
    d_model: 16,
    layers: 2,
    length: 30,
    decouple: ["in_proj"],
    train,
    ...data,
  });
  return { ...spec, model: { ...spec.model, vocabulary } };
}
