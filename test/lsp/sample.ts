// The spec at the start of editor tests.
export const SAMPLE = `// Text and pictures.
model {
  /// The captions.
  modality text: bytes
  modality image: patches(size: 8x8, patch: 4x4, channels: 3)

  d_model: 32

  block mixer: mamba {
    d_state: 16
    decouple: [in_proj, x_proj(groups: [[text], [image]])]
  }

  layers: 2 * mixer
}

objective {
  text: cross_entropy
  image: ddpm(weight: 5)
}

data {
  source: emoji
  length: 64
}

train {
  steps: 10
  batch: 2
  optimizer: adamw(lr: 1e-3)
  schedule: cosine(warmup: 1)
}

ablate projections {
  vary mixer.decouple: subsets([in_proj, out_proj])
  vary train.seed: [1, 2, 3]
  baseline { mixer.decouple: [] }
}
`;

/** The sample after a replacement of text that occurs once. */
export function edited(from: string, to: string): string {
  if (SAMPLE.split(from).length !== 2) throw new Error(`\`${from}\` does not occur exactly once in the sample.`);
  return SAMPLE.replace(from, () => to);
}
