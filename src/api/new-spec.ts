// The text of a spec to start from: what its sequences are made of, what mixes them, and what each modality owns.
import { format } from "../../grammar/format.js";
import { ATTENTION_PARTS } from "../blocks/attention.fields.js";
import { MAMBA_PARTS } from "../blocks/mamba.fields.js";
import { isSource } from "../data/sources/source.fields.js";

/** Modalities that a new spec may have, and what each is. */
export const MODALITIES = {
  text: "text, as its UTF-8 bytes",
  image: "pictures of 16×16, as continuous patches that are denoised (Transfusion)",
  codes: "pictures as discrete codes, 16 each (Chameleon)",
  speech: "speech as discrete units",
} as const;
export type NewModality = keyof typeof MODALITIES;

/** What mixes positions. */
export const BLOCKS = {
  mamba: "Mamba blocks: Mixture-of-Mamba where modalities own weights",
  attention: "attention with feed-forwards: Mixture-of-Transformers where modalities own weights",
  hybrid: "three Mamba blocks to one of attention",
} as const;
export type NewBlocks = keyof typeof BLOCKS;

/** Whose the projections are. */
export const OWNING = {
  all: "each modality owns all of its projections",
  none: "all modalities share everything",
  ablate: "that is the question: every choice of in_proj and out_proj (or of attention's) is trained and compared",
} as const;
export type Owning = keyof typeof OWNING;

/** What is chosen. */
export interface Choice {
  /** In the order of `MODALITIES`, text among them. */
  readonly modalities: readonly NewModality[];
  readonly blocks: NewBlocks;
  readonly own: Owning;
}

export interface NewSpec extends Choice {
  /** `emoji`, or the path of JSON Lines beside the spec. */
  readonly data: string;
}

/** Units that made-up speech has, and colours of made-up pictures. */
export const UNITS = 32;
export const COLOURS = 8;

const DECLARED: Readonly<Record<NewModality, string>> = {
  text: "/// Its marks separate documents and pictures.\nmodality text: bytes",
  image: "/// 16 patches each.\nmodality image: patches(size: 16x16, patch: 4x4, channels: 3)",
  codes: `/// One code for each 4×4 pixels, row by row.\nmodality codes: codes(vocab: ${COLOURS})`,
  speech: `/// \`mom data units\` fits units to recordings.\nmodality speech: codes(vocab: ${UNITS})`,
};
const OBJECTIVES: Readonly<Record<NewModality, string>> = {
  text: "text: cross_entropy",
  image: "image: ddpm(weight: 5)",
  codes: "codes: cross_entropy",
  speech: "speech: cross_entropy",
};

/** What mixes positions, as a spec says it. */
interface Mixer {
  readonly kind: string;
  readonly fields: readonly string[];
  /** Parts that each modality may own: all of them, and those that are tried in an ablation. */
  readonly owned: readonly string[];
  readonly tried: string;
}

const MAMBA: Mixer = {
  kind: "mamba",
  fields: ["d_state: 8"],
  owned: MAMBA_PARTS.filter((part) => part.endsWith("_proj")),
  tried: "in_proj, out_proj",
};
const ATTENTION: Mixer = {
  kind: "attention",
  fields: ["heads: 4"],
  owned: ATTENTION_PARTS.filter((part) => part.endsWith("_proj") || part === "ffn"),
  tried: "q_proj, o_proj",
};

/** The blocks by their names in the spec, and how they are stacked. */
const STACKS: Readonly<
  Record<NewBlocks, { readonly mixers: Readonly<Record<string, Mixer>>; readonly layers: string }>
> = {
  mamba: { mixers: { mixer: MAMBA }, layers: "4 * mixer" },
  attention: { mixers: { mixer: ATTENTION }, layers: "2 * mixer" },
  hybrid: { mixers: { mixer: MAMBA, attend: ATTENTION }, layers: "3 * mixer + attend" },
};

/** As `mom fmt` sets it. */
export function templateOf(wanted: NewSpec): string {
  const set = format({ path: "new.mom", text: written(wanted) });
  if ("diagnostics" in set) throw new Error("a template is no spec");
  return set.text;
}

function written({ modalities, blocks, own, data }: NewSpec): string {
  // With one modality there is nothing to own.
  const owns = own === "all" && modalities.length > 1;
  const { mixers, layers } = STACKS[blocks];
  const declared = Object.entries(mixers).map(([name, { kind, fields, owned }]) =>
    group(`block ${name}: ${kind}`, [...fields, ...(owns ? [`decouple: [${owned.join(", ")}]`] : [])]),
  );
  const model = [
    ...modalities.map((name) => DECLARED[name]),
    "",
    "d_model: 64",
    "",
    ...declared,
    "",
    `layers: ${layers}`,
  ];
  return [
    `// ${said(modalities)}. \`mom explain\` says what a field means, \`mom inspect\` what the model costs.`,
    group("model", model),
    "",
    group(
      "objective",
      modalities.map((name) => OBJECTIVES[name]),
    ),
    "",
    group("data", [`source: ${isSource(data) ? data : `files(${JSON.stringify(data)})`}`, "length: 128"]),
    "",
    group("train", [
      "steps: 110",
      "batch: 8",
      "optimizer: adamw(lr: 4e-3)",
      "schedule: cosine(warmup: 10, floor: 0.05)",
      "validate_every: 55",
      "checkpoint_every: 55",
    ]),
    ...(own === "ablate" ? ["", ablation(blocks)] : []),
    "",
  ].join("\n");
}

const said = (modalities: readonly NewModality[]): string => {
  const words = { text: "text", image: "pictures", codes: "pictures as codes", speech: "speech" };
  const all = modalities.map((name) => words[name]);
  const last = all.pop() ?? "";
  const list = all.length === 0 ? last : `${all.join(", ")} and ${last}`;
  return `${list.charAt(0).toUpperCase()}${list.slice(1)} in one sequence`;
};

function ablation(blocks: NewBlocks): string {
  const [mixer] = Object.values(STACKS[blocks].mixers);
  return group("ablate owned", [
    `/// Each choice of what every modality owns, twice; \`mom ablate FILE owned\` trains all and reports.`,
    `vary mixer.decouple: subsets([${mixer?.tried}])`,
    "vary train.seed: [1, 2]",
    "baseline { mixer.decouple: [] }",
  ]);
}

const group = (head: string, lines: readonly string[]): string =>
  `${head} {\n${lines
    .flatMap((line) => line.split("\n"))
    .map((line) => (line === "" ? "" : `  ${line}`))
    .join("\n")}\n}`;
