// verify: what every program must obey, between any two stages. Faults are the compiler's own, never the spec's.
import { stretches } from "./arena.js";
import { storage } from "./facts.js";
import { labelOf } from "./meaning.js";
import { inputsOf, type Op, type OpKind, outputsOf, type Rows } from "./op.js";
import { ANY, last, type Shape } from "./ops/row.js";
import { rowOf } from "./ops/table.js";
import { type Program, tensorOf } from "./program.js";
import { isField, type Stretch, type TensorId } from "./tensor.js";

/** Whether a shape is what a row says, which may leave a number open. */
const agrees = (found: Shape, expected: Shape): boolean =>
  found.length === expected.length && expected.every((n, at) => n === ANY || n === found[at]);

const MAY_LEAVE_OUT: ReadonlySet<OpKind> = new Set(["linear", "linear_dx", "linear_dw"] as const);

/** What is wrong with the rows that an op names; only linear layers may leave a modality out. */
function faultOfRows(op: Op, { modalities }: Program): string | undefined {
  const least = MAY_LEAVE_OUT.has(op.kind) ? -1 : 0;
  for (const value of Object.values(op)) {
    if (typeof value !== "object" || !("over" in value) || value.over === "items") continue;
    const { of, groups } = value as Extract<Rows, { readonly over: "positions" }>;
    if (of.length !== modalities) return `rows of ${of.length} modalities, and there are ${modalities}`;
    if (!of.every((g) => g >= least && g < groups)) return `rows [${of}] of ${groups} groups`;
  }
  return undefined;
}

/** Views look at columns of a tensor that is no view itself. */
function checkViews(program: Program): void {
  for (const { name, view, shape, type } of program.tensors) {
    if (!view) continue;
    const of = tensorOf(program, view.of);
    if (tensorOf(program, view.of).type !== type)
      throw new Error(`program ${program.name}: ${name} is no ${type} there`);
    const inside = view.column >= 0 && view.column + last(shape) <= last(of.shape) && shape[0] === of.shape[0];
    if (!inside || of.view) throw new Error(`program ${program.name}: ${name} is a wrong view of ${of.name}`);
  }
}

/** Stretches lie within the arenas, and no number of an arena is changed twice. */
function checkStretches(program: Program): void {
  const end = stretches(program.arenas ?? []).at(-1)?.whole;
  const size = end === undefined ? 0 : end.first + end.size;
  const changed = new Map<string, Stretch[]>();
  for (const { name, stretch } of program.tensors) {
    if (stretch && (stretch.first < 0 || stretch.first + stretch.size > size))
      throw new Error(`program ${program.name}: ${name} is a stretch beyond the arenas`);
  }
  for (const { name, stretch } of program.ops.flatMap(outputsOf).map((id) => tensorOf(program, id))) {
    if (!stretch) continue;
    const before = changed.get(stretch.arena) ?? [];
    if (before.some(({ first, size }) => first < stretch.first + stretch.size && stretch.first < first + size))
      throw new Error(`program ${program.name}: two ops change the same ${name}`);
    changed.set(stretch.arena, [...before, stretch]);
  }
}

/** What the host writes or reads means something to it, and nothing else has the same label. */
function checkFields(program: Program): void {
  const known = new Map<string, string>();
  for (const { role, name, means, scope } of program.tensors) {
    if (!isField(role)) continue;
    if (means === undefined) throw new Error(`program ${program.name}: nobody says what the ${role} ${name} means`);
    if (name !== labelOf(means, scope))
      throw new Error(`program ${program.name}: ${name} is not the label of its meaning`);
    const meant = JSON.stringify([role, means]);
    if ((known.get(name) ?? meant) !== meant) throw new Error(`program ${program.name}: two fields are called ${name}`);
    known.set(name, meant);
  }
}

/** Throws where an op reads what nobody made, makes what exists, or joins shapes that do not fit; or lacks a result. */
export function verify(program: Program): Program {
  const fault = (op: Op, at: number, what: string): never => {
    throw new Error(`program ${program.name}, op ${at} (${op.kind}): ${what}`);
  };
  checkViews(program);
  checkStretches(program);
  checkFields(program);
  /** By tensor: 1 where an op before this one, or the host, has written it; and 1 where an op has. */
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
      const whole = viewsOf.get(id)?.every((part) => known[part]) ?? false;
      if (!whole && !known[storage(program, id).id]) fault(op, at, `reads ${name(id)} before it is made`);
    }
    const row = rowOf(op.kind);
    for (const id of outputsOf(op)) {
      if (written[id]) fault(op, at, `makes ${name(id)} a second time`);
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
      if (expected && !agrees(shape(id), expected)) fault(op, at, `shape [${shape(id)}] where [${expected}] belongs`);
    }
    for (const [found, expected] of row.fits?.(op, shape, program) ?? []) {
      if (!agrees(found, expected)) fault(op, at, `shape [${found}] where [${expected}] belongs`);
    }
  });
  const lost = program.tensors.find(({ role, id }) => role === "result" && !written[id]);
  if (lost) throw new Error(`program ${program.name}: nothing makes the result ${lost.name}`);
  return program;
}
