// What may change when a run is resumed: a total table of a spec's fields, so that a new field must take a side.
import type { OptimizerFields } from "../optimizers/optimizer.fields.js";
import { printAt } from "./print-spec.js";
import { fieldNode, ROOT, type SchemaNode } from "./schema.js";
import type { Json, TrainFields } from "./spec.js";
import type { AblationJson, SpecJson } from "./spec-json.js";
import { isObject, kindIn, valueIn } from "./vary.js";

/**
 * - `may`: the run continues with the new value;
 * - `fixed`: another value is another run;
 * - `rows`: may change, unless the rows of a batch are streams that carry a state (`data.carry`);
 * - `documents`: sources may follow at the end; whether the documents of the others still begin with those of the run is
 *   checked when they are read;
 * - `none`: the run does not depend on it.
 */
type Side = "may" | "fixed" | "rows" | "documents" | "none";
type Sides = Side | { readonly [field: string]: Sides };

/** The fields of a type, or of any type of a union. */
type FieldOf<T> = T extends object ? keyof T & string : never;
/** A side for each field of `T`. */
type Total<T> = { readonly [Field in FieldOf<T>]-?: Sides };

const OPTIMIZER: Total<OptimizerFields> = {
  kind: "fixed",
  lr: "may",
  weight_decay: "may",
  betas: "fixed",
  eps: "fixed",
  momentum: "fixed",
  rest: { kind: "fixed", lr: "may", weight_decay: "may", betas: "fixed", eps: "fixed" } satisfies Total<
    Extract<OptimizerFields, { rest: unknown }>["rest"]
  >,
};

const TABLE: Total<SpecJson> & Total<{ ablate: AblationJson }> = {
  model: "fixed",
  objective: "fixed",
  data: {
    source: "documents",
    validation: "may",
    length: "fixed",
    held_out: "fixed",
    reset: "fixed",
    carry: "fixed",
  } satisfies Total<SpecJson["data"]>,
  train: {
    steps: "may",
    batch: "rows",
    accumulate: "may",
    init: "fixed",
    optimizer: OPTIMIZER,
    schedule: "may",
    clip: "may",
    precision: "fixed",
    recompute: "may",
    seed: "fixed",
    validate_every: "may",
    checkpoint_every: "may",
    samples_every: "may",
    keep: "may",
    keep_best: "may",
    stop: "may",
  } satisfies Total<TrainFields>,
  ablate: "none",
};

/** A field that differs between the spec of a run and the one that it is resumed with. */
export interface FieldChange {
  readonly path: string;
  /** The values as they are written; undefined for a field without a value. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly allowed: boolean;
}

/** The differences of two specs with their defaults, in the order of the fields. Paths of files are not compared. */
export function changesBetween(was: Json, is: Json): FieldChange[] {
  const streams = valueIn(was, "/data/carry") === true;
  const changes: FieldChange[] = [];
  const add = (keys: readonly string[], before: Json | undefined, after: Json | undefined, allowed: boolean) => {
    const path = pathOf(keys);
    const written = (whole: Json, value: Json | undefined) =>
      value === undefined ? undefined : printAt(whole, path, value);
    changes.push({ path, from: written(was, before), to: written(is, after), allowed });
  };
  const visit = (at: Place, sides: Sides, before: Json | undefined, after: Json | undefined): void => {
    const { keys, node } = at;
    if (sides === "none" || node.syntax === "path" || JSON.stringify(before) === JSON.stringify(after)) return;
    if (sides === "documents") return void visitSources(at, before, after);
    if (!isObject(before) || !isObject(after) || before.kind !== after.kind) {
      const side = typeof sides === "string" ? sides : (sides.kind ?? "fixed");
      add(keys, before, after, side === "may" || (side === "rows" && !streams));
      return;
    }
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const inside = { keys: [...keys, key], node: fieldNode(kindIn(node, before), key) ?? {} };
      visit(inside, typeof sides === "string" ? sides : (sides[key] ?? "fixed"), before[key], after[key]);
    }
  };
  const visitSources = (at: Place, before: Json | undefined, after: Json | undefined): void => {
    const [old, now] = [partsIn(before), partsIn(after)];
    if (now.length !== old.length) add(at.keys, before, after, now.length > old.length);
    for (const [i, part] of old.slice(0, now.length).entries()) {
      visit(at, "fixed", part.source, now[i]?.source);
      if (part.weight !== now[i]?.weight) add([...at.keys, "weight"], part.weight, now[i]?.weight, false);
    }
  };
  visit({ keys: [], node: ROOT }, TABLE, was, is);
  return changes;
}

interface Place {
  readonly keys: readonly string[];
  readonly node: SchemaNode;
}

/** The sources of a mixture, or the one source, each with its weight. */
function partsIn(source: Json | undefined): readonly { readonly source: Json; readonly weight: Json }[] {
  const parts = isObject(source) && Array.isArray(source.of) ? source.of : [source ?? null];
  return parts.map((part: Json) => {
    const { weight = 1, ...fields } = isObject(part) ? part : {};
    return { source: isObject(part) ? fields : part, weight };
  });
}

/** The path of a field as `--set` and `vary` write it: blocks and modalities are known by their names. */
const pathOf = ([first, second, ...rest]: readonly string[]): string =>
  first === "model" && (second === "block" || second === "modality") && rest.length > 0
    ? rest.join(".")
    : [first, second, ...rest].filter((key) => key !== undefined).join(".");
