// config.json of a PyTorch project: what its data and training need of a checked spec, in the words of the spec.
import { spansOf } from "../blocks/block.fields.js";
import { optimizerArenas } from "../compile.js";
import type { DataGroups } from "../data/data-set.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import type { Program } from "../ir/program.js";
import { itemOf, type Modality } from "../modalities/modality.fields.js";
import { constantsOf, patternsOf } from "../targets/torch/project.js";

/** A field that the target cannot take, and what to do instead. */
interface Refusal {
  readonly field: string;
  readonly wanted: (spec: CheckedSpec) => boolean;
  readonly because: string;
  readonly remedy: string;
}

const REFUSALS: readonly Refusal[] = [
  {
    field: "decode: live",
    wanted: ({ model }) => model.modalities.some((modality) => itemOf(modality)?.live !== undefined),
    because: "the project has no decoder of pictures",
    remedy: "Set `decode: ahead`, or train with `mom train`.",
  },
  {
    field: "data.carry",
    wanted: ({ data }) => data.carry,
    because: "the project starts every sequence from an empty state",
    remedy: "Set `carry: false` and `long: split` in the source, or train with `mom train`.",
  },
  {
    field: "train.stop",
    wanted: ({ train }) => train.stop !== undefined,
    because: "the project trains for a fixed number of steps",
    remedy: "Remove `stop`, or train with `mom train`.",
  },
  {
    field: "train.keep_best",
    wanted: ({ train }) => train.keep_best !== undefined,
    because: "the project keeps its newest checkpoints only",
    remedy: "Remove `keep_best`, or train with `mom train`.",
  },
  {
    field: "init's optimizer: true",
    wanted: ({ train }) => train.init?.optimizer === true,
    because: "the project starts with a new optimizer state",
    remedy: "Remove `optimizer: true`, or train with `mom train`.",
  },
];

/** @throws InputError if the spec sets something that the PyTorch target does not support */
export function refuseForTorch(spec: CheckedSpec): void {
  const found = REFUSALS.find(({ wanted }) => wanted(spec));
  if (found === undefined) return;
  const { field, because, remedy } = found;
  throw new InputError("bad-option", `\`--target torch\` does not support \`${field}\`: ${because}`, remedy);
}

function itemConfig(modality: Modality) {
  const item = itemOf(modality);
  if (item === undefined) return null;
  const { height, width, channels, patchHeight, patchWidth, positions, columns, type } = item;
  return {
    ...{ height, width, channels, patch_height: patchHeight, patch_width: patchWidth },
    ...{ positions, columns, pixels: type === "U8" },
  };
}

/** The names of the optimizer's state of each parameter, and the parameters that have it. */
function optimizerConfig(spec: CheckedSpec, program: Program) {
  const { parameters } = program;
  return {
    ...spec.train.optimizer,
    state: optimizerArenas(spec, program).map(({ slots, runs }) => ({ slots, parameters: patternsOf(runs.flat()) })),
    no_decay: patternsOf(parameters.filter(({ decay }) => !decay)),
  };
}

/** @param shards the shard files by what they are for */
export function torchConfig(spec: CheckedSpec, program: Program, shards: DataGroups<string>): object {
  const { model, objectives, data, train } = spec;
  const { vocabulary, modalities, blocks, layers } = model;
  const {
    steps,
    batch,
    accumulate,
    schedule,
    clip,
    precision,
    recompute,
    seed,
    validate_every,
    checkpoint_every,
    keep,
  } = train;
  const spans = [...new Set(layers)].flatMap((index) => {
    const block = blocks[index];
    return (block && spansOf(block.fields)) ?? [];
  });
  return {
    model: {
      modalities: modalities.map((modality) => ({ name: modality.name, item: itemConfig(modality) })),
      vocabulary: {
        size: vocabulary.size,
        owner: vocabulary.owner,
        document_end: vocabulary.documentEnd,
        padding: vocabulary.padding,
        first: vocabulary.first,
        spans: vocabulary.spans.map((span) => span ?? null),
      },
      attention: [...new Set(spans)],
      constants: constantsOf(program).map(({ name, means }) => ({ ...means, name })),
    },
    objectives: objectives.map((objective) => objective ?? null),
    data: {
      length: data.length,
      reset: data.reset,
      training: shards.training.flatMap(({ shards: own }) => own),
      validation: shards.validation,
    },
    train: {
      ...{ steps, batch, accumulate, seed, schedule, clip: clip ?? null, precision, recompute },
      ...{ validate_every, checkpoint_every, keep, optimizer: optimizerConfig(spec, program) },
    },
  };
}
