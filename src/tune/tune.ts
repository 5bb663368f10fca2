// The autotuner: chooses the fastest correct variant for each node of a model.

import type { Batch, Item } from "../batch/batch.js";
import type { HostBatch } from "../batch/host-array.js";
import { type CompileOptions, programAfter, programsOf, type StageOutput } from "../compile.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import type { Pipelines } from "../gpu/pipelines.js";
import { flopsOf } from "../ir/cost.js";
import { widthKey } from "../ir/op-key.js";
import type { Choices } from "../ir/plan.js";
import type { Program } from "../ir/program.js";
import { TooLarge } from "../ir/too-large.js";
import { settingsFor } from "../kernels/draft.js";
import { holdsIds, itemOf, positionsOfItem } from "../modalities/modality.fields.js";
import { firstId, ordinaryIds } from "../modalities/text.js";
import { stream } from "../random/stream.js";
import { countsOf, hostBatch } from "../train/host-batch.js";
import type { Cache } from "./cache.js";
import { measuredAs, type Rewrite, type TunableNode, tunableNodes } from "./nodes.js";
import { repeated } from "./numbers.js";
import type { Small } from "./right.js";
import { type Finding, type Trial, tryNode, type Verdict } from "./trial.js";

/**
 * off: always the first variant that the device supports. cached: the measured one if the cache has it, otherwise the
 * first. full: measures the nodes that the cache does not have.
 */
export const TUNE_MODES = ["off", "cached", "full"] as const;
export type TuneMode = (typeof TUNE_MODES)[number];

export interface TuneRequest {
  readonly mode: TuneMode;
  readonly spec: CheckedSpec;
  /** The options with which the stages were compiled. */
  readonly options: CompileOptions;
  readonly stages: readonly StageOutput[];
  readonly opened: OpenDevice;
  readonly cache: Cache;
  /** Receives progress, one line per node. */
  readonly notice: (line: string) => void;
  /** Called before each node. If it returns true, the remaining nodes use their first variant. */
  readonly stopWanted?: () => boolean;
  readonly pipelines?: Pipelines;
  readonly rewrite?: Rewrite;
}

/**
 * The chosen variants, by node key. A node without a choice uses the first variant that the device supports.
 * @throws DeviceError if no variant of a measured node is correct, or the device fails
 */
export async function choicesFor(request: TuneRequest): Promise<Choices> {
  const { mode, spec, options, stages, opened, cache, notice, stopWanted, rewrite = (kernel) => kernel } = request;
  if (mode === "off") return {};
  const known = cache.read();
  if (mode === "cached" && Object.keys(known).length === 0) return {};
  const settings = options.settings ?? settingsFor(options.profile);
  const nodes = tunableNodes(stages, [options.profile, opened.profile], settings);
  const choices: Record<string, string> = {};
  const lacking: { readonly node: TunableNode; readonly name: string }[] = [];
  for (const node of nodes) {
    const name = measuredAs(node, rewrite);
    const verdict = known[name];
    if (verdict) choices[node.key] = verdict.variant;
    else lacking.push({ node, name });
  }
  if (mode === "cached" || lacking.length === 0) return choices;

  notice(`Tuning ${lacking.length} of ${nodes.length} kernels; the choices are saved in ${cache.path}`);
  const trial: Trial = {
    workshop: { opened, settings, rewrite, pipelines: request.pipelines ?? new Map() },
    batch: randomBatch(spec, options.batch, options.length),
    smallOf: smallFinder(spec, options),
  };
  for (const [i, { node, name }] of lacking.entries()) {
    if (stopWanted?.()) break;
    const verdict = await verdictOn(trial, node);
    if (typeof verdict === "string") notice(`${i + 1}/${lacking.length} ${node.key}: ${verdict}`);
    else {
      const kept = await cache.add(name, verdict);
      choices[node.key] = kept.variant;
      notice(`${i + 1}/${lacking.length} ${node.key}: ${summary(kept)}`);
    }
  }
  return choices;
}

/** The verdict, or why there is none. */
async function verdictOn(trial: Trial, node: TunableNode): Promise<Verdict | string> {
  try {
    const found = await tryNode(trial, node);
    return typeof found === "string" ? `not tuned: ${found}` : found;
  } catch (error) {
    if (error instanceof TooLarge) return `not tuned: ${error.message}`;
    throw error;
  }
}

const summary = ({ variant, candidates }: Verdict) =>
  `${variant} of ${Object.entries(candidates)
    .map(([name, found]) => `${name} ${outcome(found)}`)
    .join(", ")}`;

function outcome(found: Finding): string {
  if ("milliseconds" in found) return `${found.milliseconds.toPrecision(3)} ms`;
  if ("refused" in found) return "refused";
  return found.error === null ? "NaN" : `off by ${found.error.toExponential(1)}`;
}

const BATCH = 2;
/**
 * Positions of a sequence in addition to an item. The longest that `FLOPS` allows is used; the first spans two tiles and
 * two chunks.
 */
const LENGTHS = [68, 36, 12, 4];
/** Limit of floating-point operations for one op's float64 reference. */
const FLOPS = 6e8;

/** All tensors that phases read, for a random batch. */
export function randomBatch(spec: CheckedSpec, batch: number, length: number): HostBatch {
  const made = raggedBatch(spec, batch, length);
  return hostBatch(spec, made, countsOf(spec, [made]), { kind: "training", seed: spec.train.seed });
}

/** Finds the same op in a model with few rows; undefined if that model has no such op. */
function smallFinder(spec: CheckedSpec, options: CompileOptions): (node: TunableNode) => Small | undefined {
  const item = Math.max(0, ...spec.model.modalities.map(positionsOfItem));
  const made = new Map<number, { readonly programs: ReturnType<typeof programsOf>; readonly batch: HostBatch }>();
  const at = (length: number) => {
    const found = made.get(length) ?? {
      programs: programsOf(spec, { ...options, batch: BATCH, length }),
      batch: randomBatch(spec, BATCH, length),
    };
    made.set(length, found);
    return found;
  };
  return ({ phase, program, op }) => {
    const flops = flopsOf(program, op);
    const fits = LENGTHS.find((length) => BATCH * (length + item) * flops <= FLOPS) ?? (LENGTHS.at(-1) as number);
    const { programs, batch } = at(Math.min(options.length, fits + item));
    const stage = programs.find(({ name }) => name === phase);
    const small = stage && programAfter(stage, "narrow");
    const wanted = widthKey(program, op);
    const sibling = small?.ops.find((other) => widthKey(small, other) === wanted);
    if (!small || !sibling) return undefined;
    const cut = small.arenas === undefined ? small : withOneMatrix(small);
    return cut !== small && flopsOf(cut, sibling) > MATRIX_FLOPS ? undefined : { program: cut, op: sibling, batch };
  };
}

/** The limit for an op of the update, whose size does not depend on positions. */
const MATRIX_FLOPS = 4e9;

/** The update's program with stacks of only one matrix each. */
function withOneMatrix(program: Program): Program {
  const tensors = program.tensors.map((tensor) =>
    tensor.role === "value" && tensor.shape.length === 3 ? { ...tensor, shape: [1, ...tensor.shape.slice(1)] } : tensor,
  );
  return { ...program, tensors };
}

/** Longest run of positions of a modality of ids. */
const RUN = 96;
/** One in this many runs begins a document. */
const DOCUMENT = 4;

function raggedBatch({ model, train }: CheckedSpec, batch: number, length: number): Batch {
  const { modalities, vocabulary } = model;
  const random = stream("sample", train.seed, 1);
  const tokens = new Int32Array(batch * length).fill(vocabulary.padding);
  const modality = new Uint8Array(batch * length).fill(vocabulary.owner);
  const document = new Int32Array(batch * length).fill(-1);
  const items: Item[] = [];
  const ofIds = modalities.flatMap((modality, m) => (holdsIds(modality) ? [m] : []));
  for (let row = 0; row < batch; row++) {
    // At least one position is filled.
    const end = Math.max(1, length - random.below(Math.ceil(length / 8)));
    for (let at = 0, number = 0; at < end; ) {
      const wanted = random.below(modalities.length);
      const item = itemOf(modalities[wanted]);
      const run = item?.positions ?? 1 + random.below(RUN);
      const position = row * length + at;
      if (at > 0 && random.below(DOCUMENT) === 0) number++;
      if (item !== undefined && run <= end - at) {
        const values = repeated(run * item.columns, position);
        const id = items.length;
        items.push({ modality: wanted, position, id, key: { document: id, epoch: 0, item: 0 }, values });
        modality.fill(wanted, position, position + run);
        tokens.fill(0, position, position + run);
        document.fill(number, position, position + run);
        at += run;
        continue;
      }
      const index = item === undefined ? wanted : (ofIds[random.below(ofIds.length)] as number);
      const size = Math.min(run, end - at);
      modality.fill(index, position, position + size);
      document.fill(number, position, position + size);
      for (let i = position; i < position + size; i++) {
        tokens[i] = firstId(index, vocabulary) + random.below(ordinaryIds(index, model));
      }
      at += size;
    }
  }
  return { batch, length, tokens, modality, document, items };
}
