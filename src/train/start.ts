// Starts a model's weights from existing tensors. Tensors that match are used, a shared one is copied to every group
// (upcycling), and the rest is drawn.
import type { Compiled } from "../compile.js";
import { CONVERT, isRead, type StoredTensor, type Tensor, typeOf } from "../data/tensor.js";
import { InputError } from "../diagnostics/input-error.js";
import type { ParameterField } from "../ir/memory.js";
import { shapeText } from "./given-tensors.js";
import { initialValues } from "./initialise.js";
import type { Tensors } from "./model.js";
import type { StartedOptimizer } from "./optimizer-state.js";

export type Fate = "taken" | "copied" | "drawn";

/** Weights from a run or a file. */
export interface FoundWeights {
  /** Where they were read, for messages. */
  readonly from: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Which modalities share which copy, if known: their names and, by tensor name, the group of each. */
  readonly owners:
    | { readonly modalities: readonly string[]; readonly of: ReadonlyMap<string, readonly number[]> }
    | undefined;
}

/** What a run starts from, if its weights are not drawn. */
export interface StartValues {
  readonly tensors: Tensors;
  readonly optimizer?: StartedOptimizer | undefined;
}

export interface Start {
  readonly tensors: Tensors;
  /** By parameter name. */
  readonly fates: ReadonlyMap<string, Fate>;
  /** The names of the weights that parameters come from, without those that are drawn. */
  readonly origins: ReadonlyMap<string, string>;
  /** Names of weights that the model does not use. */
  readonly unused: readonly string[];
}

/**
 * The name that a copy would have if it were shared, and the copy's group; a shared weight has none.
 * `local_experts_in_proj.1.weight` is a copy of `in_proj.weight`, and `feed_forward.local_experts.1.w1.weight` one of
 * `feed_forward.w1.weight`.
 */
function copyOf(name: string): { readonly base: string; readonly group: number | undefined } {
  const found = /^(.*\.)?local_experts(?:_(\w+))?\.(\d+)(\..*)?$/.exec(name);
  if (found === null) return { base: name, group: undefined };
  const [, before = "", part, group = "0", after = ""] = found;
  return { base: before + (part === undefined ? after.slice(1) : part + after), group: Number(group) };
}

/** The copies of a weight in order of groups, with their names; a shared weight is its only copy. */
type Copies = readonly { readonly name: string; readonly tensor: StoredTensor }[];

/** Finds the copies of a weight. Weights that the model does not use are not checked. */
function copiesIn({ from, tensors }: FoundWeights): (base: string) => Copies {
  const named = new Map<string, string[]>();
  for (const name of tensors.keys()) {
    const { base } = copyOf(name);
    const names = named.get(base) ?? [];
    names.push(name);
    named.set(base, names);
  }
  return (base) => {
    const copies = new Map<number, Copies[number]>();
    for (const name of named.get(base) ?? []) {
      const tensor = tensors.get(name) as StoredTensor;
      const { group = 0 } = copyOf(name);
      if (copies.has(group)) {
        throw new InputError(
          "other-weights",
          `${from} has ${base} both shared and in groups.`,
          "Remove one of the two from the file.",
        );
      }
      copies.set(group, { name, tensor });
    }
    return Array.from({ length: copies.size }, (_, group) => {
      const copy = copies.get(group);
      if (copy) return copy;
      throw new InputError("other-weights", `${from} has no copy of ${base} for group ${group}.`, "Add it.");
    });
  };
}

/** A group of the model, and what it may start from. */
interface Wanting {
  readonly field: ParameterField;
  readonly base: string;
  readonly copies: Copies;
  /** Number of groups of this part. */
  readonly groups: number;
  /** Names of the modalities in this group. */
  readonly members: readonly string[];
}

/** The copy that a group starts from; undefined if it has none. */
function sourceOf(wanting: Wanting, { from, owners }: FoundWeights): Copies[number] | undefined {
  const { base, copies, groups, members, field } = wanting;
  const [only] = copies;
  if (copies.length === 1) return only;
  const of = owners?.of.get(copies[0]?.name ?? "");
  if (owners === undefined || of === undefined) {
    if (groups === copies.length) return copies[field.group];
    throw new InputError(
      "other-weights",
      `${from} has ${copies.length} copies of ${base}, but the spec has ${groups === 1 ? "one" : groups}; which modalities own which copy is unknown.`,
      groups === 1
        ? "Decouple that part in the spec in the same way, or remove its tensors from the file, so that it is drawn."
        : "Use the folder of the run that made them, whose plan lists the owners, or use as many groups in the spec.",
    );
  }
  const sources = new Set(members.flatMap((name) => of[owners.modalities.indexOf(name)] ?? []));
  if (sources.size > 1) {
    throw new InputError(
      "other-weights",
      `In ${from} ${members.join(" and ")} have separate copies of ${base}, but share one in the spec; which copy to use is unknown.`,
      "Decouple that part in the spec in the same way; copies are not averaged.",
    );
  }
  const [source = -1] = sources;
  return copies[source];
}

function numbersOf({ tensor }: Copies[number], { name, shape }: ParameterField, from: string): Float32Array {
  if (tensor.shape.join() !== shape.join()) {
    throw new InputError(
      "other-weights",
      `${name} has the shape ${shapeText(shape)} in the spec, but ${shapeText(tensor.shape)} in ${from}.`,
      "Use the sizes, modalities and vocabulary of those weights in the spec, or remove the tensor from a copy of the file.",
    );
  }
  if (!isRead(tensor) || (tensor.dtype !== "F32" && tensor.dtype !== "F64")) {
    const real = isRead(tensor) ? ", not a floating-point type" : ", which is not supported";
    throw new InputError("other-weights", `${name} in ${from} has the type ${typeOf(tensor)}${real}.`, CONVERT);
  }
  const data = tensor.dtype === "F32" ? tensor.data : Float32Array.from(tensor.data);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const where = `${name} in ${from} contains ${data[bad]} at index ${bad}.`;
    throw new InputError(
      "other-weights",
      where,
      "Start from weights that are finite, such as those of an earlier checkpoint.",
    );
  }
  return data;
}

/**
 * @param modalities the names of the model's modalities, in order
 * @param seed the seed of weights that are drawn
 * @throws InputError if shapes differ, if it is unknown which copy a group should have, or if nothing fits
 */
export function startFrom(
  weights: FoundWeights,
  { parameters }: Pick<Compiled, "parameters">,
  modalities: readonly string[],
  seed: number,
): Start {
  const copiesFor = copiesIn(weights);
  const groupsOf = new Map<string, number>();
  for (const { name } of parameters) groupsOf.set(copyOf(name).base, (groupsOf.get(copyOf(name).base) ?? 0) + 1);
  const tensors = new Map<string, Tensor>();
  const fates = new Map<string, Fate>();
  const origins = new Map<string, string>();
  for (const field of parameters) {
    const { name, shape, group, source } = field;
    const { base } = copyOf(name);
    const copies = copiesFor(base);
    const members = modalities.filter((_, m) => source.of[m] === group);
    const groups = groupsOf.get(base) ?? 1;
    const found = copies.length === 0 ? undefined : sourceOf({ field, base, copies, groups, members }, weights);
    if (found) origins.set(name, found.name);
    const data = found
      ? numbersOf(found, field, weights.from)
      : initialValues(source.initial, shape, { seed, layer: source.layer >>> 0, part: source.part, group });
    tensors.set(name, { dtype: "F32", shape: [...shape], data });
    fates.set(name, found === undefined ? "drawn" : found.name === name ? "taken" : "copied");
  }
  const used = new Set(origins.values());
  if (used.size === 0) throw nothingFits(weights, [...tensors.keys()]);
  return { tensors, fates, origins, unused: [...weights.tensors.keys()].filter((name) => !used.has(name)) };
}

function nothingFits({ from, tensors }: FoundWeights, names: readonly string[]): InputError {
  const wanted = new Set(names.flatMap((name) => [name, copyOf(name).base]));
  const found = [...tensors.keys()].flatMap((name) => {
    const parts = name.split(".");
    const at = parts.findIndex((_, i) => i > 0 && wanted.has(copyOf(parts.slice(i).join(".")).base));
    return at < 0 ? [] : [`${parts.slice(0, at).join(".")}.`];
  });
  const [example = "nothing"] = tensors.keys();
  return new InputError(
    "other-weights",
    `${from} has no weight of the model: it has ${tensors.size} tensors, such as ${example}, and the model has ${names[0]}.`,
    found[0] === undefined
      ? "Use weights with the names of checkpoints, or set `prefix` to what precedes the names."
      : `Set what precedes the names: prefix: "${found[0]}".`,
  );
}

/**
 * The optimizer's state for weights that start from a checkpoint: where a weight is copied, its state is, too.
 * @throws InputError if a weight is drawn, whose state the checkpoint lacks
 */
export function startOptimizer(from: string, { origins, tensors }: Start, found: StartedOptimizer): StartedOptimizer {
  const drawn = [...tensors.keys()].find((name) => !origins.has(name));
  if (drawn !== undefined)
    throw new InputError(
      "other-weights",
      `init: ${from} has no ${drawn}, so it has no optimizer state for that weight.`,
      "Start without `optimizer: true`, or from the checkpoint of a model with the same parts.",
    );
  const state = new Map(
    [...found.state].map(([slot, of]) => {
      const own = [...origins].flatMap(([name, origin]) => {
        const tensor = of.get(origin);
        return tensor === undefined ? [] : [[name, tensor] as const];
      });
      return [slot, new Map(own)] as const;
    }),
  );
  return { state, updates: found.updates };
}
