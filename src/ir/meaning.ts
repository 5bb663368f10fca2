// What a tensor means that the host writes or reads, as a tagged value; and its label, which names it for people, in
// plans, and as the key of a batch. Labels are only ever made from meanings: whoever asks what a tensor is asks `is`.

/** What there is once in a program. */
export type Single =
  /** The modality of each position, [R]; the id that is embedded there, −1 for none; whether a document begins there. */
  | "modality"
  | "embedded"
  | "reset"
  /** Where each position stands for RoPE, [R]; where a run's positions go in the caches, [batch]. */
  | "position"
  | "place"
  /** The position of each sequence at which logits are wanted, [batch]. */
  | "last"
  /** The id that each position predicts, −1 for none; what its loss weighs; the modality to whose loss it counts: [R]. */
  | "target"
  | "target_scale"
  | "target_class"
  /** What a batch's noise is drawn by, besides the items' own keys: [2]. */
  | "noise_key"
  /** Of a stack of blocks alone: what enters, what its output is multiplied by; what leaves, and the sum of the product. */
  | "input"
  | "cotangent"
  | "output"
  | "loss"
  /** Of the head: [batch, V]. */
  | "logits"
  /** Losses of predicted ids, summed by modality: [modalities]. */
  | "id_losses"
  /** Which 64 numbers of the arenas decay, a bit each. */
  | "decay"
  /** The gradients' norm, and whether it is not finite: [2]. */
  | "grad_norm"
  /** The scale of the losses (ir/loss-scale.ts). */
  | "loss_scale"
  /** The scalars of a step (ir/step.ts). */
  | "step";

/** What there is for each modality of items. */
export type OfItems =
  /** x_0, x_t, ε, and what the model predicts at the items' positions: [R, columns]. */
  | "clean"
  | "noisy"
  | "noise"
  | "prediction"
  /** How much of x_0 and of ε is in x_t, [R, 2]. */
  | "level"
  /** Which item each position belongs to, −1 for none; what its loss weighs: [R]. */
  | "index"
  | "scale"
  /** Of each item: its first position, then what its noise is drawn by: [items, 4]. */
  | "item"
  /** The loss of its positions, summed: [1]. */
  | "item_losses";

export type Meaning =
  | { readonly is: Single }
  | { readonly is: OfItems; readonly modality: string }
  /** The times of a modality's items, as its objective wants them. */
  | { readonly is: "times"; readonly as: string; readonly modality: string }
  /** First and last key that each position sees, [R, 2], where items see each other as `spans` says. */
  | { readonly is: "keys"; readonly spans: string }
  /** A part of what a layer remembers of each sequence: as it enters a run, and as it leaves it. */
  | { readonly is: "state" | "next"; readonly layer: number; readonly part: string }
  /** Sinusoids of the times 0 … steps. */
  | { readonly is: "timesteps"; readonly steps: number }
  /** Cosines and sines of RoPE: base of the angles, columns of a head, positions. */
  | { readonly is: "rotary"; readonly theta: number; readonly head: number; readonly positions: number }
  | { readonly is: "gradient"; readonly of: Meaning }
  /** A table of rows that the host makes (kernels/tables.ts). */
  | { readonly is: "table"; readonly table: string }
  /** A tensor of an op that is run by itself: it means nothing beyond that. */
  | { readonly is: "named"; readonly name: string };

export const ID_LOSSES = "loss.tokens";

/** A part of the state as files name it: `layers.0.h`. */
export const partLabel = ({ layer, part }: { readonly layer: number; readonly part: string }): string =>
  `layers.${layer}.${part}`;

const alone = (means: Meaning): string => {
  switch (means.is) {
    case "id_losses":
      return ID_LOSSES;
    case "item_losses": {
      // A modality of items may be called `tokens`, too.
      const label = `loss.${means.modality}`;
      return label === ID_LOSSES ? `${label} of items` : label;
    }
    case "clean":
    case "noisy":
    case "noise":
    case "prediction":
    case "level":
    case "index":
    case "scale":
    case "item":
      return `${means.is}.${means.modality}`;
    case "times":
      return `${means.as}.${means.modality}`;
    case "keys":
      return `keys.${means.spans}`;
    case "state":
    case "next":
      return `${means.is}.${partLabel(means)}`;
    case "timesteps":
      return `timesteps.${means.steps}`;
    case "rotary":
      return `rotary ${means.theta} ${means.head} ${means.positions}`;
    case "gradient":
      return `grad.${alone(means.of)}`;
    case "table":
      return means.table;
    case "named":
      return means.name;
    default:
      return means.is;
  }
};

/** Within a scope (ir/scope.ts) it begins with the scope's name. No two meanings of a program have the same label. */
export const labelOf = (means: Meaning, scope?: string): string =>
  scope === undefined ? alone(means) : `${scope}/${alone(means)}`;
