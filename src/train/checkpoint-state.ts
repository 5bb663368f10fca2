// A checkpoint's state.json: its files with sizes and checksums, and everything else that the next step depends on.
import { COUNT, jsonReader } from "../data/checked-json.js";
import type { SourceBeginning } from "../data/growth.js";
import type { DataPosition } from "../data/order.js";
import type { Choices } from "../ir/plan.js";
import { RUN_FORMAT } from "./format.js";
import type { MonitorState } from "./monitor.js";

/** Everything that the next step depends on besides tensors. */
export interface TrainingState extends MonitorState {
  readonly position: DataPosition;
  readonly seed: number;
  /** The data set's fingerprint. */
  readonly data: number;
  /** The sources of the training documents; absent in checkpoints of earlier versions. */
  readonly sources?: readonly SourceBeginning[];
  /** The variant of each kernel. */
  readonly choices: Choices;
  /** The updates that the optimizer's state had at the start of the run, if it had any. */
  readonly updates?: number;
  /** The loss scale and the number of good updates since it changed, if gradients are scaled. */
  readonly loss_scale?: readonly number[];
}

/** Names of the files of a checkpoint. */
export const CHECKPOINT_FILES = {
  weights: "weights.safetensors",
  optimizer: "optimizer.safetensors",
  state: "state.json",
  /** Only if states are carried from one step to the next. */
  sequences: "sequences.safetensors",
  /** In the format of `sha256sum -c`. */
  sums: "SHA256SUMS",
} as const;

/** A file of a checkpoint as it was written. */
export interface ListedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The contents of state.json. */
export interface StateFile {
  readonly format: number;
  readonly step: number;
  /** All other files except the list of checksums; absent in format 1. */
  readonly files?: readonly ListedFile[];
  readonly state: TrainingState;
}

const object = (properties: object, optional: readonly string[] = []) => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((key) => !optional.includes(key)),
  additionalProperties: false,
});

const place = object(
  { document: COUNT, reversed: { type: "boolean" }, lastAlone: { type: "boolean" }, epoch: COUNT, at: COUNT },
  // Format 1 had no epoch here; a run of format 2 is refused by the data where it is missing.
  ["epoch"],
);

const lowest = { on: { type: "string" }, step: COUNT, loss: { type: "number" } };

const state = object(
  {
    position: object(
      {
        epoch: COUNT,
        index: COUNT,
        micro: COUNT,
        drawn: { type: "array", items: COUNT },
        grown: { type: "array", items: { type: "array", items: object({ until: COUNT, documents: COUNT }) } },
        since: object({ index: COUNT, drawn: { type: "array", items: COUNT } }),
        streams: { type: "array", items: { ...place, type: ["object", "null"] } },
      },
      ["drawn", "grown", "since", "streams"],
    ),
    seed: COUNT,
    data: COUNT,
    sources: { type: "array", items: object({ documents: COUNT, fingerprint: COUNT }) },
    choices: { type: "object", additionalProperties: { type: "string" } },
    loss_scale: { type: "array", items: { type: "number", minimum: 0 }, minItems: 2, maxItems: 2 },
    updates: COUNT,
    best: object(lowest),
    patience: object({ ...lowest, validations: COUNT }),
  },
  ["sources", "updates", "loss_scale", "best", "patience"],
);

const { weights, optimizer, sequences } = CHECKPOINT_FILES;
const file = object({
  name: { enum: [weights, optimizer, sequences] },
  bytes: COUNT,
  sha256: { type: "string", pattern: "^[0-9a-f]{64}$" },
});

const SCHEMA = {
  ...object(
    {
      format: { type: "integer", minimum: 1, maximum: RUN_FORMAT },
      step: COUNT,
      files: { type: "array", items: file },
      state,
    },
    ["files"],
  ),
  // An object whose format is 1 has no list; every other has one.
  if: { properties: { format: { const: 1 } } },
  // biome-ignore lint/suspicious/noThenProperty: the word is JSON Schema's
  then: { properties: { files: false } },
  else: { required: ["files"] },
};

/** Reads state.json. */
export const readStateFile = jsonReader<StateFile>(SCHEMA);

export const stateText = (step: number, files: readonly ListedFile[], training: TrainingState): string =>
  `${JSON.stringify({ format: RUN_FORMAT, step, files, state: training }, null, 2)}\n`;
