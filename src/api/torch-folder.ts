// Writes a checked spec as a PyTorch project: the model, the prepared data in the order of training, and initial weights.
import { forwardOf } from "../compile.js";
import { withShards } from "../data/data-set.js";
import type { DataHost } from "../data/host.js";
import { prepare } from "../data/prepare.js";
import { manifestBytes } from "../data/prepared-folder.js";
import type { Reach } from "../data/reach.js";
import { safetensorsHeader, writeSafetensors } from "../data/safetensors.js";
import { PREPARED_FILE } from "../data/sources/source.fields.js";
import { writtenOrder } from "../data/written-order.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import type { ParameterField } from "../ir/memory.js";
import type { Program } from "../ir/program.js";
import { count } from "../ir/tensor.js";
import { dropOf } from "../objectives/objective.fields.js";
import { projectFiles } from "../targets/torch/project.js";
import { diskFailure } from "../train/errors.js";
import { initialValues } from "../train/initialise.js";
import { type ArrivingFile, writeArrivingFolder } from "../train/whole-folder.js";
import { refuseExisting } from "./compiled-folder.js";
import { keptSpec } from "./kept-spec.js";
import { START_FILE, type Started, starting } from "./start.js";
import { refuseForTorch, torchConfig } from "./torch-config.js";

export interface ProjectToMake {
  readonly spec: CheckedSpec;
  /** The resolved spec. */
  readonly json: Json;
  /** The name of the spec's file. */
  readonly file: string;
  /** Paths in the spec are relative to this folder. */
  readonly folder: string;
  readonly reach: Reach;
  readonly out: string;
  /** Overwrite a project that was written before. */
  readonly force: boolean;
  /** Skip documents whose files cannot be read. */
  readonly skipBad?: boolean | undefined;
  /** Receives status lines: slow operations and skipped documents. */
  readonly notice: (line: string) => void;
}

export interface MadeProject {
  readonly parameters: number;
  /** The initial weights; undefined if they are random. */
  readonly started: Started | undefined;
}

/** The copies of each parameter, by their names in checkpoints. */
const copiesOf = ({ parameters }: Program): ParameterField[] =>
  parameters.flatMap(({ names, shape, tensor: _, ...source }) =>
    names.map((name, group) => ({ name, shape, group, source, part: 0, offset: 0 })),
  );

/** Initial weights as a file. Drawn values are made one tensor at a time, since a large model's exceed the memory. */
async function* weightPieces(
  fields: readonly ParameterField[],
  seed: number,
  started: Started | undefined,
): AsyncGenerator<Uint8Array> {
  const ordered = [...fields].sort((a, b) => (a.name < b.name ? -1 : 1));
  const tensors = ordered.map(({ name, shape }) => ({ name, dtype: "F32" as const, shape, bytes: 4 * count(shape) }));
  yield safetensorsHeader(tensors, { from: started?.record.from ?? `seed ${seed}` });
  for (const { name, shape, group, source } of ordered) {
    const { initial, layer, part } = source;
    const data =
      started?.tensors.get(name)?.data ?? initialValues(initial, shape, { seed, layer: layer >>> 0, part, group });
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
}

/** @throws Failure if the folder exists or a write fails; InputError for invalid data or a field that the target lacks */
export async function writeTorchProject(host: DataHost, wanted: ProjectToMake): Promise<MadeProject> {
  const { spec, json, file, folder, reach, out, force, skipBad, notice } = wanted;
  const { disk } = host;
  const { basename, dirname, resolve } = disk.paths;
  refuseExisting(out, force, disk);
  refuseForTorch(spec);
  const program = forwardOf(spec);
  const fields = copiesOf(program);
  const started = starting(spec, { parameters: fields, plan: { buffers: [] } }, { folder, reach })?.();
  const prepared = await prepare(spec.data, spec.model, { host, folder, reach, skipBad, notice });
  const { dataSet, codecs } = prepared;
  const groups = withShards(prepared.groups, basename);
  const { batch, accumulate, seed, steps } = spec.train;
  const drop = spec.objectives.map(dropOf);
  const order = writtenOrder(dataSet, { length: spec.data.length, batch, accumulate, seed, drop }, steps);
  const kept = keptSpec(json, folder, out, reach);
  const layers = spec.model.layers.map((index) => spec.model.blocks[index]?.name ?? "");
  const text = (name: string, contents: string): ArrivingFile => ({
    name,
    pieces: [new TextEncoder().encode(contents)],
  });
  const config = torchConfig(spec, program, groups);
  async function* files(): AsyncGenerator<ArrivingFile> {
    const about = `The model of ${file}, written by mom.`;
    for (const [name, contents] of Object.entries(projectFiles({ program, layers }, about))) yield text(name, contents);
    yield text("config.json", `${JSON.stringify(config, null, 2)}\n`);
    yield text("spec.mom", kept.text);
    for (const { name, bytes } of kept.files()) yield { name, pieces: [bytes] };
    yield { name: `data/${PREPARED_FILE}`, pieces: [manifestBytes(groups, spec.model, codecs)] };
    yield { name: "data/order.safetensors", pieces: [writeSafetensors(order)] };
    for (const path of prepared.files) yield { name: `data/${basename(path)}`, pieces: [disk.read(path)] };
    yield { name: START_FILE, pieces: weightPieces(fields, seed, started) };
  }
  try {
    await writeArrivingFolder(disk, dirname(resolve(out)), basename(resolve(out)), files());
  } catch (error) {
    throw diskFailure(error, out, ", then compile again.");
  }
  return { parameters: fields.reduce((sum, { shape }) => sum + count(shape), 0), started };
}
