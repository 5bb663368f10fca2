// Runs training steps on tensors from a file and returns their results, to compare mom with other programs.
import type { HostBatch, HostField } from "../batch/host-array.js";
import { type CompileOptions, compile } from "../compile.js";
import type { Tensor } from "../data/tensor.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { labelOf } from "../ir/meaning.js";
import { holdsIds, itemOf } from "../modalities/modality.fields.js";
import type { ItemShape } from "../modalities/row.fields.js";
import { attends, attentionArrays } from "./attention-inputs.js";
import { batchShape, floatsOf, type GivenTensors, indicesOf, withinOf } from "./given-tensors.js";
import { arraysOf, type Contents, type Counts, type ItemsAt, lossesOf, type TimedItem } from "./host-batch.js";
import { readLossSums } from "./loss-sums.js";
import { meaningNamed } from "./meaning-named.js";
import { type Model, openModel, stepScalars, type Tensors } from "./model.js";
import { type Predicted, targetsByModality } from "./predicted.js";
import { advanceState, stateFields } from "./state.js";

export interface TraceOptions {
  /** Runs only the block stack, from `input` to Σ output · `cotangent`. */
  readonly stack: boolean;
  readonly steps: number;
  /** Precedes the parameters' names in the file. */
  readonly prefix: string;
  readonly chunk?: number | undefined;
  /** The kernel variant to use for every op that has one of this name. */
  readonly variant?: string | undefined;
  /** Overrides the kernel settings of the device. */
  readonly settings?: CompileOptions["settings"];
}

const floats = (data: ArrayLike<number>): Float32Array<ArrayBuffer> => Float32Array.from(data);

async function loadParameters(model: Model, file: GivenTensors, prefix: string): Promise<void> {
  const { parameters } = model.compiled;
  const tensors = parameters.map(({ name, shape }): [string, Tensor] => [
    name,
    { dtype: "F32", shape, data: floatsOf(file, prefix + name, shape) },
  ]);
  await model.load("parameters", new Map(tensors));
}

const INPUT = { is: "input" } as const;
const COTANGENT = { is: "cotangent" } as const;

const givesState = (file: GivenTensors): boolean => [...file.keys()].some((name) => meaningNamed(name)?.is === "state");

/** `carried` if the spec sets `carry`, or if the file has initial states of the sequences. */
function stateOf(spec: CheckedSpec, file: GivenTensors): "none" | "carried" {
  if (!spec.data.carry && !givesState(file)) return "none";
  if (attends(spec))
    throw new InputError(
      "other-tensors",
      "An attention block has no initial state.",
      "Remove state.layers.* from the file.",
    );
  return "carried";
}

/** Loads the whole initial state. Without one in the file, sequences start from zeros. */
function loadState({ compiled, runtime }: Model, file: GivenTensors): void {
  if (!givesState(file)) return;
  for (const [, name] of stateFields(compiled.plan)) {
    const { shape } = compiled.plan.fields.find((field) => field.name === name) as {
      readonly shape: readonly number[];
    };
    runtime.write(name, floatsOf(file, name, shape));
  }
}

/** The final states of the last run: `next.layers.N.*`. */
async function stateAfter(model: Model): Promise<[string, Tensor][]> {
  const { plan } = model.compiled;
  const read = async ([name]: [string, string]): Promise<[string, Tensor]> => {
    const shape = plan.fields.find((field) => field.name === name)?.shape ?? [];
    return [name, { dtype: "F32", shape: [...shape], data: await model.result(name) }];
  };
  return await Promise.all(stateFields(plan).map(read));
}

/** The modality of each position: [B, L]. */
function modalitiesOf(
  spec: CheckedSpec,
  file: GivenTensors,
  name: string,
  shape: readonly [number, number],
): Int32Array<ArrayBuffer> {
  const limit = spec.model.modalities.length;
  return indicesOf(file, name, {
    shape,
    from: 0,
    limit,
    because: `the spec declares ${limit} ${limit === 1 ? "modality" : "modalities"}, numbered from 0`,
  });
}

async function traceStack(
  device: OpenDevice,
  spec: CheckedSpec,
  file: GivenTensors,
  options: TraceOptions,
): Promise<Tensors> {
  const [batch, length] = batchShape(file, "modality");
  const modality = modalitiesOf(spec, file, "modality", [batch, length]);
  const state = stateOf(spec, file);
  const shape = [batch, length, spec.model.d_model];
  const inputs = [INPUT, COTANGENT].map((means): HostField => [means, floatsOf(file, labelOf(means), shape)]);
  const compiled = compile(spec, {
    profile: device.profile,
    batch,
    length,
    ...(options.chunk === undefined ? {} : { chunk: options.chunk }),
    ...(options.variant === undefined ? {} : { force: options.variant }),
    ...(options.settings === undefined ? {} : { settings: options.settings }),
    phases: [{ name: "gradients", part: "stack", noise: "given", gradients: true, wanted: [INPUT], state }],
    variants: "first",
  });
  const model = await openModel(device, compiled);
  await loadParameters(model, file, options.prefix);
  loadState(model, file);
  const given: StepTensors = { spec, file, prefix: "", batch, length, modality };
  const tokens = new Int32Array(batch * length);
  model.writeBatch(arraysOf(spec, { ...placed(given, tokens, documentsOf(given)), more: inputs }));
  model.writeStep(stepScalars(spec.train.optimizer, () => 0, undefined, 1, false));
  model.runtime.run(["gradients"]);
  const out = new Map<string, Tensor>();
  for (const means of [{ is: "output" }, { is: "gradient", of: INPUT }] as const) {
    const name = labelOf(means);
    out.set(name, { dtype: "F32", shape, data: await model.result(name) });
  }
  const loss = labelOf({ is: "loss" });
  out.set(loss, { dtype: "F32", shape: [1], data: await model.result(loss) });
  for (const [name, tensor] of await model.read("gradients")) out.set(`grad.${name}`, tensor);
  for (const [name, tensor] of await stateAfter(model)) out.set(name, tensor);
  model.runtime.destroy();
  return out;
}

/** The context for reading a step's tensors. */
interface StepTensors {
  readonly spec: CheckedSpec;
  readonly file: GivenTensors;
  /** Such as `batch.0.` */
  readonly prefix: string;
  readonly batch: number;
  readonly length: number;
  readonly modality: Int32Array;
}

/** The first positions of a modality's items. Each run of its positions is split into items of equal size. */
function itemsIn(step: StepTensors, index: number, { positions }: ItemShape): number[] {
  const { spec, modality, length, prefix } = step;
  const firsts: number[] = [];
  for (let r = 0; r < modality.length; r++) {
    if (modality[r] !== index) continue;
    const row = Math.floor(r / length);
    const isWhole = modality.subarray(r, r + positions).every((other) => other === index);
    if (!isWhole || r + positions > (row + 1) * length) {
      throw new InputError(
        "other-tensors",
        `Sequence ${row} of ${prefix}modality ends inside an item of ${spec.model.modalities[index]?.name}, which has ${positions} positions.`,
        "Place all positions of an item side by side, or change the modality's sizes in the spec.",
      );
    }
    firsts.push(r);
    r += positions - 1;
  }
  return firsts;
}

/** The document of each position: from the file if the spec sets `reset`, otherwise one document a sequence. */
function documentsOf({ spec, file, prefix, batch, length }: StepTensors): Int32Array<ArrayBuffer> {
  if (!spec.data.reset) return new Int32Array(batch * length);
  const because = "documents count from 0, and -1 is padding";
  return indicesOf(file, `${prefix}document`, { shape: [batch, length], from: -1, limit: 2 ** 31 - 1, because });
}

/** The positions of a batch and the inputs of attention. Items are needed only if the model has attention. */
function placed(step: StepTensors, tokens: Int32Array, document: Int32Array): Pick<Contents, "standing" | "attention"> {
  const { spec, batch, length, modality } = step;
  const items = spec.model.modalities.flatMap((declared, index) => {
    const shape = attends(spec) ? itemOf(declared) : undefined;
    return shape === undefined ? [] : itemsIn(step, index, shape).map((position) => ({ modality: index, position }));
  });
  return {
    standing: { batch, length, modality, tokens, document },
    attention: attentionArrays(spec, { length, document, items }),
  };
}

/** The values and times of a modality's items, from the file. */
function givenItems(step: StepTensors, at: ItemsAt): { timed: TimedItem[]; numbers: HostField[] } {
  const { file, prefix, batch, length, modality } = step;
  const { index, name, shape, objective } = at;
  const { tensor, integer, most, because, clean } = objective.given(name);
  const wanted = {
    shape: [batch, length],
    from: 0,
    limit: most + 1,
    because,
    where: (r: number) => modality[r] === index,
  };
  const read = integer ? indicesOf : withinOf;
  const times = read(file, `${prefix}${tensor}`, wanted);
  const timed = itemsIn(step, index, shape).map((position): TimedItem => ({ position, t: times[position] as number }));
  const kinds = clean ? (["noisy", "noise", "clean"] as const) : (["noisy", "noise"] as const);
  const numbers = kinds.map((is): HostField => {
    return [{ is, modality: name }, floatsOf(file, `${prefix}${is}`, [batch, length, shape.columns])];
  });
  return { timed, numbers };
}

/** The batch of one step, from `batch.STEP.*`. Its shape [B, L] is that of step 0. */
function stepBatch(
  spec: CheckedSpec,
  file: GivenTensors,
  step: number,
  [batch, length]: readonly [number, number],
): { arrays: HostBatch; counts: Counts } {
  const prefix = `batch.${step}.`;
  const { modalities, vocabulary } = spec.model;
  const modality = modalitiesOf(spec, file, `${prefix}modality`, [batch, length]);
  const isId = (r: number): boolean => holdsIds(modalities[modality[r] as number]);
  const tokens = indicesOf(file, `${prefix}tokens`, {
    shape: [batch, length],
    from: 0,
    limit: vocabulary.size,
    because: `the spec's vocabulary has ${vocabulary.size} ids`,
    where: isId,
  });
  const given: StepTensors = { spec, file, prefix, batch, length, modality };
  const document = documentsOf(given);
  const follows = (r: number): boolean => (r + 1) % length !== 0 && document[r] === document[r + 1];
  const predicts = (r: number): boolean => follows(r) && (document[r] as number) >= 0 && isId(r) && isId(r + 1);
  const predicted: Predicted = {
    target: tokens.map((_, r) => (predicts(r) ? (tokens[r + 1] as number) : -1)),
    of: tokens.map((_, r) => (predicts(r) ? (modality[r + 1] as number) : -1)),
  };
  const counts: Counts = {
    ids: targetsByModality(predicted, modalities.length),
    items: modalities.map((declared, index) => (holdsIds(declared) ? 0 : modality.filter((m) => m === index).length)),
  };
  const arrays = arraysOf(spec, {
    ...placed(given, tokens, document),
    predicted: { ids: predicted, counts: counts.ids },
    items: (at) => ({ ...givenItems(given, at), count: counts.items[at.index] as number }),
  });
  return { arrays, counts };
}

/** The batches of all steps. They are read first, so that a missing tensor is reported before any work is done. */
function stepBatches(spec: CheckedSpec, file: GivenTensors, steps: number, shape: readonly [number, number]) {
  return Array.from({ length: steps }, (_, step) => {
    if (!file.has(`batch.${step}.modality`)) {
      throw new InputError(
        "other-tensors",
        `The tensor batch.${step}.modality is missing, but --steps ${steps} reads batch.0 to batch.${steps - 1}.`,
        `Add the batch of every step to the file, or use --steps ${Math.max(1, step)}.`,
      );
    }
    return stepBatch(spec, file, step, shape);
  });
}

/** The factor that the last update multiplied its scaled gradients by. */
const multiplied = async (scale: Promise<Float32Array>): Promise<number> => (await scale)[2] as number;

async function traceTraining(
  device: OpenDevice,
  spec: CheckedSpec,
  file: GivenTensors,
  options: TraceOptions,
): Promise<Tensors> {
  const [batch, length] = batchShape(file, "batch.0.modality");
  const state = stateOf(spec, file);
  const batches = stepBatches(spec, file, options.steps, [batch, length]);
  const compiled = compile(spec, {
    profile: device.profile,
    batch,
    length,
    ...(options.chunk === undefined ? {} : { chunk: options.chunk }),
    ...(options.variant === undefined ? {} : { force: options.variant }),
    ...(options.settings === undefined ? {} : { settings: options.settings }),
    phases: [{ name: "gradients", part: "model", noise: "given", gradients: true, state }],
    variants: "first",
  });
  const model = await openModel(device, compiled);
  await loadParameters(model, file, options.prefix);
  loadState(model, file);
  const series = new Map<string, number[]>();
  const push = (name: string, value: number): void => {
    series.set(name, [...(series.get(name) ?? []), value]);
  };
  const { optimizer, clip } = spec.train;
  const out = new Map<string, Tensor>();
  for (const [step, { arrays, counts }] of batches.entries()) {
    model.writeBatch(arrays);
    model.writeStep(stepScalars(optimizer, (peak) => peak, clip, step + 1, false));
    model.runtime.run(["gradients", "update"]);
    advanceState(model);
    const scaledBy = step === 0 && model.lossScale ? await multiplied(model.lossScale.read()) : 1;
    const sums = await readLossSums(model, spec);
    const { loss, losses } = lossesOf(spec, counts, sums);
    const norm = (await model.result(labelOf({ is: "grad_norm" })))[0] as number;
    push("loss", loss);
    push("grad_norm", norm);
    for (const [name, value] of Object.entries(losses)) push(`loss.${name}`, value);
    if (step === 0) {
      const factor = scaledBy * (clip === undefined ? 1 : Math.min(1, clip / (norm + 1e-6)));
      for (const [name, { shape, data }] of await model.read("gradients")) {
        const clipped = Float32Array.from(data as Float32Array, (d) => d * factor);
        out.set(`grad0_clipped.${name}`, { dtype: "F32", shape, data: clipped });
      }
    }
  }
  for (const [name, values] of series) out.set(name, { dtype: "F32", shape: [values.length], data: floats(values) });
  for (const [name, tensor] of await model.read("parameters")) out.set(`final.${name}`, tensor);
  for (const [name, tensor] of await stateAfter(model)) out.set(name, tensor);
  model.runtime.destroy();
  return out;
}

/**
 * With `stack`, reads `input`, `modality`, `cotangent` and parameters, and returns `output`, `loss` and `grad.*`.
 * Without it, reads `batch.STEP.*` and parameters, and returns `loss`, `loss.NAME`, `grad_norm`, `grad0_clipped.*` and
 * `final.*`. B and L come from the tensors. If the file has `state.layers.N.*`, these are the initial states of the first
 * step; each later step starts from the final states of the previous one. `next.layers.N.*` are those of the last step.
 */
export const trace = (
  device: OpenDevice,
  spec: CheckedSpec,
  file: GivenTensors,
  options: TraceOptions,
): Promise<Tensors> => (options.stack ? traceStack : traceTraining)(device, spec, file, options);
