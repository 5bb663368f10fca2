// A checked block: its sizes, and which modality owns which copy of its parts.
import { MAMBA_PARTS, type MambaPart } from "../blocks/mamba.fields.js";
import * as report from "../diagnostics/model.js";
import { each, type Ownership, shared } from "../ir/ownership.js";
import { below, valueAt } from "./places.js";
import type { Resolving } from "./resolve.js";
import type { BlockFields } from "./spec.js";
import type { BlockJson, DecoupledJson } from "./spec-json.js";

export function resolveBlock(
  name: string,
  fields: BlockJson,
  modalities: readonly string[],
  resolving: Resolving,
): BlockFields {
  const { kind, d_state, d_conv, expand, dt_rank, dt_bias, decouple } = fields;
  const at = below(below("/model/block", name), "decouple");
  const seen = new Map<string, string>();
  const parts = Object.fromEntries(MAMBA_PARTS.map((part) => [part, shared(modalities.length)])) as Record<
    MambaPart,
    Ownership
  >;
  decouple.forEach((decoupled, i) => {
    const here = below(at, i);
    const earlier = seen.get(decoupled.part);
    const { places, diagnostics } = resolving;
    if (earlier !== undefined)
      diagnostics.push(report.partTwice(valueAt(places, here), decoupled.part, valueAt(places, earlier)));
    seen.set(decoupled.part, here);
    parts[decoupled.part] = ownership(decoupled, modalities, here, resolving);
  });
  return {
    kind,
    d_state,
    d_conv,
    expand,
    dt_rank: dt_rank === "auto" ? Math.ceil(resolving.json.model.d_model / 16) : dt_rank,
    dt_bias,
    parts,
  };
}

function ownership(
  { part, groups }: DecoupledJson,
  modalities: readonly string[],
  at: string,
  { places, diagnostics }: Resolving,
): Ownership {
  if (groups === undefined) return each(modalities.length);
  const listOf = new Map<string, number>();
  const wrote = new Map<string, string>();
  groups.forEach((group, g) => {
    group.forEach((name, i) => {
      const here = below(below(below(at, "groups"), g), i);
      const earlier = wrote.get(name);
      if (!modalities.includes(name)) diagnostics.push(report.unknownModality(valueAt(places, here), name, modalities));
      else if (earlier !== undefined)
        diagnostics.push(report.groupRepeats(valueAt(places, here), name, valueAt(places, earlier)));
      wrote.set(name, here);
      listOf.set(name, g);
    });
  });
  const missing = modalities.filter((name) => !listOf.has(name));
  if (missing.length > 0) diagnostics.push(report.groupMisses(valueAt(places, below(at, "groups")), part, missing));
  // Groups are numbered in the order of their first modality, not in the order they are written.
  const numbers = new Map<number, number>();
  const of = modalities.map((name) => {
    const list = listOf.get(name) ?? 0;
    if (!numbers.has(list)) numbers.set(list, numbers.size);
    return numbers.get(list) ?? 0;
  });
  return { groups: numbers.size, of };
}
