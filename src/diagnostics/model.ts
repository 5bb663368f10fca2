// Errors in a spec's meaning: unknown names, fields that do not fit together.
import type { ErrorName } from "./codes.js";
import { type Diagnostic, diagnosticOf, type Span } from "./diagnostic.js";
import { listed, suggestion } from "./nearest.js";

type Rest = Partial<Pick<Diagnostic, "found" | "expected" | "help" | "related" | "example">>;
const error = (name: ErrorName, message: string, span: Span, rest: Rest = {}): Diagnostic =>
  diagnosticOf(name, message, { span, ...rest });
const helped = (help: string | undefined): Rest => (help === undefined ? {} : { help });

export const nameTaken = (span: Span, name: string, other: Span): Diagnostic =>
  error("name-taken", `\`${name}\` is the name of a modality and of a block.`, span, {
    help: "Rename one of them, so that paths such as `vary NAME.field` are unambiguous.",
    related: [{ span: other, note: "the modality" }],
  });

export const noTextModality = (span: Span): Diagnostic =>
  error(
    "no-text-modality",
    "No modality is `bytes` or `tokens`, so no modality can own the markers of a sequence.",
    span,
    {
      help: "Add one. Without an objective, it costs only its markers.",
      example: "modality text: bytes",
    },
  );

export const vocabularyTooSmall = (span: Span, name: string, vocab: number, markers: number): Diagnostic =>
  error(
    "vocabulary-too-small",
    `\`${name}\` has ${vocab} ids, and the spec needs ${markers} of them as markers, so there are none for its tokens.`,
    span,
    { expected: `a \`vocab\` above ${markers}` },
  );

export const lengthTooSmall = (span: Span, length: number, name: string, needed: number, patches: number): Diagnostic =>
  error(
    "length-too-small",
    `A picture of \`${name}\` needs ${patches} patches and two markers, which do not fit into ${length} positions.`,
    span,
    {
      expected: `a length of at least ${needed}`,
    },
  );

export const unknownBlock = (span: Span, name: string, known: readonly string[]): Diagnostic =>
  error("unknown-block", `There is no block \`${name}\`.`, span, helped(suggestion(name, known)));

export const tooManyLayers = (span: Span, limit: number): Diagnostic =>
  error("too-many-layers", `The stack has more than ${limit} layers, which is the limit.`, span);

export const notLayers = (span: Span, found: string): Diagnostic =>
  error("not-layers", `\`${found}\` is not a block, a sum, or a whole number times blocks.`, span, {
    example: "layers: 2 * (mixer + dense) + 4 * mixer",
  });

export const unusedBlock = (span: Span, name: string): Diagnostic =>
  error("unused-block", `\`layers\` does not use \`${name}\`.`, span, {
    help: "Remove it, or use it in `layers`.",
  });

export const unknownModality = (span: Span, name: string, known: readonly string[]): Diagnostic =>
  error("unknown-modality", `There is no modality \`${name}\`.`, span, helped(suggestion(name, known)));

export const objectiveDoesNotFit = (
  span: Span,
  name: string,
  kind: string,
  objective: string,
  fitting: readonly string[],
): Diagnostic =>
  error("objective-does-not-fit", `\`${objective}\` does not work for \`${name}\`, which is \`${kind}\`.`, span, {
    help: `Use ${listed(fitting, "or")}.`,
  });

export const modalityWithoutObjective = (span: Span, name: string): Diagnostic =>
  error("no-objective", `\`${name}\` has no objective, so the model is not trained to predict it.`, span, {
    help: "Add one to `objective`, unless it is only meant as context.",
  });

export const headsDoNotDivide = (span: Span, heads: number, d_model: number): Diagnostic =>
  error("heads-do-not-divide", `${heads} heads do not divide the ${d_model} channels of \`d_model\`.`, span, {
    help: "Choose a number of heads that divides `d_model`.",
  });

export const headTooLarge = (span: Span, heads: number, head: number, limit: number, d_model: number): Diagnostic =>
  error(
    "head-too-large",
    `${heads === 1 ? "1 head has" : `${heads} heads have`} ${head} channels each, and the limit is ${limit}.`,
    span,
    { expected: `at least ${Math.ceil(d_model / limit)} heads` },
  );

export const kvHeadsDoNotDivide = (span: Span, kv_heads: number, heads: number): Diagnostic =>
  error(
    "kv-heads-do-not-divide",
    `${heads} query heads cannot be divided by ${kv_heads} heads of keys and values.`,
    span,
    { help: "Choose a number of `kv_heads` that divides `heads`." },
  );

export const partAbsent = (span: Span, part: string): Diagnostic =>
  error("part-absent", `\`${part}\` is decoupled, but the block has no feed-forward (\`ffn: none\`).`, span, {
    help: "Remove it from `decouple`, or give the block a feed-forward.",
  });

export const partTwice = (span: Span, part: string, earlier: Span): Diagnostic =>
  error("part-twice", `\`${part}\` is listed twice.`, span, {
    help: "Remove one of them.",
    related: [{ span: earlier, note: "listed here first" }],
  });

export const groupMisses = (span: Span, part: string, missing: readonly string[]): Diagnostic =>
  error("group-misses", `The groups of \`${part}\` do not contain ${listed(missing, "and")}.`, span, {
    help: "Every modality must be in exactly one group.",
  });

export const groupRepeats = (span: Span, name: string, earlier: Span): Diagnostic =>
  error("group-repeats", `\`${name}\` is in two groups.`, span, {
    help: "Every modality must be in exactly one group.",
    related: [{ span: earlier, note: "first listed here" }],
  });

export const carryWithAttention = (span: Span, block: string, declared: Span): Diagnostic =>
  error(
    "carry-with-attention",
    `The block \`${block}\` is attention, which has no state to pass from step to step.`,
    span,
    { help: "Remove `carry`, or use only mamba blocks.", related: [{ span: declared, note: "declared here" }] },
  );

export const unknownLoss = (span: Span, name: string, known: readonly string[]): Diagnostic =>
  error(
    "unknown-loss",
    `There is no validation loss \`${name}\`.`,
    span,
    helped(
      known.length > 0
        ? suggestion(name, known)
        : "Nothing is held out: set `held_out` above 0, or add a `validation` source.",
    ),
  );

export const warmupTooLong = (span: Span, warmup: number, steps: number): Diagnostic =>
  error("warmup-too-long", `The warm-up of ${warmup} steps is longer than the run of ${steps}.`, span, {
    help: "Lower `warmup`, which is a number of steps.",
  });

export const decoupledFromNone = (span: Span, part: string, modalities: number): Diagnostic =>
  error(
    "decoupled-from-none",
    modalities === 1
      ? `\`${part}\` is decoupled, but there is only one modality.`
      : `\`${part}\` is decoupled in a single group, so all modalities share it.`,
    span,
    { help: "Remove it from `decouple`." },
  );

export const weightOfNothing = (span: Span, name: string): Diagnostic =>
  error("weight-of-nothing", `The objective of \`${name}\` has weight 0, so it has no effect.`, span, {
    help: "Remove the objective; then its loss is not computed.",
  });

/** @param enough number of ids of the modality at the span that makes the total a multiple */
export const vocabularyUneven = (span: Span, size: number, columns: number, enough: number): Diagnostic =>
  error(
    "vocabulary-uneven",
    `The vocabulary of all modalities is ${size}, which is not a multiple of ${columns}, so not all products of the head use matrix units (tensor cores), and it is slower on GPUs that have them.`,
    span,
    { help: "Add a few unused ids.", example: `vocab: ${enough}` },
  );

export const lengthLeavesChunk = (span: Span, length: number, chunk: number): Diagnostic =>
  error(
    "length-leaves-chunk",
    `The scan splits ${length} positions into chunks of ${chunk}. The last chunk has only ${length % chunk}, and takes as long as a full one.`,
    span,
    { help: `Use ${chunk * Math.floor(length / chunk)} or ${chunk * Math.ceil(length / chunk)}.` },
  );
