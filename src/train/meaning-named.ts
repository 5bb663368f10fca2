// Derives a meaning from a label; no other file parses labels. It is needed for inputs that have only labels: tensors in a
// file for `mom trace`, and compiled folders of versions whose fields had no meanings.
import { ID_LOSSES, type Meaning, type OfItems, type Single } from "../ir/meaning.js";

const SINGLES: { readonly [K in Exclude<Single, "id_losses">]: true } = {
  modality: true,
  embedded: true,
  reset: true,
  position: true,
  place: true,
  last: true,
  target: true,
  target_scale: true,
  target_class: true,
  noise_key: true,
  input: true,
  cotangent: true,
  output: true,
  loss: true,
  logits: true,
  allowed: true,
  choosing: true,
  uniforms: true,
  chosen: true,
  choices: true,
  round: true,
  decay: true,
  grad_norm: true,
  loss_scale: true,
  step: true,
};

/** Prefixes of a modality's name. */
const OF_ITEMS: { readonly [K in Exclude<OfItems, "item_losses">]: true } = {
  clean: true,
  noisy: true,
  noise: true,
  prediction: true,
  level: true,
  index: true,
  scale: true,
  item: true,
};

const TIMES: ReadonlySet<string> = new Set(["timestep", "waves"]);

const isSingle = (label: string): label is keyof typeof SINGLES => Object.hasOwn(SINGLES, label);
const isOfItems = (word: string): word is keyof typeof OF_ITEMS => Object.hasOwn(OF_ITEMS, word);

/** The meaning of a label; undefined if neither this version nor an earlier one has it. */
export function meaningNamed(label: string): Meaning | undefined {
  if (isSingle(label)) return { is: label };
  const [, is, layer, part] = /^(state|next)\.layers\.(\d+)\.(\w+)$/.exec(label) ?? [];
  if (part !== undefined) return { is: is as "state" | "next", layer: Number(layer), part };
  const [, theta, head, positions] = /^rotary (\S+) (\d+) (\d+)$/.exec(label) ?? [];
  if (positions !== undefined)
    return { is: "rotary", theta: Number(theta), head: Number(head), positions: Number(positions) };
  const [, word = "", of = ""] = /^(\w+)\.(.+)$/.exec(label) ?? [];
  if (word === "grad") {
    const means = meaningNamed(of);
    return means && { is: "gradient", of: means };
  }
  if (label === ID_LOSSES) return { is: "id_losses" };
  if (word === "loss") return { is: "item_losses", modality: of.replace(/ of items$/, "") };
  if (word === "keys") return { is: "keys", spans: of };
  if (word === "timesteps") return { is: "timesteps", steps: Number(of) };
  if (TIMES.has(word)) return { is: "times", as: word, modality: of };
  // The old name of `index`.
  if (word === "picture") return { is: "index", modality: of };
  return isOfItems(word) ? { is: word, modality: of } : undefined;
}
