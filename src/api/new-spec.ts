// The text of a starter spec, from a choice of modalities, blocks and the parts that each modality owns.
import { format } from "../../grammar/format.js";
import { ATTENTION_PARTS } from "../blocks/attention.fields.js";
import { MAMBA_PARTS } from "../blocks/mamba.fields.js";
import { isSource } from "../data/sources/source.fields.js";
import { fieldNode, kindNode, kindOfPath, ROOT } from "../front/schema.js";

/** The modalities that a new spec can have, with descriptions. */
export const MODALITIES = {
  text: "text, as its UTF-8 bytes",
  image: "16×16 pictures, as continuous patches that are denoised (Transfusion)",
  codes: "pictures as discrete codes, 16 each (Chameleon)",
  speech: "speech as discrete units",
} as const;
export type NewModality = keyof typeof MODALITIES;

/** The kinds of layers that mix positions, with descriptions. */
export const BLOCKS = {
  mamba: "Mamba blocks: Mixture-of-Mamba if modalities own weights",
  attention: "attention with feed-forward layers: Mixture-of-Transformers if modalities own weights",
  hybrid: "three Mamba blocks, then one attention block",
} as const;
export type NewBlocks = keyof typeof BLOCKS;

/** Who owns the projections. */
export const OWNING = {
  all: "each modality owns all of its projections",
  none: "all modalities share everything",
  ablate: "an ablation: every subset of in_proj and out_proj (or of attention's projections) is trained and compared",
} as const;
export type Owning = keyof typeof OWNING;

/** The answers to the questions. */
export interface Choice {
  /** In the order of `MODALITIES`; always includes text. */
  readonly modalities: readonly NewModality[];
  readonly blocks: NewBlocks;
  readonly own: Owning;
}

export interface NewSpec extends Choice {
  /** `emoji`, or the path of data, relative to the spec: a pattern, or a folder whose path ends with a slash. */
  readonly data: string;
}

/** The number of units in generated speech, and of colours in generated pictures. */
export const UNITS = 32;
export const COLOURS = 8;

const DECLARED: Readonly<Record<NewModality, string>> = {
  text: "/// Its markers separate documents and pictures.\nmodality text: bytes",
  image: "/// Each picture has 16 patches.\nmodality image: patches(size: 16x16, patch: 4x4, channels: 3)",
  codes: `/// One code for each 4×4 pixels, row by row.\nmodality codes: codes(vocab: ${COLOURS})`,
  speech: `/// \`mom data units\` fits units to recordings.\nmodality speech: codes(vocab: ${UNITS})`,
};
const OBJECTIVES: Readonly<Record<NewModality, string>> = {
  text: "text: cross_entropy",
  image: "image: ddpm(weight: 5)",
  codes: "codes: cross_entropy",
  speech: "speech: cross_entropy",
};

/** A block that mixes positions, as in a spec. */
interface Mixer {
  readonly kind: string;
  readonly fields: readonly string[];
  /** The parts that each modality can own, and those that the ablation tries. */
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

/** The blocks by their names in the spec, and their order. */
const STACKS: Readonly<
  Record<NewBlocks, { readonly mixers: Readonly<Record<string, Mixer>>; readonly layers: string }>
> = {
  mamba: { mixers: { mixer: MAMBA }, layers: "4 * mixer" },
  attention: { mixers: { mixer: ATTENTION }, layers: "2 * mixer" },
  hybrid: { mixers: { mixer: MAMBA, attend: ATTENTION }, layers: "3 * mixer + attend" },
};

/** The text of the spec, in the format of `mom fmt`. */
export function templateOf(wanted: NewSpec): string {
  const set = format({ path: "new.mom", text: written(wanted) });
  if ("diagnostics" in set) throw new Error("the template is not a valid spec");
  return set.text;
}

function written({ modalities, blocks, own, data }: NewSpec): string {
  // With one modality, ownership has no effect.
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
    `// ${summary(modalities)}. \`mom explain\` describes a field, and \`mom inspect\` shows the cost of the model.`,
    group("model", model),
    "",
    group(
      "objective",
      modalities.map((name) => OBJECTIVES[name]),
    ),
    "",
    group("data", [...sourceOf(data, modalities), "length: 128"]),
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

const SOURCE = fieldNode(fieldNode(ROOT, "data") ?? {}, "source") ?? {};

/** The source for a path, by the end of its name, with a column for each modality if it has columns. */
function sourceOf(data: string, modalities: readonly NewModality[]): string[] {
  if (isSource(data)) return [`source: ${data}`];
  const kind = kindOfPath(SOURCE, data) ?? "";
  const [example = ""] = kindNode(SOURCE, kind)?.examples ?? [];
  const columns = modalities.map((name) => {
    const [, column = name] = new RegExp(`\\b${name}: (\\[[^\\]]*\\]|[\\w.]+)`).exec(example) ?? [];
    return `${name}: ${column}`;
  });
  const isMapped = modalities.some((name) => example.includes(`, ${name}: `));
  const path = JSON.stringify(data);
  return isMapped
    ? ["/// Each modality is read from the column of this name.", `source: ${kind}(${[path, ...columns].join(", ")})`]
    : [`source: ${kind}(${path})`];
}

const summary = (modalities: readonly NewModality[]): string => {
  const words = { text: "text", image: "pictures", codes: "pictures as codes", speech: "speech" };
  const all = modalities.map((name) => words[name]);
  const last = all.pop() ?? "";
  const list = all.length === 0 ? last : `${all.join(", ")} and ${last}`;
  return `${list.charAt(0).toUpperCase()}${list.slice(1)} in one sequence`;
};

function ablation(blocks: NewBlocks): string {
  const [mixer] = Object.values(STACKS[blocks].mixers);
  return group("ablate owned", [
    `/// Trains every subset of owned parts with two seeds: \`mom ablate FILE owned\`.`,
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
