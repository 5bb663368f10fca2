// The meaning of a tensor that the host writes or reads, as a tagged value, and its label. The label names the tensor
// in messages and plans and is its key in a batch. Labels are only made from meanings; code that needs the kind reads
// `is`.

/** Meanings that occur once in a program. */
export type Single =
  /** The modality of each position, [R]; the id embedded there, −1 for none; 1 if a document starts there. */
  | "modality"
  | "embedded"
  | "reset"
  /** The RoPE position of each row, [R]; the offset in the caches at which new positions are written, [batch]. */
  | "position"
  | "place"
  /** The position of each sequence whose logits are wanted, [batch]. */
  | "last"
  /**
   * By position, [R]: the id to predict, −1 for none; the weight of its loss; the modality that its loss counts for.
   */
  | "target"
  | "target_scale"
  | "target_class"
  /** The key of a batch's noise, besides the items' own keys: [2]. */
  | "noise_key"
  /** For a stack of blocks alone: its input, the factor of its output, its output, and the sum of their product. */
  | "input"
  | "cotangent"
  | "output"
  | "loss"
  /** The output of the head: [batch, V]. */
  | "logits"
  /**
   * For choosing the next ids (the op `choose`): the allowed ids, temperature and limits, and random numbers; the last
   * choice, all choices of a run, and their number so far.
   */
  | "allowed"
  | "choosing"
  | "uniforms"
  | "chosen"
  | "choices"
  | "round"
  /** Losses of predicted ids, summed for each modality: [modalities]. */
  | "id_losses"
  /** One bit for each block of 64 numbers of the arenas: whether it decays. */
  | "decay"
  /** The norm of the gradients, and 1 if it is not finite: [2]. */
  | "grad_norm"
  /** The scale of the losses (ir/loss-scale.ts). */
  | "loss_scale"
  /** The scalars of a step (ir/step.ts). */
  | "step";

/** Meanings that occur once for each modality of items. */
export type OfItems =
  /** x_0, x_t, ε and the model's prediction at the items' positions: [R, columns]. */
  | "clean"
  | "noisy"
  | "noise"
  | "prediction"
  /** The factors of x_0 and ε in x_t, [R, 2]. */
  | "level"
  /** By position, [R]: the index of its item, −1 for none; the weight of its loss. */
  | "index"
  | "scale"
  /** For each item, its first position and the keys of its noise: [items, 4]. */
  | "item"
  /** The summed loss of its positions: [1]. */
  | "item_losses";

export type Meaning =
  | { readonly is: Single }
  | { readonly is: OfItems; readonly modality: string }
  /** The times of a modality's items, in the form that its objective uses. */
  | { readonly is: "times"; readonly as: string; readonly modality: string }
  /**
   * The first and last key that each position attends to, [R, 2]. `spans` sets how positions of one item see each
   * other.
   */
  | { readonly is: "keys"; readonly spans: string }
  /** One part of a layer's state of each sequence, before and after a run. */
  | { readonly is: "state" | "next"; readonly layer: number; readonly part: string }
  /** A copy of the state at the start of a run, to which a sequence can return. */
  | { readonly is: "kept"; readonly layer: number; readonly part: string }
  /** Sinusoids of the times 0 … steps. */
  | { readonly is: "timesteps"; readonly steps: number }
  /** Cosines and sines of RoPE: base of the angles, columns of a head, positions. */
  | { readonly is: "rotary"; readonly theta: number; readonly head: number; readonly positions: number }
  | { readonly is: "gradient"; readonly of: Meaning }
  /** A table of rows that the host makes (kernels/tables.ts). */
  | { readonly is: "table"; readonly table: string }
  /** A tensor of an op that runs by itself. It has no other meaning. */
  | { readonly is: "named"; readonly name: string };

export const ID_LOSSES = "loss.tokens";

/** The name of a part of the state in files: `layers.0.h`. */
export const partLabel = ({ layer, part }: { readonly layer: number; readonly part: string }): string =>
  `layers.${layer}.${part}`;

const alone = (means: Meaning): string => {
  switch (means.is) {
    case "id_losses":
      return ID_LOSSES;
    case "item_losses": {
      // A modality of items may also be called `tokens`.
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
    case "kept":
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

/** The label of a meaning. In a scope (ir/scope.ts) it starts with the scope's name. Labels are unique in a program. */
export const labelOf = (means: Meaning, scope?: string): string =>
  scope === undefined ? alone(means) : `${scope}/${alone(means)}`;
