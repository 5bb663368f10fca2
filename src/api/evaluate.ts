// The losses of a trained model on documents: those held out, or those that it learned from.
import { compile, EVALUATION_PHASES } from "../compile.js";
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
  /** Leave out documents whose files cannot be read. */
  readonly skipBad?: boolean | undefined;
  readonly adapter?: AdapterSource | undefined;
  /** Gets what takes a while, is left out, or is to be known of the documents: lines for people. */
  readonly notice: (line: string) => void;
}

export interface Evaluation {
  readonly record: ValidationRecord;
  /** How many were evaluated. */
  readonly documents: number;
}

/** @throws InputError where the data are wrong or have no such documents; DeviceError */
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
      "note: these are other documents than the run was trained on, so some may be held out here and learned there",
    );
  const documents = dataSet[split];
  if (documents.length === 0) {
    throw new InputError(
      "no-documents",
      `No document is held out: data.held_out is ${spec.data.held_out}.`,
      "Take --split train, or train a run with a larger data.held_out.",
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
  const record = await validate(model, spec, dataSet, weights.step, documents);
  model.runtime.destroy();
  return { record, documents: documents.length };
}
