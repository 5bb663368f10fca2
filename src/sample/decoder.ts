// A trained model on a device for sampling. The recurrent states of its sequences stay there, so each step costs the same.

import type { HostBatch } from "../batch/host-array.js";
import { compile, type PhaseRequest, programsOf, type StageOutput } from "../compile.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { labelOf, type Meaning } from "../ir/meaning.js";
import type { Profile } from "../ir/plan.js";
import { bytesIn } from "../ir/tensor.js";
import { positionsOfItem } from "../modalities/modality.fields.js";
import { attends } from "../train/attention-inputs.js";
import { arraysOf, type Contents } from "../train/host-batch.js";
import { openModel, type Tensors } from "../train/model.js";
import { LONGEST_RUN } from "./choosing.js";
import type { Item } from "./document.js";
import { type InRun, runTokens } from "./runs.js";
import { sequencesOn } from "./sequences.js";

/** An item noised to time t. */
interface NoisyItem {
  /** [positions, columns] */
  readonly noisy: Float32Array;
  readonly t: number;
}

/** Each sequence has its own state. The state of a sequence without input does not change. */
export interface Decoder {
  readonly sequences: number;
  /** The number of positions in a `piece`. */
  readonly piece: number;
  /** The number of dispatches in a `step`. */
  readonly dispatches: number;
  /** Resets sequences to their start. */
  clear(sequences: readonly number[]): void;
  /** Runs one token for each sequence. */
  step(items: readonly (Item | undefined)[]): void;
  /** Runs `piece` tokens for each sequence. */
  prefill(items: readonly (readonly Item[] | undefined)[]): void;
  /**
   * Runs tokens for each sequence, at most LONGEST_RUN of them: those given, then those that the device chooses. Returns
   * the choices of each sequence, as the op `choose` makes them; undefined for a sequence that has only read.
   */
  run(lanes: readonly (InRun | undefined)[], steps: number): Promise<(Int32Array | undefined)[]>;
  /** Marks the positions of all sequences, before a run. */
  mark(): void;
  /** Returns sequences to the mark. */
  back(sequences: readonly number[]): void;
  /** The logits [sequences, V] after the last `step`, or the last `prefill`. */
  logits(after: "step" | "prefill"): Promise<Float32Array>;
  /** Runs an item for each sequence. Only the states of sequences in `stay` are kept. Returns the prediction for each sequence. */
  items(
    modality: number,
    items: readonly (NoisyItem | undefined)[],
    stay: readonly boolean[],
  ): Promise<(Float32Array | undefined)[]>;
  destroy(): void;
}

/** The bytes of all states of a sequence on a device. */
export function stateBytes(spec: CheckedSpec, profile: Profile): number {
  const { length: cache } = spec.data;
  const [step] = phasesOf(spec, { sequences: 1 }, cache) as [PhaseRequest];
  const [{ final }] = programsOf(spec, { profile, batch: 1, length: 0, phases: [step], variants: "first" }) as [
    StageOutput,
  ];
  return final.tensors.reduce(
    (sum, tensor) => sum + (tensor.means && STATES.has(tensor.means.is) ? bytesIn(tensor) : 0),
    0,
  );
}

const STATES: ReadonlySet<string> = new Set(["state", "next", "kept"] as const satisfies Meaning["is"][]);

/** The number of prompt tokens that are read at once. */
const PIECE = 32;

interface DecoderOptions {
  readonly sequences: number;
  readonly piece?: number;
  /** The longest sequence, which attention remembers. Default: the spec's data.length. */
  readonly capacity?: number;
  /** Whether a modality's items are needed; all by default. */
  readonly wanted?: (modality: number) => boolean;
}

const scopeOf = ({ name }: { readonly name: string }): string => `item.${name}`;

function phasesOf(
  { model }: CheckedSpec,
  { sequences: batch, piece = PIECE, wanted = () => true }: DecoderOptions,
  cache: number,
): PhaseRequest[] {
  // A sequence contains one document, so there is nothing to reset.
  const carried = { noise: "given", gradients: false, state: "carried", batch, cache, reset: false } as const;
  return [
    { ...carried, name: "step", part: "next", length: 1, run: LONGEST_RUN },
    { ...carried, name: "prefill", part: "next", length: piece },
    ...model.modalities.flatMap((modality, index): PhaseRequest[] => {
      const length = positionsOfItem(modality);
      return length > 0 && wanted(index) ? [{ ...carried, name: scopeOf(modality), part: "denoise", length }] : [];
    }),
  ];
}

/**
 * Compiles for the device and loads the weights.
 * @throws InputError if the weights do not match the spec
 */
export async function openDecoder(
  device: OpenDevice,
  spec: CheckedSpec,
  weights: Tensors,
  options: DecoderOptions,
): Promise<Decoder> {
  const { sequences: B, piece = PIECE, capacity = spec.data.length } = options;
  const { modalities } = spec.model;
  const cache = Math.max(capacity, piece, ...modalities.map(positionsOfItem));
  const compiled = compile(spec, {
    profile: device.profile,
    batch: B,
    // A length that no phase has, so that each phase has its own fields.
    length: 0,
    phases: phasesOf(spec, options, cache),
    variants: "first",
  });
  const model = await openModel(device, compiled);
  // Weights of items that are not needed are not loaded.
  const used = new Set(compiled.parameters.map(({ name }) => name));
  await model.load("parameters", new Map([...weights].filter(([name]) => used.has(name))));
  const sequences = sequencesOn(model, spec, B, cache);
  const run = (scope: string, batch: HostBatch): void => {
    model.writeBatch(batch, scope);
    model.runtime.run([scope]);
  };
  const batchFor = (
    length: number,
    items: readonly (readonly Item[] | undefined)[],
    read: readonly number[],
  ): HostBatch =>
    arraysOf(spec, { ...tokensIn(spec, length, items), attention: sequences.attention(length, read, false) });
  const stepBatch = (items: readonly (Item | undefined)[], read: readonly number[]): HostBatch =>
    batchFor(
      1,
      items.map((item) => item && [item]),
      read,
    );
  const tokens = (scope: string, length: number, items: readonly (readonly Item[] | undefined)[]): void => {
    const read = sequences.of(items);
    run(scope, batchFor(length, items, read));
    sequences.keep(read, length);
  };

  return {
    sequences: B,
    piece,
    dispatches: (compiled.plan.phases.find(({ name }) => name === "step")?.nodes ?? []).reduce(
      (sum, { choices }) => sum + (choices[0]?.dispatches.length ?? 0),
      0,
    ),
    clear: sequences.clear,
    mark: sequences.mark,
    back: sequences.back,
    run: (lanes, steps) => runTokens({ model, sequences, batchOf: stepBatch, attends: attends(spec) }, lanes, steps),
    step: (items) =>
      tokens(
        "step",
        1,
        items.map((item) => item && [item]),
      ),
    prefill: (items) => tokens("prefill", piece, items),
    logits: (after) => model.result(labelOf({ is: "logits" }, after)),
    async items(index, items, stay) {
      const declared = modalities[index];
      const length = positionsOfItem(declared);
      if (declared === undefined || length === 0) throw new Error(`modality ${index} has no items`);
      const scope = scopeOf(declared);
      const given = sequences.of(items);
      const contents = itemsIn(index, length, items);
      run(scope, arraysOf(spec, { ...contents, attention: sequences.attention(length, given, true) }));
      sequences.keep(
        given.filter((b) => stay[b] === true),
        length,
      );
      const name = labelOf({ is: "prediction", modality: declared.name }, scope);
      if (!model.hasResult(name)) return items.map(() => undefined);
      const predicted = await model.result(name);
      const numbers = predicted.length / B;
      return items.map((item, b) => item && predicted.slice(b * numbers, (b + 1) * numbers));
    },
    destroy: () => model.runtime.destroy(),
  };
}

/** A batch with so many tokens for each sequence that has some, and padding for the others. */
function tokensIn(
  spec: CheckedSpec,
  length: number,
  items: readonly (readonly Item[] | undefined)[],
): Omit<Contents, "attention"> {
  const rows = items.length * length;
  const tokens = new Int32Array(rows);
  const document = new Int32Array(rows).fill(-1);
  const modality = new Uint32Array(rows).fill(spec.model.vocabulary.owner);
  items.forEach((list, b) => {
    list?.forEach((item, i) => {
      tokens[b * length + i] = item.id;
      document[b * length + i] = 0;
      modality[b * length + i] = item.modality;
    });
  });
  const last = Int32Array.from(items, (_, b) => b * length + length - 1);
  return { standing: { batch: items.length, length, modality, tokens, document }, more: [[{ is: "last" }, last]] };
}

/** A batch with one item of a modality per sequence, so that items and sequences have the same indices. */
function itemsIn(
  index: number,
  length: number,
  items: readonly (NoisyItem | undefined)[],
): Omit<Contents, "attention"> {
  const tokens = new Int32Array(items.length * length);
  const modality = new Uint32Array(tokens.length).fill(index);
  return {
    standing: { batch: items.length, length, modality, tokens, document: tokens },
    items(at) {
      const mine = at.index === index ? items : [];
      const numbers = length * at.shape.columns;
      const noisy = new Float32Array(items.length * numbers);
      for (const [b, item] of mine.entries()) noisy.set(item?.noisy ?? [], b * numbers);
      const timed = mine.map((item, b) => ({ position: b * length, t: item?.t ?? 0 }));
      return { timed, count: 1, numbers: [[{ is: "noisy", modality: at.name }, noisy]] };
    },
  };
}
