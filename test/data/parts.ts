// Small models for data tests.
import type { Modality } from "../../src/modalities/modality.fields.js";
import type { ModelParts } from "../../src/modalities/text.js";

export const DOCUMENT_END = 256;
export const PADDING = 257;
export const BEGIN = 258;
export const END = 259;

/** text: bytes, image: patches of 4×4 pixels. */
export function textAndImages(size = 8, channels = 3): ModelParts {
  const modalities: Modality[] = [
    { kind: "bytes", name: "text" },
    { kind: "patches", name: "image", height: size, width: size, patchHeight: 4, patchWidth: 4, channels },
  ];
  const vocabulary = {
    size: 260,
    owner: 0,
    documentEnd: DOCUMENT_END,
    padding: PADDING,
    first: [0, -1],
    spans: [undefined, { begin: BEGIN, end: END }],
  };
  return { modalities, vocabulary };
}

/** codes: tokens(vocab: 20), whose last four ids are the markers; text: bytes with its own begin and end markers. */
export const codesAndText: ModelParts = {
  modalities: [
    { kind: "tokens", name: "codes", vocab: 20 },
    { kind: "bytes", name: "text" },
  ],
  vocabulary: {
    size: 276,
    owner: 0,
    documentEnd: 16,
    padding: 17,
    first: [0, 20],
    spans: [undefined, { begin: 18, end: 19 }],
  },
};
