// The valid arms of a spec's ablations. An arm is one value of one path.
import { keysOf } from "./places.js";
import type { CheckedSpec, Json } from "./spec.js";
import { isObject, type Target } from "./vary.js";

export interface Arm {
  readonly value: Json;
  /** What the value changes in the checked spec, as text, for comparison with the other arms of the path. */
  readonly meaning: () => string;
}

/**
 * The valid arms of an earlier check. An editor checks a spec after every keystroke, and most arms stay as they were: a value
 * for a field of a block depends on that block and on the spec's other parts, but on no other block (`resolve`).
 */
export interface KnownArms {
  /** The spec without its blocks' fields, as text. */
  rest: string;
  /** By the JSON of their block, then by their own key. */
  blocks: ReadonlyMap<string, ReadonlyMap<string, Arm>>;
}

export const noArms = (): KnownArms => ({ rest: "", blocks: new Map() });

export interface Arms {
  /** The arm of a value, which `make` checks unless it is known; undefined if it is invalid. */
  readonly of: (target: Target, value: Json, make: () => Arm | undefined) => Arm | undefined;
  /** Replaces the known arms with those of this check. */
  readonly keep: () => void;
}

/** @param json of the spec, which is valid without its ablations */
export function armsOf(json: Json, known: KnownArms): Arms {
  const model = isObject(json) && isObject(json.model) ? json.model : {};
  const fields = isObject(model.block) ? model.block : {};
  const rest = JSON.stringify({ ...(json as object), model: { ...model, block: Object.keys(fields) } });
  const before = known.rest === rest ? known.blocks : new Map<string, ReadonlyMap<string, Arm>>();
  const found = new Map<string, Map<string, Arm>>();
  const contexts = new Map<string, string>();

  /** The name and JSON of the block that a path changes; empty for other paths, whose arms depend on the whole spec. */
  function contextOf(target: Target): string {
    const name = blockOf(target);
    if (name === undefined) return "";
    const context = contexts.get(name) ?? JSON.stringify([name, fields[name]]);
    contexts.set(name, context);
    return context;
  }

  return {
    of(target, value, make) {
      const context = contextOf(target);
      const here = found.get(context) ?? new Map<string, Arm>();
      found.set(context, here);
      const key = `${target.pointer} ${JSON.stringify(value)}`;
      const arm = here.get(key) ?? (context === "" ? undefined : before.get(context)?.get(key)) ?? make();
      if (arm !== undefined) here.set(key, arm);
      return arm;
    },
    keep() {
      known.rest = rest;
      known.blocks = found;
    },
  };
}

/** The block that a path changes; undefined for other paths. */
export function blockOf({ pointer }: Target): string | undefined {
  const [section, kind, name] = keysOf(pointer);
  return section === "model" && kind === "block" ? name : undefined;
}

/** The part of a checked spec that a path changes. */
export const changedBy = (target: Target, { model, ...spec }: CheckedSpec): unknown =>
  model.blocks.find(({ name }) => name === blockOf(target)) ?? { model, ...spec };
