// Mistakes of meaning: names that do not resolve, parts that do not fit together.
import type { MistakeName } from "./codes.js";
import { type Diagnostic, mistake, type Span } from "./diagnostic.js";
import { listed, suggestion } from "./nearest.js";

type Rest = Partial<Pick<Diagnostic, "found" | "expected" | "help" | "related" | "example">>;
const say = (name: MistakeName, message: string, span: Span, rest: Rest = {}): Diagnostic =>
  mistake(name, message, { span, ...rest });
const helped = (help: string | undefined): Rest => (help === undefined ? {} : { help });

export const nameTaken = (span: Span, name: string, other: Span): Diagnostic =>
  say("name-taken", `\`${name}\` names a modality and a block.`, span, {
    help: "Rename one of them, so that paths such as `vary NAME.field` have one meaning.",
    related: [{ span: other, note: "the modality" }],
  });

export const noTextModality = (span: Span): Diagnostic =>
  say("no-text-modality", "No modality is `bytes` or `tokens`, so nothing owns the markers of a sequence.", span, {
    help: "Add one; without an objective it costs only its markers.",
    example: "modality text: bytes",
  });

export const vocabularyTooSmall = (span: Span, name: string, vocab: number, markers: number): Diagnostic =>
  say(
    "vocabulary-too-small",
    `\`${name}\` owns the ${markers} markers of the spec, which are among its ${vocab} ids: none is left for its tokens.`,
    span,
    { expected: `a vocab above ${markers}` },
  );

export const lengthTooSmall = (span: Span, length: number, name: string, needed: number, patches: number): Diagnostic =>
  say(
    "length-too-small",
    `A picture of \`${name}\` is ${patches} patches between two markers and does not fit into ${length} positions.`,
    span,
    {
      expected: `a length of ${needed} or more`,
    },
  );

export const unknownBlock = (span: Span, name: string, known: readonly string[]): Diagnostic =>
  say("unknown-block", `There is no block \`${name}\`.`, span, helped(suggestion(name, known)));

export const tooManyLayers = (span: Span, limit: number): Diagnostic =>
  say("too-many-layers", `The stack has more than ${limit} layers, the limit.`, span);

export const notLayers = (span: Span, found: string): Diagnostic =>
  say("not-layers", `\`${found}\` is no block, nor a whole number times blocks.`, span, {
    example: "layers: 2 * (mixer + dense) + 4 * mixer",
  });

export const unusedBlock = (span: Span, name: string): Diagnostic =>
  say("unused-block", `\`layers\` does not name \`${name}\`.`, span, {
    help: "Remove it, or name it.",
  });

export const unknownModality = (span: Span, name: string, known: readonly string[]): Diagnostic =>
  say("unknown-modality", `There is no modality \`${name}\`.`, span, helped(suggestion(name, known)));

export const objectiveDoesNotFit = (
  span: Span,
  name: string,
  kind: string,
  objective: string,
  fitting: readonly string[],
): Diagnostic =>
  say("objective-does-not-fit", `\`${objective}\` cannot teach \`${name}\`, which is \`${kind}\`.`, span, {
    help: `Use ${listed(fitting, "or")}.`,
  });

export const modalityWithoutObjective = (span: Span, name: string): Diagnostic =>
  say("no-objective", `Nothing teaches \`${name}\`: it has no objective.`, span, {
    help: "Add one to `objective`, unless it should only be read.",
  });

export const headsDoNotDivide = (span: Span, heads: number, d_model: number): Diagnostic =>
  say("heads-do-not-divide", `${heads} heads cannot share the ${d_model} channels of \`d_model\` evenly.`, span, {
    help: "Choose a number of heads that divides `d_model`.",
  });

export const headTooLarge = (span: Span, heads: number, head: number, limit: number, d_model: number): Diagnostic =>
  say(
    "head-too-large",
    `${heads === 1 ? "1 head has" : `${heads} heads have`} ${head} channels each, and the limit is ${limit}.`,
    span,
    { expected: `${Math.ceil(d_model / limit)} heads or more` },
  );

export const kvHeadsDoNotDivide = (span: Span, kv_heads: number, heads: number): Diagnostic =>
  say(
    "kv-heads-do-not-divide",
    `${heads} query heads cannot share ${kv_heads} heads of keys and values evenly.`,
    span,
    { help: "Choose a number of `kv_heads` that divides `heads`." },
  );

export const partAbsent = (span: Span, part: string): Diagnostic =>
  say("part-absent", `\`${part}\` is decoupled, and \`ffn: none\` leaves it out.`, span, {
    help: "Remove it from `decouple`, or give the block a feed-forward.",
  });

export const partTwice = (span: Span, part: string, earlier: Span): Diagnostic =>
  say("part-twice", `\`${part}\` is listed twice.`, span, {
    help: "Remove one of them.",
    related: [{ span: earlier, note: "listed here first" }],
  });

export const groupMisses = (span: Span, part: string, missing: readonly string[]): Diagnostic =>
  say("group-misses", `The groups of \`${part}\` leave out ${listed(missing, "and")}.`, span, {
    help: "Every modality stands in exactly one group.",
  });

export const groupRepeats = (span: Span, name: string, earlier: Span): Diagnostic =>
  say("group-repeats", `\`${name}\` stands in a group already.`, span, {
    help: "Every modality stands in exactly one group.",
    related: [{ span: earlier, note: "here" }],
  });

export const carryWithAttention = (span: Span, block: string, declared: Span): Diagnostic =>
  say(
    "carry-with-attention",
    `The block \`${block}\` is of kind attention, which hands no state from one step to the next.`,
    span,
    { help: "Leave `carry` out, or take blocks of kind mamba alone.", related: [{ span: declared, note: "here" }] },
  );

export const warmupTooLong = (span: Span, warmup: number, steps: number): Diagnostic =>
  say("warmup-too-long", `The warm-up of ${warmup} steps is longer than the run of ${steps}.`, span, {
    help: "Take fewer: `warmup` counts steps.",
  });

export const decoupledFromNone = (span: Span, part: string, modalities: number): Diagnostic =>
  say(
    "decoupled-from-none",
    modalities === 1
      ? `\`${part}\` is decoupled, and there is one modality: its copy is the shared one.`
      : `\`${part}\` is decoupled in one group, which is the shared one.`,
    span,
    { help: "Leave it out of `decouple`." },
  );

export const weightOfNothing = (span: Span, name: string): Diagnostic =>
  say("weight-of-nothing", `The objective of \`${name}\` has the weight 0, so it teaches nothing.`, span, {
    help: "Leave the objective out: what is not predicted costs nothing.",
  });

/** @param enough ids of the modality at the span with which the whole is even */
export const vocabularyUneven = (span: Span, size: number, columns: number, enough: number): Diagnostic =>
  say(
    "vocabulary-uneven",
    `The vocabulary of all modalities is ${size}, which is no multiple of ${columns}: the head's kernels have columns left over.`,
    span,
    { help: "A few ids that nothing uses make it even.", example: `vocab: ${enough}` },
  );

export const lengthLeavesChunk = (span: Span, length: number, chunk: number): Diagnostic =>
  say(
    "length-leaves-chunk",
    `The scan goes through ${length} positions in chunks of ${chunk}, and has ${length % chunk} left for the last, which takes as long.`,
    span,
    { help: `Take ${chunk * Math.floor(length / chunk)} or ${chunk * Math.ceil(length / chunk)}.` },
  );
