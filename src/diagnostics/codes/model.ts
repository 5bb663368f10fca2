// Mistakes in what a spec means: the model, its training, ablations. Numbers 300 to 499.
import type { Mistake } from "./spec.js";

export const MODEL = {
  // The model and its training
  "name-taken": {
    number: 301,
    title: "Name taken",
    meaning: "Modalities and blocks share their names with paths, so each name is one thing.",
  },
  "no-text-modality": {
    number: 302,
    title: "No text modality",
    meaning:
      "Document ends, padding and the marks around pictures are tokens, and tokens belong to a `bytes` or `tokens` modality.",
  },
  "unknown-modality": {
    number: 303,
    title: "Unknown modality",
    meaning: "The name is that of no modality of the spec.",
  },
  "unknown-block": { number: 304, title: "Unknown block", meaning: "The name is that of no block of the spec." },
  "unused-block": {
    number: 305,
    severity: "warning",
    title: "Unused block",
    meaning: "The block is declared and `layers` does not name it: it costs nothing and does nothing.",
  },
  "not-layers": {
    number: 306,
    title: "Not a stack of blocks",
    meaning: "`layers` is made of blocks, of sums, and of whole numbers times them: `2 * (mixer + dense) + mixer`.",
  },
  "too-many-layers": { number: 307, title: "Too many layers", meaning: "A stack has a limited number of layers." },
  "group-misses": {
    number: 308,
    title: "Modality in no group",
    meaning: "Every modality uses some copy of a projection that is decoupled in groups.",
  },
  "group-repeats": {
    number: 309,
    title: "Modality in two groups",
    meaning: "A modality uses one copy of a projection.",
  },
  "part-twice": { number: 310, title: "Part listed twice", meaning: "A projection is decoupled once." },
  "part-absent": {
    number: 311,
    severity: "warning",
    title: "No such part",
    meaning: "The block leaves out what is decoupled.",
  },
  "decoupled-from-none": {
    number: 312,
    severity: "warning",
    title: "Nothing to decouple from",
    meaning:
      "A projection is decoupled in a spec with one modality, or so that all modalities share one copy: that is the shared projection.",
  },
  "heads-do-not-divide": {
    number: 313,
    title: "Heads do not fit",
    meaning: "The heads of attention share the channels evenly.",
  },
  "kv-heads-do-not-divide": {
    number: 314,
    title: "Heads of keys do not fit",
    meaning: "Each head of keys and values serves as many query heads as the others.",
  },
  "head-too-large": {
    number: 315,
    title: "Heads too large",
    meaning: "Kernels of attention hold a head in registers, up to a limit of channels.",
  },
  "carry-with-attention": {
    number: 316,
    title: "Nothing to carry",
    meaning: "Only recurrent blocks hand a state on from one sequence to the next.",
  },
  "patch-does-not-divide": {
    number: 317,
    title: "Patches do not fit",
    meaning: "Patches tile a picture: its height is a multiple of theirs, its width too. Sizes are height times width.",
  },
  "length-too-small": {
    number: 318,
    title: "Sequence too short",
    meaning: "A sequence holds a whole picture and its two marks at least.",
  },
  "length-leaves-chunk": {
    number: 319,
    severity: "warning",
    title: "Length leaves most of a chunk",
    meaning:
      "The scan goes through a sequence in chunks, and a last one that is nearly empty takes as long as a full one.",
  },
  "vocabulary-missing": {
    number: 320,
    title: "No vocabulary",
    meaning: "The modality says neither how many ids it has nor where that is written.",
  },
  "vocabulary-too-small": {
    number: 321,
    title: "Vocabulary too small",
    meaning: "The marks of a spec are among the ids of the modality that owns them, and leave none for tokens.",
  },
  "vocabulary-uneven": {
    number: 322,
    severity: "warning",
    title: "Vocabulary of no even size",
    meaning:
      "The head multiplies by the whole vocabulary, and its kernels read four numbers at a time, where sizes are multiples of four. Up to three ids that are never used cost less.",
  },
  tokenizer: {
    number: 323,
    title: "Tokenizer that cannot be used",
    meaning:
      "A tokenizer.json gives the same ids as the Python library `tokenizers`, or is refused: an option that is not supported is named before anything is trained.",
  },
  codebook: {
    number: 324,
    title: "Codebook that cannot be read",
    meaning: "The codes of a codebook are counted from its file before anything is trained.",
  },
  "no-objective": {
    number: 325,
    severity: "warning",
    title: "Modality without objective",
    meaning: "Nothing is learned of a modality that has no objective, but for what it lends to others as context.",
  },
  "objective-does-not-fit": {
    number: 326,
    title: "Objective does not fit",
    meaning: "`cross_entropy` predicts tokens and codes, `ddpm` and its like pictures.",
  },
  "weight-of-nothing": {
    number: 327,
    severity: "warning",
    title: "Objective of weight 0",
    meaning: "An objective whose weight is 0 is computed and teaches nothing.",
  },
  "warmup-too-long": {
    number: 328,
    severity: "warning",
    title: "Warm-up never ends",
    meaning: "The learning rate rises until the run ends and never reaches what the spec says.",
  },
  // Ablations
  "missing-vary": { number: 401, title: "Nothing varies", meaning: "An ablation varies at least one path." },
  "unknown-path": {
    number: 402,
    title: "Unknown path",
    meaning:
      "A path begins with a block or a section and goes from field to field: `mixer.d_state`, `train.optimizer.lr`. `mom explain` knows them.",
  },
  "path-to-group": {
    number: 403,
    title: "Path of a group",
    meaning: "What varies is a field with a value, not a group of fields.",
  },
  "varied-twice": {
    number: 404,
    title: "Varied twice",
    meaning: "Two paths of one ablation lead to the same field, or one into the other.",
  },
  "not-values": {
    number: 405,
    title: "Not a list of values",
    meaning: "What a path takes is a list, or a call that makes one: `subsets`, `grid`, `range`, `sample`.",
  },
  "value-does-not-fit": {
    number: 406,
    title: "Value does not fit",
    meaning: "With this value in its place the spec would be wrong.",
  },
  "empty-range": { number: 407, title: "Empty range", meaning: "A range that ends before it begins has no values." },
  "log-of-negative": {
    number: 408,
    title: "Logarithm of zero or less",
    meaning: "On a logarithmic scale there is no zero.",
  },
  "too-many-variants": {
    number: 409,
    title: "Too many variants",
    meaning: "Paths multiply, and an ablation may have a limited number of variants.",
  },
  "too-many-ablations": {
    number: 410,
    title: "Too many ablations",
    meaning: "A spec may have a limited number of `ablate` blocks.",
  },
  "baseline-not-varied": {
    number: 411,
    title: "Baseline of what does not vary",
    meaning: "The baseline names the values of one arm, so it names paths that vary.",
  },
  "baseline-not-a-variant": { number: 412, title: "No such arm", meaning: "The baseline is one of the arms." },
  "nothing-to-widen": {
    number: 413,
    title: "No baseline to widen",
    meaning: "`widen_baseline` makes the baseline as large as the widest arm, so there has to be a baseline.",
  },
  "equal-arms": {
    number: 414,
    title: "Two arms are the same spec",
    meaning: "Arms that are spelled differently and mean the same are compared with themselves.",
  },
  "repeated-seed": { number: 415, title: "A seed twice", meaning: "Replicates with one seed are one run." },
  "wrong-arm": {
    number: 416,
    title: "An arm is no right spec",
    meaning: "One of the combinations makes a spec that is wrong.",
  },
  "no-ablation": {
    number: 417,
    title: "No ablation in the spec",
    meaning: "The file has no `ablate` block, so there is nothing to make.",
  },
  "unknown-ablation": {
    number: 418,
    title: "No such ablation",
    meaning: "The file has no `ablate` block of that name.",
  },
  "which-ablation": {
    number: 419,
    title: "Which ablation?",
    meaning: "The file has several `ablate` blocks; `--name` chooses one.",
  },
  "no-variant": {
    number: 420,
    title: "No such variant",
    meaning: "Variants are numbered from 0, as `--list` shows them.",
  },
  "nothing-trained": {
    number: 421,
    title: "Nothing has been trained",
    meaning: "A report is made from runs, and there are none yet.",
  },
} as const satisfies Readonly<Record<string, Mistake>>;
