// A spec of 500 lines for measurements of speed: 8 modalities, 40 blocks, 26 ablations of 48 variants.
const BLOCKS = 40;
const LINES = 500;

export function longSpec(): string {
  const codes = Array.from({ length: 6 }, (_, i) => `codes${i}`);
  const blocks = Array.from({ length: BLOCKS }, (_, i) => `block${i}`);
  const groups = `groups: [[text, image], [${codes.join(", ")}]]`;
  const lines = [
    "// Eight modalities and forty blocks.",
    "model {",
    "  modality text: bytes",
    ...codes.map((name, i) => `  modality ${name}: codes(vocab: ${i === 5 ? 280 : 256 + 4 * i})`),
    "  modality image: patches(size: 32x32, patch: 4x4)",
    "",
    "  d_model: 256",
    "",
    ...blocks.flatMap((name, i) => [
      `  /// Block number ${i}.`,
      `  block ${name}: mamba {`,
      `    d_state: ${8 + i}`,
      "    d_conv: 4",
      "    expand: 2",
      "    dt_rank: auto",
      `    decouple: [in_proj, x_proj(${groups}), out_proj]`,
      "  }",
      "",
    ]),
    `  layers: ${blocks.map((name) => `2 * ${name}`).join(" + ")}`,
    "}",
    "",
    "objective {",
    "  text: cross_entropy",
    ...codes.map((name) => `  ${name}: cross_entropy(weight: 0.5)`),
    "  image: ddpm",
    "}",
    "",
    "data { source: emoji, length: 512 }",
    "",
    "train {",
    "  steps: 2000",
    "  batch: 16",
    "  optimizer: adamw(lr: 3e-4)",
    "  schedule: cosine(warmup: 100)",
    "}",
  ];
  for (const name of blocks) {
    if (lines.length + 6 > LINES) break;
    lines.push(
      "",
      `ablate of_${name} {`,
      `  vary ${name}.decouple: subsets([in_proj, x_proj, dt_proj, out_proj])`,
      "  vary train.seed: [1, 2, 3]",
      `  baseline { ${name}.decouple: [] }`,
      "}",
    );
  }
  while (lines.length < LINES) lines.push("// The end.");
  return `${lines.join("\n")}\n`;
}
