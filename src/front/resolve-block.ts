// A checked block: its sizes, and which modality owns which copy of its parts.
import { ATTENTION_PARTS, type AttentionFields, autoFfn, MAX_HEAD } from "../blocks/attention.fields.js";
import { MAMBA_PARTS, type MambaFields } from "../blocks/mamba.fields.js";
import * as report from "../diagnostics/model.js";
import { each, type Ownership, shared } from "../ir/ownership.js";
import { below, valueAt } from "./places.js";
import type { Resolving } from "./resolving.js";
import type { BlockFields } from "./spec.js";
import type { AttentionJson, BlockJson, DecoupledJson, MambaJson } from "./spec-json.js";

export function resolveBlock(
  name: string,
  fields: BlockJson,
  modalities: readonly string[],
  resolving: Resolving,
): BlockFields {
  const at = below("/model/block", name);
  return fields.kind === "mamba"
    ? mamba(at, fields, modalities, resolving)
    : attention(at, fields, modalities, resolving);
}

function mamba(at: string, fields: MambaJson, modalities: readonly string[], resolving: Resolving): MambaFields {
  const { kind, d_state, d_conv, expand, dt_rank, dt_bias, decouple } = fields;
  return {
    kind,
    d_state,
    d_conv,
    expand,
    dt_rank: dt_rank === "auto" ? Math.ceil(resolving.json.model.d_model / 16) : dt_rank,
    dt_bias,
    parts: owners(MAMBA_PARTS, decouple, at, modalities, resolving),
  };
}

function attention(
  at: string,
  fields: AttentionJson,
  modalities: readonly string[],
  resolving: Resolving,
): AttentionFields {
  const { kind, heads, rope_theta, spans, decouple } = fields;
  const { json, places, diagnostics } = resolving;
  const { d_model } = json.model;
  const kv_heads = fields.kv_heads ?? heads;
  const headsAt = valueAt(places, below(at, "heads"));
  if (d_model % heads !== 0) diagnostics.push(report.headsDoNotDivide(headsAt, heads, d_model));
  else if (d_model / heads > MAX_HEAD)
    diagnostics.push(report.headTooLarge(headsAt, heads, d_model / heads, MAX_HEAD, d_model));
  if (heads % kv_heads !== 0)
    diagnostics.push(report.kvHeadsDoNotDivide(valueAt(places, below(at, "kv_heads")), kv_heads, heads));
  const ffn = fields.ffn === "auto" ? autoFfn(d_model) : fields.ffn === "none" ? 0 : fields.ffn;
  if (ffn === 0) {
    decouple.forEach(({ part }, i) => {
      const absent = part === "ffn" || part === "ffn_norm";
      if (absent) diagnostics.push(report.partAbsent(valueAt(places, below(below(at, "decouple"), i)), part));
    });
  }
  const parts = owners(ATTENTION_PARTS, decouple, at, modalities, resolving);
  return { kind, heads, kv_heads, ffn, rope_theta, spans, parts };
}

/** Every part of a kind of block: shared, unless `decouple` says otherwise. */
function owners<Part extends string>(
  known: readonly Part[],
  decouple: readonly DecoupledJson<Part>[],
  block: string,
  modalities: readonly string[],
  resolving: Resolving,
): Record<Part, Ownership> {
  const at = below(block, "decouple");
  const { places, diagnostics } = resolving;
  const seen = new Map<string, string>();
  const parts = Object.fromEntries(known.map((part) => [part, shared(modalities.length)])) as Record<Part, Ownership>;
  decouple.forEach((decoupled, i) => {
    const here = below(at, i);
    const earlier = seen.get(decoupled.part);
    if (earlier !== undefined)
      diagnostics.push(report.partTwice(valueAt(places, here), decoupled.part, valueAt(places, earlier)));
    seen.set(decoupled.part, here);
    parts[decoupled.part] = ownership(decoupled, modalities, here, resolving);
  });
  return parts;
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
  // A name that is misspelt leaves out the one that was meant: that is told once.
  const known = [...listOf.keys()].every((name) => modalities.includes(name));
  const missing = modalities.filter((name) => !listOf.has(name));
  if (known && missing.length > 0)
    diagnostics.push(report.groupMisses(valueAt(places, below(at, "groups")), part, missing));
  // Groups are numbered in the order of their first modality, not in the order they are written.
  const numbers = new Map<number, number>();
  const of = modalities.map((name) => {
    const list = listOf.get(name) ?? 0;
    if (!numbers.has(list)) numbers.set(list, numbers.size);
    return numbers.get(list) ?? 0;
  });
  return { groups: numbers.size, of };
}
