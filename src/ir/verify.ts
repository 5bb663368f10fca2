// verify: the rules that every program obeys between stages. A violation is a bug of the compiler, never of the spec.
import { stretches } from "./arena.js";
import { storage } from "./facts.js";
import { labelOf } from "./meaning.js";
import { inputsOf, type Op, type OpKind, outputsOf, type Rows } from "./op.js";
import { ANY, last, type Shape } from "./ops/row.js";
import { rowOf } from "./ops/table.js";
import { type Program, tensorOf } from "./program.js";
import { isField, type Stretch, type TensorId } from "./tensor.js";

/** Whether a shape matches that of a row, which may leave a number open. */
const agrees = (found: Shape, expected: Shape): boolean =>
  found.length === expected.length && expected.every((n, at) => n === ANY || n === found[at]);

const MAY_LEAVE_OUT: ReadonlySet<OpKind> = new Set(["linear", "linear_dx", "linear_dw"] as const);

/** A fault in the rows of an op, if any. Only linear layers may leave out a modality. */
function faultOfRows(op: Op, { modalities }: Program): string | undefined {
  const least = MAY_LEAVE_OUT.has(op.kind) ? -1 : 0;
  for (const value of Object.values(op)) {
    if (typeof value !== "object" || !("over" in value) || value.over === "items") continue;
    const { of, groups } = value as Extract<Rows, { readonly over: "positions" }>;
    if (of.length !== modalities) return `rows of ${of.length} modalities instead of ${modalities}`;
    if (!of.every((g) => g >= least && g < groups)) return `rows [${of}] with ${groups} groups`;
  }
  return undefined;
}

/** A view covers columns of a tensor that is not a view itself. */
function checkViews(program: Program): void {
  for (const { name, view, shape, type } of program.tensors) {
    if (!view) continue;
    const of = tensorOf(program, view.of);
    if (tensorOf(program, view.of).type !== type)
      throw new Error(`program ${program.name}: ${of.name} is not ${type}, and its view ${name} is`);
    const inside = view.column >= 0 && view.column + last(shape) <= last(of.shape) && shape[0] === of.shape[0];
    if (!inside || of.view) throw new Error(`program ${program.name}: ${name} is an invalid view of ${of.name}`);
  }
}

/** Stretches are within the arenas, and no two ops change the same numbers of an arena. */
function checkStretches(program: Program): void {
  const end = stretches(program.arenas ?? []).at(-1)?.whole;
  const size = end === undefined ? 0 : end.first + end.size;
  const changed = new Map<string, Stretch[]>();
  for (const { name, stretch } of program.tensors) {
    if (stretch && (stretch.first < 0 || stretch.first + stretch.size > size))
      throw new Error(`program ${program.name}: ${name} is a stretch outside the arenas`);
  }
  for (const { name, stretch } of program.ops.flatMap(outputsOf).map((id) => tensorOf(program, id))) {
    if (!stretch) continue;
    const before = changed.get(stretch.arena) ?? [];
    if (before.some(({ first, size }) => first < stretch.first + stretch.size && stretch.first < first + size))
      throw new Error(`program ${program.name}: two ops change the same ${name}`);
    changed.set(stretch.arena, [...before, stretch]);
  }
}

/** Every tensor that the host writes or reads has a meaning, and its label is unique. */
function checkFields(program: Program): void {
  const known = new Map<string, string>();
  for (const { role, name, means, scope } of program.tensors) {
    if (!isField(role)) continue;
    if (means === undefined) throw new Error(`program ${program.name}: the ${role} ${name} has no meaning`);
    if (name !== labelOf(means, scope))
      throw new Error(`program ${program.name}: ${name} is not the label of its meaning`);
    const meant = JSON.stringify([role, means]);
    if ((known.get(name) ?? meant) !== meant) throw new Error(`program ${program.name}: two fields are named ${name}`);
    known.set(name, meant);
  }
}

/**
 * @throws if an op reads an unwritten tensor, writes one twice or joins shapes that do not fit, or if a result is
 * missing
 */
export function verify(program: Program): Program {
  const fault = (op: Op, at: number, what: string): never => {
    throw new Error(`program ${program.name}, op ${at} (${op.kind}): ${what}`);
  };
  checkViews(program);
  checkStretches(program);
  checkFields(program);
  /** By tensor: `known` is 1 if an earlier op or the host has written it, `written` is 1 if an op has. */
  const known = Uint8Array.from(program.tensors, ({ role }) => (role === "value" || role === "result" ? 0 : 1));
  const written = new Uint8Array(program.tensors.length);
  const shape = (id: TensorId): Shape => tensorOf(program, id).shape;
  const viewsOf = new Map<TensorId, TensorId[]>();
  for (const { id, view } of program.tensors) {
    if (!view) continue;
    const views = viewsOf.get(view.of);
    if (views) views.push(id);
    else viewsOf.set(view.of, [id]);
  }
  const name = (id: TensorId): string => `${tensorOf(program, id).name} (%${id})`;
  program.ops.forEach((op, at) => {
    for (const id of inputsOf(op)) {
      if (known[id]) continue;
      const complete = viewsOf.get(id)?.every((part) => known[part]) ?? false;
      if (!complete && !known[storage(program, id).id]) fault(op, at, `reads ${name(id)} before it is written`);
    }
    const row = rowOf(op.kind);
    for (const id of outputsOf(op)) {
      if (written[id]) fault(op, at, `writes ${name(id)} a second time`);
      const { role } = tensorOf(program, id);
      if (!row.inPlace && (role === "parameter" || role === "arena")) fault(op, at, `writes the ${role} ${name(id)}`);
      written[id] = 1;
      known[id] = 1;
    }
    const rows = faultOfRows(op, program);
    if (rows !== undefined) fault(op, at, rows);
    const made = row.makes(op, shape, program);
    for (const [key, id] of Object.entries(op.out as Readonly<Record<string, TensorId>>)) {
      const expected = made[key as keyof typeof made] as Shape | undefined;
      if (expected && !agrees(shape(id), expected)) fault(op, at, `shape [${shape(id)}] instead of [${expected}]`);
    }
    for (const [found, expected] of row.fits?.(op, shape, program) ?? []) {
      if (!agrees(found, expected)) fault(op, at, `shape [${found}] instead of [${expected}]`);
    }
  });
  const lost = program.tensors.find(({ role, id }) => role === "result" && !written[id]);
  if (lost) throw new Error(`program ${program.name}: no op writes the result ${lost.name}`);
  return program;
}
