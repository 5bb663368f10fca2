// The training loop: submits batches and updates to the device, and reads their losses a step or two later.
import type { DataSet } from "../data/data-set.js";
import { validationBatches } from "../data/fixed-batches.js";
import { beginningsOf, type SourceBeginning } from "../data/growth.js";
import type { DataPosition } from "../data/order.js";
import { filled } from "../data/packing.js";
import { validationStreams } from "../data/streams.js";
import type { CheckedSpec, TrainFields } from "../front/spec.js";
import { awaitedLater } from "./awaited-later.js";
import { type BadTensor, findBadTensor, findBadWeight } from "./bad-numbers.js";
import type { Checkpoint, LiveCheckpoint } from "./checkpoint-files.js";
import { type Feed, openFeed, type UpdateBatches } from "./feed.js";
import { addCounts, type Counts, countsOf, hostBatch, lossesOf } from "./host-batch.js";
import { addLossSums, type LossSums, readLossSums, readUpdate, type UpdateResults } from "./loss-sums.js";
import type { SetLosses, StoppedEarly, TrainRecord, ValidationRecord } from "./metrics.js";
import { type Model, stepScalars, type Tensors } from "./model.js";
import { type Monitor, monitorOf } from "./monitor.js";
import { loadOptimizer, optimizerOnDevice } from "./optimizer-state.js";
import type { StartValues } from "./start.js";
import { advanceState, clearState, readState, writeState } from "./state.js";

/** Receives the loop's events. The loop itself stores no checkpoints or records. */
interface Listener {
  /** Called after each update, in order. */
  readonly stepped: (record: TrainRecord, tokens: number) => void;
  readonly validated: (record: ValidationRecord) => void;
  readonly checkpoint: (checkpoint: LiveCheckpoint) => Promise<void>;
  /** Called every `samples_every` steps. What it does on the device leaves the model as it is. */
  readonly sampled?: ((step: number, weights: Tensors) => Promise<void>) | undefined;
  /** Called before each step: whether to save and stop. */
  readonly stopWanted: () => boolean;
}

export type Outcome =
  /** All steps are done, or it stopped early. */
  | { readonly kind: "finished"; readonly step: number; readonly early?: StoppedEarly }
  | { readonly kind: "stopped"; readonly step: number }
  /** `step` updates were made before the failure; `saved` is the last of them whose weights are in a checkpoint. */
  | {
      readonly kind: "diverged";
      readonly step: number;
      readonly saved: number | undefined;
      readonly bad: BadTensor | undefined;
    };

/** An update that the device may still be working on. */
interface Pending extends UpdateBatches {
  readonly step: number;
  readonly lr: number;
  /** The loss sums of all micro-batches but the last. */
  readonly sums: readonly Promise<LossSums>[];
  readonly last: Promise<UpdateResults>;
}

/**
 * The number of updates that the host submits before it has read the loss of the first. A batch that takes long to make, or
 * a collection of garbage, then rarely leaves the device without work: on an H200 it was busy for 97 % of a training whose
 * steps took 30 ms, and for 93 % with 2.
 */
const AHEAD = 4;

/**
 * Mean losses over all held-out documents, and over those of each named set. Each document is evaluated separately, with
 * noise that depends only on the document, so the batch size and the seed make no difference.
 */
export async function validate(
  model: Model,
  spec: CheckedSpec,
  dataSet: DataSet,
  step: number,
  sets: DataSet["validationSets"] = dataSet.validationSets,
): Promise<ValidationRecord> {
  const named: Record<string, SetLosses> = {};
  const all: Evaluated[] = [];
  for (const { name, documents } of sets) {
    if (documents.length === 0) continue;
    const evaluated = await evaluate(model, spec, dataSet, documents);
    all.push(evaluated);
    if (name !== undefined) named[name] = lossesOf(spec, evaluated.counts, evaluated.sums);
  }
  const counts = addCounts(all.map((one) => one.counts));
  const losses = lossesOf(spec, counts, addLossSums(all.map((one) => one.sums)));
  return { kind: "validation", step, ...losses, ...(Object.keys(named).length > 0 && { sets: named }) };
}

/** Sums of losses, and what they are divided by. */
interface Evaluated {
  readonly counts: Counts;
  readonly sums: LossSums;
}

async function evaluate(
  model: Model,
  spec: CheckedSpec,
  dataSet: DataSet,
  documents: readonly number[],
): Promise<Evaluated> {
  const { batch } = spec.train;
  const { length, carry } = spec.data;
  // The batches are made twice and not stored, because they may exceed the memory.
  const batches = () => (carry ? validationStreams : validationBatches)(dataSet, { length, batch }, documents);
  // Training continues from its own states afterwards.
  const kept = carry ? await readState(model) : undefined;
  if (carry) clearState(model);
  const counts = countsOf(spec, batches());
  const pending: Promise<LossSums>[] = [];
  for (const each of batches()) {
    model.writeBatch(hostBatch(spec, await filled(dataSet, each), counts, { kind: "evaluation" }));
    model.runtime.run(["validate"]);
    if (carry) advanceState(model);
    pending.push(awaitedLater(readLossSums(model, spec)));
    if (pending.length > AHEAD) await pending.at(-AHEAD);
  }
  if (kept) writeState(model, kept);
  return { counts, sums: addLossSums(await Promise.all(pending)) };
}

/** The state of the loop. */
interface Training {
  readonly model: Model;
  readonly spec: CheckedSpec;
  readonly dataSet: DataSet;
  readonly listener: Listener;
  readonly feed: Feed;
  readonly monitor: Monitor;
  readonly sources: readonly SourceBeginning[];
  /** The updates that the optimizer's state had at the start of the run. */
  readonly updates: number;
  /** The number of submitted updates. */
  step: number;
  /** The last step whose weights are in a checkpoint. */
  saved: number | undefined;
  /** The submitted updates whose losses are not read yet, in order. */
  readonly pending: Pending[];
}

/** Trains from drawn weights, from the weights in `start`, or from a checkpoint. */
export async function train(
  model: Model,
  spec: CheckedSpec,
  dataSet: DataSet,
  listener: Listener,
  from?: Checkpoint,
  start?: StartValues,
): Promise<Outcome> {
  const { steps, validate_every, checkpoint_every } = spec.train;
  const feed = openFeed(spec, dataSet, model.compiled.tables);
  const training: Training = {
    model,
    spec,
    dataSet,
    listener,
    feed,
    monitor: monitorOf(spec.train, from?.state),
    sources: beginningsOf(dataSet),
    updates: from?.state.updates ?? start?.optimizer?.updates ?? 0,
    step: from?.step ?? 0,
    saved: from?.step,
    pending: [],
  };
  const refused = await begin(training, from, start);
  if (refused) return refused;

  const { monitor } = training;
  while (training.step < steps && monitor.stopped() === undefined && !listener.stopWanted()) {
    await submit(training);
    const { step } = training;
    // The next batch is made while the device works, so that the next update can follow at once.
    if (step < steps) feed.prepare(step);
    const validates = dataSet.validation.length > 0 && (step % validate_every === 0 || step === steps);
    const saves = step % checkpoint_every === 0 || step === steps;
    const samples = samplesAt(training);
    const diverged = await drain(training, validates || samples || saves ? 0 : AHEAD - 1);
    if (diverged) return diverged;
    const isBest = validates && validatedHere(training, await validate(model, spec, dataSet, step));
    // Before the checkpoint: a run that is resumed from it has the samples.
    if (samples && monitor.stopped() === undefined) await listener.sampled?.(step, await model.read("parameters"));
    const unsaved = saves || isBest ? await saveHere(training) : undefined;
    if (unsaved) return unsaved;
  }
  const { step } = training;
  const diverged = await drain(training, 0);
  if (diverged) return diverged;
  const unsaved = (training.saved ?? 0) < step ? await saveHere(training) : undefined;
  if (unsaved) return unsaved;
  const early = step < steps ? monitor.stopped() : undefined;
  return early ? { kind: "finished", step, early } : { kind: step < steps ? "stopped" : "finished", step };
}

/** Whether samples follow this step. Those of the last step are made when the training is over. */
const samplesAt = ({ step, spec: { train }, listener }: Training): boolean =>
  listener.sampled !== undefined &&
  step < train.steps &&
  step % (train.samples_every ?? Number.POSITIVE_INFINITY) === 0;

/** Reports a validation. Returns whether its weights are the best so far. */
function validatedHere({ monitor, listener, spec }: Training, record: ValidationRecord): boolean {
  const { isBest, stopped } = monitor.note(record);
  listener.validated(stopped && record.step < spec.train.steps ? { ...record, stopped } : record);
  return isBest;
}

/** Writes the weights to the device, and everything else that a checkpoint restores. */
async function begin(
  { model, spec, dataSet, listener, feed }: Training,
  from: Checkpoint | undefined,
  start: StartValues | undefined,
): Promise<Outcome | undefined> {
  if (from) {
    const weights = [...from.tensors].map(([name, { data }]) => ({ name, data: data as Float32Array }));
    const bad = await findBadWeight(weights);
    if (bad) return { kind: "diverged", step: from.step, saved: undefined, bad };
    await model.load("parameters", from.tensors);
    await loadOptimizer(model, from.optimizer);
    if (from.sequences) writeState(model, from.sequences);
    feed.seek(from.state.position);
    model.lossScale?.write(from.state.loss_scale ?? []);
  } else if (start) {
    await model.load("parameters", start.tensors);
    if (start.optimizer) await loadOptimizer(model, start.optimizer.state);
    // The loss before the first update can be compared with that of the run that the weights came from.
    if (dataSet.validation.length > 0) listener.validated(await validate(model, spec, dataSet, 0));
  } else {
    await model.initialise(spec.train.seed);
  }
  return undefined;
}

/** The scalars of the update that follows `step` updates. */
const scalars = ({ spec: { train }, updates }: Training, step: number, accumulates: boolean) =>
  stepScalars(train.optimizer, (peak) => learningRate(train, step, peak), train.clip, updates + step + 1, accumulates);

/** Submits the next update, micro-batch by micro-batch. */
async function submit(training: Training): Promise<void> {
  const { model, spec, feed, step, pending } = training;
  const made = await feed.take(step);
  const last = made.batches.length - 1;
  const sums: Promise<LossSums>[] = [];
  for (const [i, batch] of made.batches.entries()) {
    model.writeBatch(batch);
    model.writeStep(scalars(training, step, i > 0));
    model.runtime.run(i < last ? ["gradients"] : ["gradients", "update"]);
    if (spec.data.carry) advanceState(model);
    if (i < last) sums.push(awaitedLater(readLossSums(model, spec)));
  }
  training.step++;
  const lr = learningRate(spec.train, step, spec.train.optimizer.lr);
  pending.push({ ...made, step: training.step, lr, sums, last: awaitedLater(readUpdate(model, spec)) });
}

/** Finishes updates until at most `left` are pending. Returns the outcome if one of them diverged. */
async function drain(training: Training, left: number): Promise<Outcome | undefined> {
  while (training.pending.length > left) {
    const pending = training.pending.shift() as Pending;
    if (!(await finish(training, pending))) return await divergedAt(training, pending);
    pending.release();
  }
  return undefined;
}

/** Waits for an update and reports it. Returns false if its gradients are not finite. */
async function finish({ spec, listener }: Training, pending: Pending): Promise<boolean> {
  const { step, lr, counts, tokens } = pending;
  const { sums, gradientNorm, finite, lossScale } = await pending.last;
  const losses = lossesOf(spec, counts, addLossSums([...(await Promise.all(pending.sums)), sums]));
  const record = { kind: "train", step, ...losses, lr, gradient_norm: gradientNorm } as const;
  listener.stepped(lossScale === undefined ? record : { ...record, loss_scale: lossScale }, tokens);
  return finite;
}

async function divergedAt(training: Training, { step: failed, batches, position }: Pending): Promise<Outcome> {
  const { model, spec } = training;
  // The initial states of the update are lost and later ones may have NaN, so its sequences restart from zero states.
  if (spec.data.carry) clearState(model);
  const step = failed - 1;
  const bad = await findBadTensor(model, batches, scalars(training, step, false));
  return (await save(training, step, position)) ?? { kind: "diverged", step, saved: step, bad };
}

const saveHere = async (training: Training): Promise<Outcome | undefined> => {
  const { model, spec, feed, step } = training;
  return await save(training, step, feed.position(), spec.data.carry ? await readState(model) : undefined);
};

/** Saves a checkpoint if all weights are finite. Bad weights must not replace a checkpoint that can be resumed. */
async function save(
  training: Training,
  step: number,
  position: DataPosition,
  sequences?: Tensors,
): Promise<Outcome | undefined> {
  const { model, spec, dataSet, listener } = training;
  const weights = model.onDevice("parameters");
  const bad = await findBadWeight(weights.pieces([...weights.shapes.keys()]));
  if (bad) return { kind: "diverged", step, saved: training.saved, bad };
  const choices = Object.fromEntries(
    model.runtime.picks.flatMap(({ key, variant }) => (key === undefined ? [] : [[key, variant]])),
  );
  const loss_scale = model.lossScale && [...(await model.lossScale.read()).subarray(0, 2)];
  const state = {
    position: { ...position },
    seed: spec.train.seed,
    data: dataSet.fingerprint,
    sources: training.sources,
    choices,
    ...(loss_scale && { loss_scale }),
    ...(training.updates > 0 && { updates: training.updates }),
    ...training.monitor.state(),
  };
  await listener.checkpoint({
    step,
    weights,
    optimizer: optimizerOnDevice(model),
    ...(sequences && { sequences }),
    state,
  });
  training.saved = step;
  return undefined;
}

/**
 * The learning rate of `step`, whose peak is `lr`. The first update has step 0, the last has step `steps` − 1.
 *
 * - step < warmup:  lr · (step + 1) / warmup, which reaches lr at the last warm-up step;
 * - constant:       lr;
 * - cosine:         lr · (floor + (1 − floor) · (1 + cos πp) / 2), p = (step − warmup) / (steps − 1 − warmup),
 *   which falls from lr at the first step after the warm-up to floor · lr at the last step.
 *
 * A cosine of a single step stays at lr.
 */
export function learningRate(
  { steps, schedule }: Pick<TrainFields, "steps" | "schedule">,
  step: number,
  lr: number,
): number {
  if (step < schedule.warmup) return (lr * (step + 1)) / schedule.warmup;
  if (schedule.kind === "constant") return lr;
  const decaySteps = steps - 1 - schedule.warmup;
  const progress = decaySteps <= 0 ? 0 : Math.min(1, (step - schedule.warmup) / decaySteps);
  return lr * (schedule.floor + ((1 - schedule.floor) * (1 + Math.cos(Math.PI * progress))) / 2);
}
