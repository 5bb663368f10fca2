// What a kind of block says of itself, so that nobody else asks which kind it is.
import type { Reporter, Span } from "../diagnostics/diagnostic.js";
import { groupMisses, groupRepeats, partTwice, unknownModality } from "../diagnostics/model.js";
import { each, type Ownership, shared } from "../ir/ownership.js";

export interface DecoupledJson<Part extends string = string> {
  readonly part: Part;
  readonly groups?: readonly (readonly string[])[];
}

/** What a block is checked by, and where its mistakes are reported. */
export interface Checking extends Reporter {
  readonly d_model: number;
  /** Names of the modalities. */
  readonly modalities: readonly string[];
}

/**
 * What positions of one item see of it: all of it (`both`) or what stands before (`causal`). Everything else is causal,
 * discrete codes too: next-token targets would leak otherwise.
 */
export type Spans = "both" | "causal";

export interface BlockRow<Fields, Json> {
  /** From JSON that the schema has passed. */
  check(json: Json, checking: Checking): Fields;
  /** `d_model` must be a multiple of this. */
  multipleOf(block: Fields | Json): number;
  /** Whether it is a scan, which is cut into chunks and can carry its state from batch to batch. */
  readonly scans: boolean;
  /** What it lets positions see of their item; undefined where it attends to no keys. */
  spans(fields: Fields): Spans | undefined;
  /** What tells one block of the kind from another, for people. */
  sizes(fields: Fields, d_model: number): Record<string, number>;
  /** What it does, in the order of the data: each ends by adding to the residual stream. */
  flow(fields: Fields): Residual[];
}

/** Every part of a kind of block: shared, unless `decouple` says otherwise. */
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
  // A name that is misspelt leaves out the one that was meant: that is told once.
  const known = [...listOf.keys()].every((name) => modalities.includes(name));
  const missing = modalities.filter((name) => !listOf.has(name));
  if (known && missing.length > 0) report(groupMisses(at("decouple", index, "groups"), part, missing));
  // Groups are numbered in the order of their first modality, not in the order they are written.
  const numbers = new Map<number, number>();
  const of = modalities.map((name) => {
    const list = listOf.get(name) ?? 0;
    if (!numbers.has(list)) numbers.set(list, numbers.size);
    return numbers.get(list) ?? 0;
  });
  return { groups: numbers.size, of };
}

/** Boxes of one part's weights. */
export interface PartRow {
  /** As `decouple` names it. */
  readonly part: string;
  /** What `partName` calls its weights. */
  readonly weights: readonly string[];
  readonly note: string;
}

export type Stage =
  /** Parts that read the same input. With `branches`, the second half of what comes out skips ahead to the gate. */
  | { readonly kind: "parts"; readonly rows: readonly PartRow[]; readonly branches?: true }
  /** Where positions of all modalities meet; its own weights inside. */
  | { readonly kind: "mixing"; readonly name: string; readonly note: string; readonly rows: readonly PartRow[] }
  /** The gate, which the branch ends in. */
  | { readonly kind: "gate"; readonly note: string };

/** Stages between two places on the residual stream. */
export type Residual = readonly Stage[];

export const part = (name: string, weights: readonly string[], note = ""): PartRow => ({ part: name, weights, note });
export const alone = (name: string, weights: readonly string[], note = ""): Stage => ({
  kind: "parts",
  rows: [part(name, weights, note)],
});
