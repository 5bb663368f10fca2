// The description of an objective that predicts items: their noise, the target of the prediction, and sampling.
import type { HostField } from "../batch/host-array.js";
import type { Builder } from "../ir/builder.js";
import type { TensorId } from "../ir/tensor.js";
import type { Stream } from "../random/stream.js";

/** x_t = signal · x_0 + noise · ε. The timestep embedding gets t. */
export interface Noised {
  readonly t: number;
  readonly signal: number;
  readonly noise: number;
}

/** A modality's items in a batch, for declaring the inputs that hold their times. */
export interface Timed {
  readonly name: string;
  /** The largest number of items in a batch. */
  readonly items: number;
}

/** The items of a modality in the program, from which the target is computed. */
export interface NoisedItems {
  readonly name: string;
  /** ε, [R, columns]. */
  readonly noise: TensorId;
  /** x_0, [R, columns]. The input is declared only if this is called. */
  clean(): TensorId;
}

/** What a trace reads about items from a file, besides noisy numbers and their noise. */
export interface Given {
  /** The name of the times' tensor after the batch's prefix: `timestep`. */
  readonly tensor: string;
  /** Whether times are integers. */
  readonly integer: boolean;
  /** The largest time; the smallest is 0. */
  readonly most: number;
  readonly because: string;
  /** Whether it also reads clean numbers. */
  readonly clean?: true;
}

/** Samples an item: yields a noisy item and its time, and receives the prediction. */
export type Drawing = Generator<{ readonly x: Float32Array; readonly t: number }, Float32Array, ArrayLike<number>>;

export interface DrawSettings {
  /** Times at which the model predicts. */
  readonly steps: number;
  /** One of `samplers`. */
  readonly sampler: string;
  /** Whether x_0 is in [−1, 1], as for pixels. */
  readonly bounded: boolean;
}

/** An objective of items, with its fields. */
export interface ItemObjective {
  /** Draws the time of an item in training. */
  draw(numbers: Stream): number;
  at(t: number): Noised;
  /** The time of a finished item, on which the rest of the sequence is conditioned. */
  readonly finished: number;
  /** The sinusoids [items, 256] of the items' times. */
  lowerTimes(builder: Builder, timed: Timed): TensorId;
  /** Fills the batch tensors that `lowerTimes` reads. */
  times(timed: Timed, t: readonly number[]): HostField[];
  /** The target [R, columns] of the prediction. */
  lowerTarget(builder: Builder, noised: NoisedItems): TensorId;
  /** @param name of the modality, for messages */
  given(name: string): Given;
  /** Samples an item with this many numbers. */
  sample(numbers: number, settings: DrawSettings, draw: Stream): Drawing;
}

export interface ItemRow<O> {
  /** The names of its samplers, the default first. */
  readonly samplers: readonly string[];
  of(objective: O): ItemObjective;
}
