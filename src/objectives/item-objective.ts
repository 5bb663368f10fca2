// What an objective that learns items says of itself: how items are noised, what is predicted of them, how one is drawn.
import type { HostArray } from "../batch/host-array.js";
import type { Builder } from "../ir/builder.js";
import type { TensorId } from "../ir/tensor.js";
import type { Stream } from "../random/stream.js";

/** x_t = signal · x_0 + noise · ε, at the time t that the timestep embedding sees. */
export interface Noised {
  readonly t: number;
  readonly signal: number;
  readonly noise: number;
}

/** A modality's items in a batch, for the inputs that hold their times. */
export interface Timed {
  readonly name: string;
  /** The most items that a batch can hold. */
  readonly items: number;
}

/** What a file of tensors gives of items instead of drawing it: their times, and besides noisy numbers and noise … */
export interface Given {
  /** After the batch's prefix: `timestep`. */
  readonly tensor: string;
  readonly whole: boolean;
  /** Times are at least 0 and at most this. */
  readonly most: number;
  readonly because: string;
  /** … whether clean numbers too. */
  readonly clean?: true;
}

/** How an item is drawn: it yields what it wants predicted, and is told the prediction at that time. */
export type Drawing = Generator<{ readonly x: Float32Array; readonly t: number }, Float32Array, ArrayLike<number>>;

export interface DrawSettings {
  /** Times that the drawn item visits. */
  readonly steps: number;
  /** One of `samplers`. */
  readonly sampler: string;
  /** Whether x_0 lies in [−1, 1], as pixels do. */
  readonly bounded: boolean;
}

export interface ItemObjective<O> {
  /** The time of an item in training, drawn anew. */
  draw(objective: O, numbers: Stream): number;
  at(objective: O, t: number): Noised;
  /** The time of an item that is finished, which what follows is conditioned on. */
  finished(objective: O): number;
  /** The sinusoids [items, 256] of the items' times. */
  lowerTimes(builder: Builder, objective: O, timed: Timed): TensorId;
  /** The batch tensors that `lowerTimes` reads. */
  times(objective: O, timed: Timed, t: readonly number[]): [string, HostArray][];
  /** The numbers [R, columns] to predict. @param clean x_0, an input that only exists once it is asked for */
  lowerTarget(
    builder: Builder,
    objective: O,
    of: { readonly name: string; readonly noise: TensorId; clean(): TensorId },
  ): TensorId;
  given(objective: O, name: string): Given;
  /** The usual one first. */
  readonly samplers: readonly string[];
  /** Draws an item of so many numbers. */
  sample(objective: O, numbers: number, settings: DrawSettings, draw: Stream): Drawing;
}
