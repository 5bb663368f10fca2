// What an objective that learns items says of itself: how items are noised, what is predicted of them, how one is drawn.
import type { HostField } from "../batch/host-array.js";
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

/** The items of a modality in the program, from which the target is made. */
export interface NoisedItems {
  readonly name: string;
  /** ε, [R, columns]. */
  readonly noise: TensorId;
  /** x_0, [R, columns]: an input that only exists once it is asked for. */
  clean(): TensorId;
}

/** What a trace reads of items from a file, besides noisy numbers and the noise in them. */
export interface Given {
  /** The name of their times, after the batch's prefix: `timestep`. */
  readonly tensor: string;
  /** Whether times are whole numbers. */
  readonly whole: boolean;
  /** Times are at least 0 and at most this. */
  readonly most: number;
  readonly because: string;
  /** Whether it reads clean numbers too. */
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

/** An objective of items, with its fields. */
export interface ItemObjective {
  /** The time of an item in training, drawn anew. */
  draw(numbers: Stream): number;
  at(t: number): Noised;
  /** The time of an item that is finished, which what follows is conditioned on. */
  readonly finished: number;
  /** The sinusoids [items, 256] of the items' times. */
  lowerTimes(builder: Builder, timed: Timed): TensorId;
  /** The batch tensors that `lowerTimes` reads. */
  times(timed: Timed, t: readonly number[]): HostField[];
  /** The numbers [R, columns] to predict. */
  lowerTarget(builder: Builder, noised: NoisedItems): TensorId;
  /** @param name of the modality, for messages */
  given(name: string): Given;
  /** Draws an item of so many numbers. */
  sample(numbers: number, settings: DrawSettings, draw: Stream): Drawing;
}

export interface ItemRow<O> {
  /** Ways of drawing an item, the usual one first. */
  readonly samplers: readonly string[];
  of(objective: O): ItemObjective;
}
