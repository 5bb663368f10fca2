// Computes the losses of a trained model on held-out or training documents.
import { compile, EVALUATION_PHASES } from "../compile.js";
import { HELD_OUT } from "../data/held-out.js";
import { prepare } from "../data/prepare.js";
import { InputError } from "../diagnostics/input-error.js";
import type { AdapterSource } from "../gpu/dawn.js";
import { validate } from "../train/loop.js";
import type { ValidationRecord } from "../train/metrics.js";
import { openModel } from "../train/model.js";
import type { Host } from "./host.js";
import type { Trained } from "./trained.js";
import { checkDataThere } from "./where-data.js";

export const SPLITS = ["validation", "train"] as const;
export type Split = (typeof SPLITS)[number];

export interface EvaluateOptions {
  readonly split: Split;
  /** Skip documents whose files cannot be read. */
  readonly skipBad?: boolean | undefined;
  readonly adapter?: AdapterSource | undefined;
  /** Receives status lines: slow operations, skipped documents, and a note if the documents differ from the run's. */
  readonly notice: (line: string) => void;
}

export interface Evaluation {
  readonly record: ValidationRecord;
  /** The number of documents that were evaluated. */
  readonly documents: number;
}

/** @throws InputError if the data are invalid or have no such documents; DeviceError */
export async function evaluate(
  host: Host,
  trained: Trained,
  { split, skipBad, adapter, notice }: EvaluateOptions,
): Promise<Evaluation> {
  const { spec, folder, reach, weights } = trained;
  checkDataThere(trained);
  const { dataSet } = await prepare(spec.data, spec.model, { host, folder, reach, skipBad, notice });
  if (trained.documents !== undefined && trained.documents !== dataSet.fingerprint)
    notice(
      "note: these are not the documents that the run was trained on, so the held-out ones may include training documents",
    );
  const documents = dataSet[split];
  if (documents.length === 0) {
    throw new InputError(
      "no-documents",
      `There are no held-out documents: data.held_out is ${spec.data.held_out ?? HELD_OUT}.`,
      "Use --split train, or train with a larger data.held_out.",
    );
  }
  const device = await host.openDevice(adapter);
  const compiled = compile(spec, {
    profile: device.profile,
    batch: spec.train.batch,
    length: spec.data.length,
    phases: EVALUATION_PHASES,
    variants: "first",
    choices: weights.choices,
  });
  const model = await openModel(device, compiled);
  await model.load("parameters", weights.tensors);
  const sets = split === "train" ? [{ name: undefined, documents }] : dataSet.validationSets;
  const record = await validate(model, spec, dataSet, weights.step, sets);
  model.runtime.destroy();
  return { record, documents: documents.length };
}
