// Errors in what a spec means: the model, its training, ablations. Numbers 300 to 499.
import type { ErrorEntry } from "./spec.js";

export const MODEL = {
  // The model and its training
  "name-taken": {
    number: 301,
    title: "Name already used",
    meaning: "Modalities and blocks share one namespace, so that paths are unambiguous.",
  },
  "no-text-modality": {
    number: 302,
    title: "No text modality",
    meaning:
      "Ends of documents, padding and the markers around pictures are tokens, and tokens belong to a `bytes` or `tokens` modality.",
  },
  "unknown-modality": {
    number: 303,
    title: "Unknown modality",
    meaning: "The spec has no modality with this name.",
  },
  "unknown-block": { number: 304, title: "Unknown block", meaning: "The spec has no block with this name." },
  "unused-block": {
    number: 305,
    severity: "warning",
    title: "Unused block",
    meaning: "The block is declared, but `layers` does not use it. It has no effect.",
  },
  "not-layers": {
    number: 306,
    title: "Invalid stack of blocks",
    meaning: "`layers` takes block names, sums and integer multiples: `2 * (mixer + dense) + mixer`.",
  },
  "too-many-layers": { number: 307, title: "Too many layers", meaning: "The number of layers is limited." },
  "group-misses": {
    number: 308,
    title: "Modality in no group",
    meaning: "Every modality must be in one group of a decoupled projection.",
  },
  "group-repeats": {
    number: 309,
    title: "Modality in two groups",
    meaning: "A modality uses one copy of a projection.",
  },
  "part-twice": { number: 310, title: "Duplicate part", meaning: "A part can be decoupled once." },
  "part-absent": {
    number: 311,
    severity: "warning",
    title: "Absent part",
    meaning: "The decoupled part does not exist in this block.",
  },
  "decoupled-from-none": {
    number: 312,
    severity: "warning",
    title: "Decoupling without effect",
    meaning: "The projection is decoupled, but all modalities share one copy. This equals a shared projection.",
  },
  "heads-do-not-divide": {
    number: 313,
    title: "Indivisible heads",
    meaning: "The number of attention heads must divide the number of channels.",
  },
  "kv-heads-do-not-divide": {
    number: 314,
    title: "Indivisible key and value heads",
    meaning: "The number of key and value heads must divide the number of query heads.",
  },
  "head-too-large": {
    number: 315,
    title: "Head too large",
    meaning: "Attention kernels keep a head in registers, so its number of channels is limited.",
  },
  "carry-with-attention": {
    number: 316,
    title: "Carry without a state",
    meaning: "Only recurrent blocks can pass a state from one sequence to the next.",
  },
  "patch-does-not-divide": {
    number: 317,
    title: "Patch does not fit",
    meaning: "The height and the width of a picture must be multiples of the patch's. Sizes are height times width.",
  },
  "length-too-small": {
    number: 318,
    title: "Sequence too short",
    meaning: "A sequence must have room for a picture and its two markers.",
  },
  "length-leaves-chunk": {
    number: 319,
    severity: "warning",
    title: "Inefficient sequence length",
    meaning: "The scan works in chunks, and a nearly empty last chunk takes as long as a full one.",
  },
  "vocabulary-missing": {
    number: 320,
    title: "Missing vocabulary size",
    meaning: "The modality needs the number of its ids, or a file to count them in.",
  },
  "vocabulary-too-small": {
    number: 321,
    title: "Vocabulary too small",
    meaning: "The markers of a spec are ids of the modality that owns them. Here they leave no ids for tokens.",
  },
  "vocabulary-uneven": {
    number: 322,
    severity: "warning",
    title: "Inefficient vocabulary size",
    meaning:
      "The head runs on matrix units (tensor cores) only if the size of the vocabulary is a multiple of 16, or with `precision: f16` of 8. On GPUs that have them, adding a few unused ids is faster.",
  },
  tokenizer: {
    number: 323,
    title: "Unsupported tokenizer",
    meaning:
      "A tokenizer.json must give the same ids as the Python library `tokenizers`. An option that is not supported is refused before training.",
  },
  codebook: {
    number: 324,
    title: "Unreadable codebook",
    meaning: "The number of codes is read from the codebook's file before training.",
  },
  "no-objective": {
    number: 325,
    severity: "warning",
    title: "Modality without an objective",
    meaning: "A modality without an objective is not trained on; it is only context for the others.",
  },
  "objective-does-not-fit": {
    number: 326,
    title: "Objective does not fit",
    meaning: "`cross_entropy` is for tokens and codes; `ddpm` and `rectified_flow` are for patches.",
  },
  "weight-of-nothing": {
    number: 327,
    severity: "warning",
    title: "Objective with weight 0",
    meaning: "An objective with weight 0 is computed and has no effect.",
  },
  "warmup-too-long": {
    number: 328,
    severity: "warning",
    title: "Warm-up too long",
    meaning: "The run ends before the warm-up, so the learning rate never reaches its peak.",
  },
  // The data
  "no-columns": {
    number: 329,
    title: "No columns",
    meaning: "Each mapped modality takes its segment from a column of the data. This source needs at least one.",
  },
  "order-differs": {
    number: 330,
    title: "Order does not match the columns",
    meaning: "`order` lists each modality that has a column, once.",
  },
  "weight-alone": {
    number: 331,
    severity: "warning",
    title: "Weight without a mixture",
    meaning: "The weight of a source is relative to those of the other sources in its list.",
  },
  "held-out-beside-validation": {
    number: 332,
    title: "Two sources of validation",
    meaning: "Validation uses documents that are held out of `source`, or the documents of `validation`.",
  },
  "not-decoded-live": {
    number: 334,
    title: "Pictures that are not decoded live",
    meaning:
      "`flip` and `crop` vary a picture each time that training decodes it, which needs `decode: live`. By default, pictures are decoded once, ahead of training.",
  },
  "unknown-loss": {
    number: 335,
    title: "Unknown validation loss",
    meaning:
      "`keep_best` and `stop` name a validation loss: a modality with an objective, or a validation set and a modality.",
  },
  "latents-not-fitted": {
    number: 333,
    title: "Fit of latents",
    meaning: "`fit` is how pictures are resized. Latents are used as they are and must have the modality's size.",
  },
  // Ablations
  "missing-vary": { number: 401, title: "Missing `vary`", meaning: "An ablation must vary at least one path." },
  "unknown-path": {
    number: 402,
    title: "Unknown path",
    meaning:
      "A path starts with a block or a section and continues with fields: `mixer.d_state`, `train.optimizer.lr`. `mom explain` lists them.",
  },
  "path-to-group": {
    number: 403,
    title: "Path to a group",
    meaning: "`vary` takes the path of a field with a value, not of a group.",
  },
  "varied-twice": {
    number: 404,
    title: "Path varied twice",
    meaning: "Two paths of an ablation lead to the same field, or one contains the other.",
  },
  "not-values": {
    number: 405,
    title: "Not a list of values",
    meaning: "`vary` takes a list, or a call that makes one: `subsets`, `grid`, `range`, `sample`.",
  },
  "value-does-not-fit": {
    number: 406,
    title: "Invalid value",
    meaning: "With this value the spec would be invalid.",
  },
  "empty-range": { number: 407, title: "Empty range", meaning: "A range whose end is below its start has no values." },
  "log-of-negative": {
    number: 408,
    title: "Logarithm of zero or less",
    meaning: "A logarithmic scale needs positive numbers.",
  },
  "too-many-variants": {
    number: 409,
    title: "Too many variants",
    meaning: "Paths multiply, and the number of variants of an ablation is limited.",
  },
  "too-many-ablations": {
    number: 410,
    title: "Too many ablations",
    meaning: "The number of `ablate` blocks in a spec is limited.",
  },
  "baseline-not-varied": {
    number: 411,
    title: "Baseline path does not vary",
    meaning: "`baseline` selects one arm, so it can name only paths that vary.",
  },
  "baseline-not-a-variant": {
    number: 412,
    title: "Baseline is not a variant",
    meaning: "`baseline` must select one of the arms.",
  },
  "nothing-to-widen": {
    number: 413,
    title: "No baseline to widen",
    meaning: "`widen_baseline` needs a `baseline`.",
  },
  "equal-arms": {
    number: 414,
    title: "Identical arms",
    meaning: "Two arms are written differently but mean the same spec.",
  },
  "repeated-seed": {
    number: 415,
    title: "Duplicate seed",
    meaning: "Two replicates with the same seed are the same run.",
  },
  "wrong-arm": {
    number: 416,
    title: "Invalid arm",
    meaning: "One combination of values makes an invalid spec.",
  },
  "no-ablation": {
    number: 417,
    title: "No ablation",
    meaning: "The spec has no `ablate` block.",
  },
  "unknown-ablation": {
    number: 418,
    title: "Unknown ablation",
    meaning: "The spec has no `ablate` block with this name.",
  },
  "which-ablation": {
    number: 419,
    title: "Ambiguous ablation",
    meaning: "The spec has several `ablate` blocks. Name one of them.",
  },
  "no-variant": {
    number: 420,
    title: "Unknown variant",
    meaning: "Variants are numbered from 0, as `--list` shows them.",
  },
  "nothing-trained": {
    number: 421,
    title: "Nothing to report",
    meaning: "No variant has been trained yet.",
  },
  "unfit-jobs": {
    number: 422,
    title: "Impossible job files",
    meaning: "`mom ablate --emit` cannot write jobs for this queue with these options.",
    example: ["--emit needs a folder for the job files.", "Name one: -o jobs"],
  },
  "several-gpus": {
    number: 423,
    title: "Several GPUs",
    meaning:
      "Programs cannot choose among GPUs of one kind through WebGPU, so `mom ablate --jobs` would train everything on the first. The scripts of `--emit` show each run one GPU only.",
    example: [
      "This machine has 8 GPUs of one kind, and several jobs would share the first.",
      "Give each its own: `mom ablate size.mom --emit shell --jobs 8 -o jobs` and `sh jobs/run.sh`.",
    ],
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
