// The sequences of a model on a device: what each has read, and its slice of every state.
import type { HostField } from "../batch/host-array.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import type { Copies } from "../gpu/runtime.js";
import { labelOf } from "../ir/meaning.js";
import type { BufferRange, Field } from "../ir/plan.js";
import { attends, cachedArrays } from "../train/attention-inputs.js";
import type { Model } from "../train/model.js";
import { clearState, stateFields } from "../train/state.js";

/** Consecutive sequences: the first, and the one after the last. */
type Span = readonly [first: number, end: number];

/** Sequences in ascending order, as spans. */
function spansOf(sequences: readonly number[]): Span[] {
  const spans: [number, number][] = [];
  for (const b of sequences) {
    const last = spans.at(-1);
    if (last?.[1] === b) last[1]++;
    else spans.push([b, b + 1]);
  }
  return spans;
}

/** The part of a field, whose first dimension is the sequences, that belongs to a span of `count` sequences. */
function partOf({ buffer, offset, shape }: Field, [first, end]: Span, count: number): BufferRange {
  const bytes = (4 * shape.reduce((product, n) => product * n, 1)) / count;
  return { buffer, offset: offset + first * bytes, bytes: (end - first) * bytes };
}

export interface Sequences {
  /** The sequences that have input. */
  of(given: readonly unknown[]): number[];
  clear(sequences: readonly number[]): void;
  /** The inputs of attention for a run of so many positions in these sequences. The others run along without effect. */
  attention(length: number, used: readonly number[], isItem: boolean): HostField[];
  /** Copies that continue these sequences from the last run of a phase. `stayed` counts its positions. */
  advancing(stay: readonly number[]): Copies;
  stayed(stay: readonly number[], length: number): void;
  /** The same at once. */
  keep(stay: readonly number[], length: number): void;
  /** Marks where all sequences are, and returns some of them there. */
  mark(): void;
  back(sequences: readonly number[]): void;
  /** Copies a number for each of these sequences from field to field. */
  passing(sequences: readonly number[], from: string, to: string): Copies;
}

export function sequencesOn({ runtime, compiled }: Model, spec: CheckedSpec, count: number, cache: number): Sequences {
  const { fields } = compiled.plan;
  /** The number of positions that each sequence has read, now and at the mark. */
  const read = new Array<number>(count).fill(0);
  let marked = [...read];
  const named = new Map(fields.map((field) => [field.name, field]));
  const fieldOf = (name: string): Field => named.get(name) as Field;
  const states = stateFields(compiled.plan).map(([next, state]) => ({ next: fieldOf(next), state: fieldOf(state) }));
  const marks = fields.flatMap((kept) =>
    kept.means.is === "kept" ? [{ kept, state: fieldOf(labelOf({ ...kept.means, is: "state" })) }] : [],
  );
  const part = (field: Field, span: Span): BufferRange => partOf(field, span, count);
  const advancing = (stay: readonly number[]): Copies =>
    spansOf(stay).flatMap((span) =>
      states.map(({ next, state }): [BufferRange, BufferRange] => [part(next, span), part(state, span)]),
    );
  const stayed = (stay: readonly number[], length: number): void => {
    for (const b of stay) read[b] = (read[b] as number) + length;
  };
  return {
    of: (given) => [...given.keys()].filter((b) => given[b] !== undefined),
    clear(sequences) {
      for (const b of sequences) read[b] = 0;
      if (sequences.length === count) clearState({ runtime, compiled });
      else runtime.clear(sequences.flatMap((b) => states.map(({ state }) => part(state, [b, b + 1]))));
    },
    attention(length, used, isItem) {
      const full = attends(spec) && used.some((b) => (read[b] as number) + length > cache);
      if (full)
        throw new InputError(
          "cannot-sample",
          `A sampled sequence is longer than the ${cache} positions of the attention cache.`,
          "Sample fewer tokens, or use a shorter prompt.",
        );
      const places = read.map((n) => Math.min(n, cache - length));
      return cachedArrays(spec, places, length, isItem);
    },
    advancing,
    stayed,
    keep(stay, length) {
      stayed(stay, length);
      if (stay.length > 0) runtime.copy(advancing(stay));
    },
    mark() {
      marked = [...read];
      runtime.copy(marks.map(({ kept, state }) => [state.name, kept.name]));
    },
    back(sequences) {
      for (const b of sequences) read[b] = marked[b] as number;
      const returning = spansOf(sequences).flatMap((span) =>
        marks.map(({ kept, state }): [BufferRange, BufferRange] => [part(kept, span), part(state, span)]),
      );
      if (returning.length > 0) runtime.copy(returning);
    },
    passing: (sequences, from, to) =>
      spansOf(sequences).map((span) => [part(fieldOf(from), span), part(fieldOf(to), span)]),
  };
}
