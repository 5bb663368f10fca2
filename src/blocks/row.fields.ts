// The description of a kind of block. Other rooms use it instead of asking for the kind.
import type { Reporter, Span } from "../diagnostics/diagnostic.js";
import { groupMisses, groupRepeats, partTwice, unknownModality } from "../diagnostics/model.js";
import { each, type Ownership, shared } from "../ir/ownership.js";

export interface DecoupledJson<Part extends string = string> {
  readonly part: Part;
  readonly groups?: readonly (readonly string[])[];
}

/** The context of a check, and the reporter of its errors. */
export interface Checking extends Reporter {
  readonly d_model: number;
  /** Names of the modalities. */
  readonly modalities: readonly string[];
}

/**
 * How a position sees its own item: all of it (`both`), or only the positions before (`causal`). Everything else is
 * causal, including discrete codes: next-token targets would leak otherwise.
 */
export type Spans = "both" | "causal";

export interface BlockRow<Fields, Json> {
  /** Checks JSON that matches the schema. */
  check(json: Json, checking: Checking): Fields;
  /** `d_model` must be a multiple of this. */
  multipleOf(block: Fields | Json): number;
  /** Whether it is a scan, which works in chunks and can carry its state from batch to batch. */
  readonly scans: boolean;
  /** How positions see their own item; undefined without attention. */
  spans(fields: Fields): Spans | undefined;
  /** The sizes that distinguish blocks of the kind, for display. */
  sizes(fields: Fields, d_model: number): Record<string, number>;
  /** Its stages in order. Each list ends by adding to the residual stream. */
  flow(fields: Fields): Residual[];
}

/** The groups of every part of a kind of block. Parts that `decouple` does not list are shared. */
export function owners<Part extends string>(
  known: readonly Part[],
  decouple: readonly DecoupledJson<Part>[],
  { modalities, at, report }: Omit<Checking, "d_model">,
): Record<Part, Ownership> {
  const seen = new Map<string, number>();
  const parts = Object.fromEntries(known.map((part) => [part, shared(modalities.length)])) as Record<Part, Ownership>;
  decouple.forEach((decoupled, i) => {
    const earlier = seen.get(decoupled.part);
    if (earlier !== undefined) report(partTwice(at("decouple", i), decoupled.part, at("decouple", earlier)));
    seen.set(decoupled.part, i);
    parts[decoupled.part] = ownership(decoupled, i, { modalities, at, report });
  });
  return parts;
}

function ownership(
  { part, groups }: DecoupledJson,
  index: number,
  { modalities, at, report }: Omit<Checking, "d_model">,
): Ownership {
  if (groups === undefined) return each(modalities.length);
  const listOf = new Map<string, number>();
  const wrote = new Map<string, Span>();
  groups.forEach((group, g) => {
    group.forEach((name, i) => {
      const here = at("decouple", index, "groups", g, i);
      const earlier = wrote.get(name);
      if (!modalities.includes(name)) report(unknownModality(here, name, modalities));
      else if (earlier !== undefined) report(groupRepeats(here, name, earlier));
      wrote.set(name, here);
      listOf.set(name, g);
    });
  });
  // A misspelt name also leaves out the intended one. Only one of the two errors is reported.
  const known = [...listOf.keys()].every((name) => modalities.includes(name));
  const missing = modalities.filter((name) => !listOf.has(name));
  if (known && missing.length > 0) report(groupMisses(at("decouple", index, "groups"), part, missing));
  // Groups are numbered in the order of their first modality, not in the order in which they are written.
  const numbers = new Map<number, number>();
  const of = modalities.map((name) => {
    const list = listOf.get(name) ?? 0;
    if (!numbers.has(list)) numbers.set(list, numbers.size);
    return numbers.get(list) ?? 0;
  });
  return { groups: numbers.size, of };
}

/** The boxes of one part's weights in a diagram. */
export interface PartRow {
  /** Its name in `decouple`. */
  readonly part: string;
  /** The names of its weights, as in `partName`. */
  readonly weights: readonly string[];
  readonly note: string;
}

export type Stage =
  /** Parts that read the same input. With `branches`, the second half of the output skips ahead to the gate. */
  | { readonly kind: "parts"; readonly rows: readonly PartRow[]; readonly branches?: true }
  /** An operation that mixes positions of all modalities, with its own weights inside. */
  | { readonly kind: "mixing"; readonly name: string; readonly note: string; readonly rows: readonly PartRow[] }
  /** The gate at which the branch ends. */
  | { readonly kind: "gate"; readonly note: string };

/** The stages between two places on the residual stream. */
export type Residual = readonly Stage[];

export const part = (name: string, weights: readonly string[], note = ""): PartRow => ({ part: name, weights, note });
export const alone = (name: string, weights: readonly string[], note = ""): Stage => ({
  kind: "parts",
  rows: [part(name, weights, note)],
});
