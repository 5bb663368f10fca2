// Mistakes of meaning: names that do not resolve, parts that do not fit together.
import type { Diagnostic, Span } from "./diagnostic.js";
import { listed, suggestion } from "./nearest.js";

type Rest = Partial<Omit<Diagnostic, "code" | "severity" | "title" | "message" | "span">>;
const say = (
  severity: "error" | "warning",
  code: string,
  title: string,
  message: string,
  span: Span,
  rest: Rest = {},
) => ({
  code,
  severity,
  title,
  message,
  span,
  ...rest,
});
const helped = (help: string | undefined): Rest => (help === undefined ? {} : { help });

export const nameTaken = (span: Span, name: string, other: Span): Diagnostic =>
  say("error", "name-taken", "Name taken", `\`${name}\` names a modality and a block.`, span, {
    help: "Rename one of them, so that paths such as `vary NAME.field` have one meaning.",
    related: [{ span: other, note: "the modality" }],
  });

export const noTextModality = (span: Span): Diagnostic =>
  say(
    "error",
    "no-text-modality",
    "No text modality",
    "No modality is `bytes` or `tokens`, so nothing owns the markers of a sequence.",
    span,
    {
      help: "Add one; without an objective it costs only its markers.",
      example: "modality text: bytes",
    },
  );

export const vocabularyMissing = (span: Span, name: string, file: string, example: string): Diagnostic =>
  say(
    "error",
    "vocabulary-missing",
    "No vocabulary",
    `\`${name}\` says neither how many ids it has nor what its ${file} is.`,
    span,
    {
      example,
    },
  );

export const vocabularyTooSmall = (span: Span, name: string, vocab: number, markers: number): Diagnostic =>
  say(
    "error",
    "vocabulary-too-small",
    "Vocabulary too small",
    `\`${name}\` owns the ${markers} markers of the spec, which are among its ${vocab} ids: none is left for its tokens.`,
    span,
    { expected: `a vocab above ${markers}` },
  );

export const patchDoesNotDivide = (
  span: Span,
  patch: string,
  size: string,
  side: "height" | "width",
  picture: Span,
): Diagnostic =>
  say(
    "error",
    "patch-does-not-divide",
    "Patches do not fit",
    `Patches of ${patch} do not fill a picture of ${size}: its ${side} is no multiple of theirs.`,
    span,
    {
      help: "Choose a patch whose height and width divide the picture's.",
      related: [{ span: picture, note: "the picture" }],
    },
  );

export const lengthTooSmall = (span: Span, length: number, name: string, needed: number, patches: number): Diagnostic =>
  say(
    "error",
    "length-too-small",
    "Sequence too short",
    `A picture of \`${name}\` is ${patches} patches between two markers and does not fit into ${length} positions.`,
    span,
    {
      expected: `a length of ${needed} or more`,
    },
  );

export const unknownBlock = (span: Span, name: string, known: readonly string[]): Diagnostic =>
  say(
    "error",
    "unknown-block",
    "Unknown block",
    `There is no block \`${name}\`.`,
    span,
    helped(suggestion(name, known)),
  );

export const tooManyLayers = (span: Span, limit: number): Diagnostic =>
  say("error", "too-many-layers", "Too many layers", `The stack has more than ${limit} layers, the limit.`, span);

export const notLayers = (span: Span, found: string): Diagnostic =>
  say(
    "error",
    "not-layers",
    "Not a stack of blocks",
    `\`${found}\` is no block, nor a whole number times blocks.`,
    span,
    {
      example: "layers: 2 * (mixer + dense) + 4 * mixer",
    },
  );

export const unusedBlock = (span: Span, name: string): Diagnostic =>
  say("warning", "unused-block", "Unused block", `\`layers\` does not name \`${name}\`.`, span, {
    help: "Remove it, or name it.",
  });

export const unknownModality = (span: Span, name: string, known: readonly string[]): Diagnostic =>
  say(
    "error",
    "unknown-modality",
    "Unknown modality",
    `There is no modality \`${name}\`.`,
    span,
    helped(suggestion(name, known)),
  );

export const objectiveDoesNotFit = (
  span: Span,
  name: string,
  kind: string,
  objective: string,
  fitting: string,
): Diagnostic =>
  say(
    "error",
    "objective-does-not-fit",
    "Objective does not fit",
    `\`${objective}\` cannot teach \`${name}\`, which is \`${kind}\`.`,
    span,
    {
      help: `Use \`${fitting}\`.`,
    },
  );

export const modalityWithoutObjective = (span: Span, name: string): Diagnostic =>
  say(
    "warning",
    "no-objective",
    "Modality without objective",
    `Nothing teaches \`${name}\`: it has no objective.`,
    span,
    {
      help: "Add one to `objective`, unless it should only be read.",
    },
  );

export const headsDoNotDivide = (span: Span, heads: number, d_model: number): Diagnostic =>
  say(
    "error",
    "heads-do-not-divide",
    "Heads do not fit",
    `${heads} heads cannot share the ${d_model} channels of \`d_model\` evenly.`,
    span,
    { help: "Choose a number of heads that divides `d_model`." },
  );

export const headTooLarge = (span: Span, heads: number, head: number, limit: number, d_model: number): Diagnostic =>
  say(
    "error",
    "head-too-large",
    "Heads too large",
    `${heads === 1 ? "1 head has" : `${heads} heads have`} ${head} channels each, and the limit is ${limit}.`,
    span,
    { expected: `${Math.ceil(d_model / limit)} heads or more` },
  );

export const kvHeadsDoNotDivide = (span: Span, kv_heads: number, heads: number): Diagnostic =>
  say(
    "error",
    "kv-heads-do-not-divide",
    "Heads do not fit",
    `${heads} query heads cannot share ${kv_heads} heads of keys and values evenly.`,
    span,
    { help: "Choose a number of `kv_heads` that divides `heads`." },
  );

export const partAbsent = (span: Span, part: string): Diagnostic =>
  say("warning", "part-absent", "No such part", `\`${part}\` is decoupled, and \`ffn: none\` leaves it out.`, span, {
    help: "Remove it from `decouple`, or give the block a feed-forward.",
  });

export const partTwice = (span: Span, part: string, earlier: Span): Diagnostic =>
  say("error", "part-twice", "Part listed twice", `\`${part}\` is listed twice.`, span, {
    help: "Remove one of them.",
    related: [{ span: earlier, note: "listed here first" }],
  });

export const groupMisses = (span: Span, part: string, missing: readonly string[]): Diagnostic =>
  say(
    "error",
    "group-misses",
    "Modality in no group",
    `The groups of \`${part}\` leave out ${listed(missing, "and")}.`,
    span,
    {
      help: "Every modality stands in exactly one group.",
    },
  );

export const groupRepeats = (span: Span, name: string, earlier: Span): Diagnostic =>
  say("error", "group-repeats", "Modality in two groups", `\`${name}\` stands in a group already.`, span, {
    help: "Every modality stands in exactly one group.",
    related: [{ span: earlier, note: "here" }],
  });

export const carryWithAttention = (span: Span, block: string, declared: Span): Diagnostic =>
  say(
    "error",
    "carry-with-attention",
    "Nothing to carry",
    `The block \`${block}\` is of kind attention, which hands no state from one step to the next.`,
    span,
    { help: "Leave `carry` out, or take blocks of kind mamba alone.", related: [{ span: declared, note: "here" }] },
  );

export const warmupTooLong = (span: Span, warmup: number, steps: number): Diagnostic =>
  say(
    "warning",
    "warmup-too-long",
    "Warm-up never ends",
    `The warm-up of ${warmup} steps is longer than the run of ${steps}.`,
    span,
  );
