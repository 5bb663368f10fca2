// Declares the weights of one block: one copy for each group of modalities.
import type { Builder, Weight } from "../ir/builder.js";
import type { InitKind } from "../ir/initial.js";
import type { Ownership } from "../ir/ownership.js";

export interface Piece<Part extends string> {
  /** The part of the block whose groups it has. */
  readonly part: Part;
  /** Its number in the keys of random streams. */
  readonly stream: number;
  /** Names in checkpoints: if shared, and for group g, which replaces `*`. */
  readonly names: readonly [shared: string, grouped: string];
  readonly shape: readonly number[];
  readonly initial: InitKind;
  readonly decay: boolean;
}

/** The weights of layer `layer`, declared in the order of `pieces`. */
export function declareWeights<Name extends string, Part extends string>(
  builder: Builder,
  layer: number,
  parts: Readonly<Record<Part, Ownership>>,
  pieces: Readonly<Record<Name, Piece<Part>>>,
): Readonly<Record<Name, Weight>> {
  const declare = ({ part, stream, names: [shared, grouped], shape, initial, decay }: Piece<Part>): Weight => {
    const { groups, of } = parts[part];
    const names = groups === 1 ? [shared] : Array.from({ length: groups }, (_, g) => grouped.replace("*", String(g)));
    return builder.weight({
      names: names.map((name) => `layers.${layer}.${name}`),
      shape,
      initial,
      layer,
      part: stream,
      decay,
      of,
    });
  };
  const entries = Object.entries<Piece<Part>>(pieces).map(([name, piece]) => [name, declare(piece)] as const);
  return Object.fromEntries(entries) as Record<Name, Weight>;
}
