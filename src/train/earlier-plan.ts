// Reads compiled folders of earlier versions, whose fields have labels but no meanings. Meanings are derived from the labels
// when the folder is read, and old names are replaced.
import type { Compiled } from "../compile.js";
import { labelOf } from "../ir/meaning.js";
import type { Field, PlannedBuffer } from "../ir/plan.js";
import { type Table, tableName } from "../kernels/tables.js";
import { meaningNamed } from "./meaning-named.js";

type Read = Pick<Compiled, "tables"> & {
  readonly plan: { readonly fields: readonly Field[]; readonly buffers: readonly PlannedBuffer[] };
};

const HELD: ReadonlySet<PlannedBuffer["role"]> = new Set(["parameters", "gradients", "optimizer"] as const);

/** Derives the arena segment that a buffer holds from its name. */
function held(buffer: PlannedBuffer): PlannedBuffer {
  const [, arena, part] = (HELD.has(buffer.role) && /^(\w+)\.(\d+)$/.exec(buffer.name)) || [];
  return arena === undefined ? buffer : { ...buffer, holds: { arena, part: Number(part) } };
}

/** Items used to be called pictures. */
function renamed(table: Table): Table {
  const { pictures, ...rest } = table as Table & { readonly pictures?: number };
  const of = (label: string): string => {
    const means = meaningNamed(label);
    return means === undefined ? label : labelOf(means);
  };
  return { ...rest, source: of(table.source), ...(pictures !== undefined && { items: pictures }) } as Table;
}

/** Adds the meaning of every field, or returns the name of an unknown field. */
export function withMeanings<T extends Read>(compiled: T): T | { readonly unknown: string } {
  const { plan, tables } = compiled;
  if (plan.fields.every(({ means }) => means !== undefined)) return compiled;
  const now = new Map(tables.map((table) => [tableName(table), renamed(table)]));
  const fields: Field[] = [];
  for (const field of plan.fields) {
    const table = now.get(field.name);
    const means = table ? ({ is: "table", table: tableName(table) } as const) : meaningNamed(field.name);
    if (means === undefined) return { unknown: field.name };
    fields.push({ ...field, name: labelOf(means), means });
  }
  return { ...compiled, tables: [...now.values()], plan: { ...plan, fields, buffers: plan.buffers.map(held) } };
}
