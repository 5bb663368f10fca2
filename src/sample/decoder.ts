// A trained model on a device, made for sampling: sequences whose recurrent states stay there, so that each step costs the same.

import type { HostArray } from "../batch/host-array.js";
import { compile, type PhaseRequest } from "../compile.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import type { BufferRange, Field } from "../ir/plan.js";
import { positionsOfItem } from "../modalities/modality.fields.js";
import { attends, cachedArrays } from "../train/attention-inputs.js";
import { itemArrays, itemsAt, standingArrays } from "../train/host-batch.js";
import { openModel, type Tensors } from "../train/model.js";
import { advanceState, clearState, stateFields } from "../train/state.js";
import type { Item } from "./document.js";

/** An item at the time t of its noising. */
export interface NoisyItem {
  /** [positions, columns] */
  readonly noisy: Float32Array;
  readonly t: number;
}

/** Each sequence has its own state; where nothing is given for one, its state stays. */
export interface Decoder {
  readonly sequences: number;
  /** Positions that `piece` takes. */
  readonly piece: number;
  /** Dispatches of one `step`. */
  readonly dispatches: number;
  /** Takes sequences back to their beginning. */
  clear(sequences: readonly number[]): void;
  /** One token for each sequence. */
  step(items: readonly (Item | undefined)[]): void;
  /** `piece` tokens for each sequence. */
  prefill(items: readonly (readonly Item[] | undefined)[]): void;
  /** The logits [sequences, V] after the last `step`, or the last `prefill`. */
  logits(after: "step" | "prefill"): Promise<Float32Array>;
  /** Runs an item for each sequence, those of `stay` for good. What is predicted of each, by sequence. */
  items(
    modality: number,
    items: readonly (NoisyItem | undefined)[],
    stay: readonly boolean[],
  ): Promise<(Float32Array | undefined)[]>;
  destroy(): void;
}

/** Tokens that are read at once as far as a prompt goes. */
const PIECE = 32;

export interface DecoderOptions {
  readonly sequences: number;
  readonly piece?: number;
  /** Positions that attention remembers of a sequence: no sequence gets longer. By default the spec's data.length. */
  readonly capacity?: number;
  /** Whether a modality's items are wanted; all are, where it is absent. */
  readonly wanted?: (modality: number) => boolean;
}

const scopeOf = ({ name }: { readonly name: string }): string => `picture.${name}`;

function phasesOf(
  { model }: CheckedSpec,
  { sequences: batch, piece = PIECE, wanted = () => true }: DecoderOptions,
  cache: number,
): PhaseRequest[] {
  // A sequence holds one document: there is nothing to reset at.
  const carried = { noise: "given", gradients: false, state: "carried", batch, cache, reset: false } as const;
  return [
    { ...carried, name: "step", part: "next", length: 1 },
    { ...carried, name: "prefill", part: "next", length: piece },
    ...model.modalities.flatMap((modality, index): PhaseRequest[] => {
      const length = positionsOfItem(modality);
      return length > 0 && wanted(index) ? [{ ...carried, name: scopeOf(modality), part: "denoise", length }] : [];
    }),
  ];
}

/**
 * Compiles for the device and loads the weights.
 * @throws InputError where the weights are not the spec's
 */
export async function openDecoder(
  device: OpenDevice,
  spec: CheckedSpec,
  weights: Tensors,
  options: DecoderOptions,
): Promise<Decoder> {
  const { sequences: B, piece = PIECE, capacity = spec.data.length } = options;
  const { modalities, vocabulary } = spec.model;
  const cache = Math.max(capacity, piece, ...modalities.map(positionsOfItem));
  /** Positions that each sequence has read. */
  const read = new Array<number>(B).fill(0);
  const compiled = compile(spec, {
    profile: device.profile,
    batch: B,
    // Nobody's length, so that each phase has fields of its own.
    length: 0,
    phases: phasesOf(spec, options, cache),
    variants: "first",
  });
  const model = await openModel(device, compiled);
  const { runtime } = model;
  const { plan } = compiled;
  // Those of items that nobody wants are left where they are.
  const used = new Set(compiled.parameters.map(({ name }) => name));
  await model.load("parameters", new Map([...weights].filter(([name]) => used.has(name))));
  const all = Array.from({ length: B }, (_, b) => b);
  const states = stateFields(plan).map(([next, state]) => {
    const field = (name: string): Field => plan.fields.find((f) => f.name === name) as Field;
    return { next: field(next), state: field(state) };
  });
  const part = ({ buffer, offset, shape }: Field, sequence: number): BufferRange => {
    const bytes = (4 * shape.reduce((product, n) => product * n, 1)) / B;
    return { buffer, offset: offset + sequence * bytes, bytes };
  };
  /** What attention is told of a run of so many positions, in the sequences that `used` names. */
  const attention = (length: number, used: readonly number[], isItem: boolean): [string, HostArray][] => {
    const full = attends(spec) ? used.find((b) => (read[b] as number) + length > cache) : undefined;
    if (full !== undefined) {
      throw new InputError(
        "cannot-sample",
        `A sampled sequence is longer than the ${cache} positions that attention remembers.`,
        "Sample fewer tokens, or take a shorter prompt.",
      );
    }
    // What runs beside them only takes up the place.
    return cachedArrays(
      spec,
      read.map((n) => Math.min(n, cache - length)),
      length,
      isItem,
    );
  };
  /** The sequences of `stay` go on from what the last run left, which was of so many positions. */
  const keep = (stay: readonly number[], length: number): void => {
    for (const b of stay) read[b] = (read[b] as number) + length;
    if (stay.length === B) advanceState(model);
    else if (stay.length > 0)
      runtime.copy(
        stay.flatMap((b) =>
          states.map(({ next, state }) => [part(next, b), part(state, b)] as [BufferRange, BufferRange]),
        ),
      );
  };
  const tokens = (scope: string, length: number, items: readonly (readonly Item[] | undefined)[]): void => {
    const ids = new Int32Array(B * length);
    const document = new Int32Array(B * length).fill(-1);
    const modality = new Uint32Array(B * length).fill(vocabulary.owner);
    items.forEach((list, b) => {
      list?.forEach((item, i) => {
        ids[b * length + i] = item.id;
        document[b * length + i] = 0;
        modality[b * length + i] = item.modality;
      });
    });
    const last = Int32Array.from(all, (b) => b * length + length - 1);
    const used = all.filter((b) => items[b] !== undefined);
    model.writeBatch(
      new Map<string, HostArray>([
        ...standingArrays(spec, { batch: B, length, modality, tokens: ids, document }),
        ["last", last],
        ...attention(length, used, false),
      ]),
      scope,
    );
    runtime.run([scope]);
    keep(used, length);
  };

  return {
    sequences: B,
    piece,
    dispatches: (plan.phases.find(({ name }) => name === "step")?.nodes ?? []).reduce(
      (sum, { choices }) => sum + (choices[0]?.dispatches.length ?? 0),
      0,
    ),
    clear(sequences) {
      for (const b of sequences) read[b] = 0;
      if (sequences.length === B) return clearState(model);
      runtime.clear(sequences.flatMap((b) => states.map(({ state }) => part(state, b))));
    },
    step: (items) =>
      tokens(
        "step",
        1,
        items.map((item) => item && [item]),
      ),
    prefill: (items) => tokens("prefill", piece, items),
    logits: (after) => model.result(`${after}/logits`),
    async items(index, items, stay) {
      const declared = modalities[index];
      const length = positionsOfItem(declared);
      if (declared === undefined || length === 0) throw new Error(`modality ${index} has no items`);
      const scope = scopeOf(declared);
      const given = all.filter((b) => items[b] !== undefined);
      const modality = new Uint32Array(B * length).fill(index);
      const tokens = new Int32Array(B * length);
      const arrays = new Map<string, HostArray>([
        ...standingArrays(spec, { batch: B, length, modality, tokens, document: tokens }),
        ...attention(length, given, true),
      ]);
      modalities.forEach((other, m) => {
        const at = itemsAt(spec, m, { batch: B, length });
        if (at === undefined) return;
        const noisy = new Float32Array(B * length * at.shape.columns);
        const numbers = length * at.shape.columns;
        if (m === index) for (const b of given) noisy.set(items[b]?.noisy ?? [], b * numbers);
        // An item for each sequence, so that the numbers of items and sequences are the same.
        const timed = m === index ? all.map((b) => ({ position: b * length, t: items[b]?.t ?? 0 })) : [];
        for (const [name, array] of itemArrays(at, timed, 1)) arrays.set(name, array);
        arrays.set(`noisy.${other.name}`, noisy);
      });
      model.writeBatch(arrays, scope);
      runtime.run([scope]);
      keep(
        given.filter((b) => stay[b] === true),
        length,
      );
      const name = `${scope}/prediction.${declared.name}`;
      if (!model.hasResult(name)) return items.map(() => undefined);
      const predicted = await model.result(name);
      const numbers = predicted.length / B;
      return items.map((item, b) => item && predicted.slice(b * numbers, (b + 1) * numbers));
    },
    destroy: () => runtime.destroy(),
  };
}
