// One or more steps on tensors from a file, and everything that they make: how mom is compared with other programs.
import { compile } from "../compile.js";
import type { Tensor } from "../data/safetensors.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { type PatchesModality, patchesPerPicture, patchSize, pictureCapacity } from "../modalities/modality.fields.js";
import { type Counts, type HostArray, lossesOf, tokenArrays } from "./host-batch.js";
import { type Model, openModel, stepScalars } from "./model.js";

export interface TraceOptions {
  /** The block stack alone, from `input` to Σ output · `cotangent`. */
  readonly stack: boolean;
  readonly steps: number;
  /** Before the parameters' names in the file. */
  readonly prefix: string;
  readonly chunk?: number | undefined;
  /** A kernel variant to take wherever there is one of that name. */
  readonly variant?: string | undefined;
}

type File = ReadonlyMap<string, Tensor>;

function wanted(file: File, name: string): Tensor {
  const tensor = file.get(name);
  if (!tensor) throw new InputError(`The tensors lack ${name}.`, "mom trace names what it reads in its --help.");
  return tensor;
}

const shapeOf = ({ shape }: Tensor): [number, number] => {
  const [B, L] = shape;
  if (B === undefined || L === undefined) throw new InputError("modality is not [B, L].", "Give it two dimensions.");
  return [B, L];
};

const floats = (data: ArrayLike<number>): Float32Array<ArrayBuffer> => Float32Array.from(data);

function loadParameters(model: Model, file: File, prefix: string): void {
  const named = model.compiled.parameters.map(({ name }) => [name, wanted(file, prefix + name)] as const);
  model.load("parameters", new Map(named));
}

async function traceStack(device: OpenDevice, spec: CheckedSpec, file: File, options: TraceOptions): Promise<File> {
  const modality = wanted(file, "modality");
  const [batch, length] = shapeOf(modality);
  const compiled = compile(spec, {
    profile: device.profile,
    batch,
    length,
    ...(options.chunk === undefined ? {} : { chunk: options.chunk }),
    ...(options.variant === undefined ? {} : { force: options.variant }),
    phases: [{ name: "gradients", part: "stack", noise: "given", gradients: true, wanted: ["input"] }],
    variants: "first",
  });
  const model = await openModel(device, compiled);
  loadParameters(model, file, options.prefix);
  const inputs = ["input", "cotangent"].map((name): [string, HostArray] => [
    name,
    floats(wanted(file, name).data as Float32Array),
  ]);
  model.writeBatch(new Map([["modality", Uint32Array.from(modality.data as Int32Array)], ...inputs]));
  model.writeStep(stepScalars(spec.train.optimizer, 0, undefined, 1, false));
  model.runtime.run(["gradients"]);
  const shape = [batch, length, spec.model.d_model];
  const out = new Map<string, Tensor>();
  for (const name of ["output", "grad.input"]) {
    out.set(name, { dtype: "F32", shape, data: await model.result(name) });
  }
  out.set("loss", { dtype: "F32", shape: [1], data: await model.result("loss") });
  for (const [name, tensor] of await model.read("gradients")) out.set(`grad.${name}`, tensor);
  model.runtime.destroy();
  return out;
}

/** Pictures of a modality as the file has them: runs of positions, cut into pictures of equal size. */
function pictureArrays(
  spec: CheckedSpec,
  declared: PatchesModality,
  index: number,
  modality: ArrayLike<number>,
  of: (name: string) => Tensor,
  batch: number,
  length: number,
): { arrays: [string, HostArray][]; rows: number } {
  const { name } = declared;
  const positions = patchesPerPicture(declared);
  const picture = Int32Array.from({ length: batch * length }, () => -1);
  const timestep = new Int32Array(pictureCapacity(declared, batch, length));
  const given = of("timestep").data as Int32Array;
  let rows = 0;
  for (let r = 0; r < picture.length; r++) {
    if (modality[r] !== index) continue;
    picture[r] = Math.floor(rows / positions);
    timestep[picture[r] as number] = given[r] as number;
    rows++;
  }
  const weight = spec.objectives[index]?.weight ?? 0;
  const scale = Float32Array.from(picture, (p) => (p < 0 ? 0 : weight / rows));
  return {
    rows,
    arrays: [
      [`noisy.${name}`, floats(of("noisy").data as Float32Array)],
      [`noise.${name}`, floats(of("noise").data as Float32Array)],
      [`picture.${name}`, picture],
      [`timestep.${name}`, timestep],
      [`scale.${name}`, scale],
    ],
  };
}

/** The batch of one step, from `batch.STEP.*`. */
function stepBatch(spec: CheckedSpec, file: File, step: number): { arrays: Map<string, HostArray>; counts: Counts } {
  const of = (name: string): Tensor => wanted(file, `batch.${step}.${name}`);
  const [batch, length] = shapeOf(of("modality"));
  const modality = of("modality").data as Int32Array;
  const tokens = of("tokens").data as Int32Array;
  const isPatch = (r: number): boolean => spec.model.modalities[modality[r] as number]?.kind === "patches";
  const targets = Int32Array.from(tokens, (_, r) =>
    (r + 1) % length === 0 || isPatch(r) || isPatch(r + 1) ? -1 : (tokens[r + 1] as number),
  );
  const counts = {
    tokens: spec.model.modalities.map((_, m) => targets.filter((t, r) => t >= 0 && modality[r + 1] === m).length),
    patches: spec.model.modalities.map(() => 0),
  };
  const arrays = new Map<string, HostArray>([
    ["modality", Uint32Array.from(modality)],
    ["embedded", Int32Array.from(tokens, (t, r) => (isPatch(r) ? -1 : t))],
    ...tokenArrays(spec, targets, modality, counts),
  ]);
  spec.model.modalities.forEach((declared, index) => {
    if (declared.kind !== "patches") return;
    const size = patchSize(declared);
    if (of("noisy").shape.at(-1) !== size) {
      throw new InputError(
        `batch.${step}.noisy has ${of("noisy").shape.at(-1)} numbers a patch, and ${declared.name} has ${size}.`,
        "Make the modality's patches in the spec as large as those of the tensors.",
      );
    }
    const pictures = pictureArrays(spec, declared, index, modality, of, batch, length);
    counts.patches[index] = pictures.rows;
    for (const [name, array] of pictures.arrays) arrays.set(name, array);
  });
  return { arrays, counts };
}

async function traceTraining(device: OpenDevice, spec: CheckedSpec, file: File, options: TraceOptions): Promise<File> {
  const [batch, length] = shapeOf(wanted(file, "batch.0.modality"));
  const compiled = compile(spec, {
    profile: device.profile,
    batch,
    length,
    ...(options.chunk === undefined ? {} : { chunk: options.chunk }),
    ...(options.variant === undefined ? {} : { force: options.variant }),
    phases: [{ name: "gradients", part: "model", noise: "given", gradients: true }],
    variants: "first",
  });
  const model = await openModel(device, compiled);
  loadParameters(model, file, options.prefix);
  const series = new Map<string, number[]>();
  const push = (name: string, value: number): void => {
    series.set(name, [...(series.get(name) ?? []), value]);
  };
  const { optimizer, clip } = spec.train;
  const out = new Map<string, Tensor>();
  for (let step = 0; step < options.steps; step++) {
    const { arrays, counts } = stepBatch(spec, file, step);
    model.writeBatch(arrays);
    model.writeStep(stepScalars(optimizer, optimizer.lr, clip, step + 1, false));
    model.runtime.run(["gradients", "update"]);
    const pictures = new Map<string, number>();
    for (const { name, kind } of spec.model.modalities) {
      if (kind === "patches") pictures.set(name, (await model.result(`loss.${name}`))[0] as number);
    }
    const sums = { tokens: [...(await model.result("loss.tokens"))], pictures };
    const { loss, losses } = lossesOf(spec, counts, sums);
    const norm = (await model.result("grad_norm"))[0] as number;
    push("loss", loss);
    push("grad_norm", norm);
    for (const [name, value] of Object.entries(losses)) push(`loss.${name}`, value);
    if (step === 0) {
      const factor = clip === undefined ? 1 : Math.min(1, clip / (norm + 1e-6));
      for (const [name, { shape, data }] of await model.read("gradients")) {
        const clipped = Float32Array.from(data as Float32Array, (d) => d * factor);
        out.set(`grad0_clipped.${name}`, { dtype: "F32", shape, data: clipped });
      }
    }
  }
  for (const [name, values] of series) out.set(name, { dtype: "F32", shape: [values.length], data: floats(values) });
  for (const [name, tensor] of await model.read("parameters")) out.set(`final.${name}`, tensor);
  model.runtime.destroy();
  return out;
}

/**
 * Reads `input`, `modality`, `cotangent` and parameters (`stack`), or `batch.STEP.*` and parameters; B and L are those
 * of the tensors. Returns `output`, `loss`, `grad.*`; or `loss`, `loss.NAME`, `grad_norm`, `grad0_clipped.*`, `final.*`.
 */
export const trace = (device: OpenDevice, spec: CheckedSpec, file: File, options: TraceOptions): Promise<File> =>
  (options.stack ? traceStack : traceTraining)(device, spec, file, options);
