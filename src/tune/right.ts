// Checks a variant's results: against a float64 reference with few rows, and against another variant at full size.

import type { HostBatch } from "../batch/host-array.js";
import { layout, storage } from "../ir/facts.js";
import { inputsOf, type Op, outputsOf } from "../ir/op.js";
import { type Program, tensorOf } from "../ir/program.js";
import { count, type TensorId } from "../ir/tensor.js";
import { evaluateOp } from "../reference/evaluate.js";
import { read, type Values } from "../reference/values.js";
import { before, columnsIn, readBy } from "./alone.js";
import { givenFor } from "./given.js";
import { onStage, type Workshop } from "./stage.js";
import { read as numbersIn, stored } from "./stored.js";

/** An op with few rows, and a batch of the same size. */
export interface Small {
  readonly program: Program;
  readonly op: Op;
  readonly batch: HostBatch;
}

/** The norm of the difference divided by the norm of the expected numbers, which is at least 1e-6 per element (RMS). */
function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>, times: number): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    const wanted = times * (expected[i] as number);
    difference += ((got[i] as number) - wanted) ** 2;
    size += wanted ** 2;
  }
  return Math.sqrt(difference / Math.max(size, 1e-12 * expected.length));
}

/** The allowed relative error against float64, by the precision of the computation or the output. */
export const TOLERANCE = { f32: 2e-5, f16: 5e-4 } as const;

/** The allowed error of each output. */
function tolerances(program: Program, op: Op): number[] {
  const typeOf = (id: TensorId): string => tensorOf(program, id).type;
  const inside = op.kind === "token_loss" && typeOf(op.in.x) === "f16";
  return outputsOf(op).map((id) => TOLERANCE[inside || typeOf(id) === "f16" ? "f16" : "f32"]);
}

interface Judgement {
  /** The error of the worst output; NaN if an output contains NaN. */
  readonly error: number;
  readonly right: boolean;
}

/**
 * @param expected the op's expected outputs; `got` contains each of them multiplied by its factor in `times`
 * @param slack factor on the tolerance
 */
export function judge(
  { program, op }: { readonly program: Program; readonly op: Op },
  got: readonly ArrayLike<number>[],
  expected: readonly ArrayLike<number>[],
  { times = expected.map(() => 1), slack = 1 }: { readonly times?: readonly number[]; readonly slack?: number } = {},
): Judgement {
  const errors = expected.map((output, i) => relativeError(got[i] as ArrayLike<number>, output, times[i] as number));
  const allowed = tolerances(program, op);
  return {
    error: errors.some(Number.isNaN) ? Number.NaN : Math.max(...errors),
    right: errors.every((error, i) => error <= slack * (allowed[i] as number)),
  };
}

/** The op's inputs in float64, rounded to the types of their tensors. A view has an entry beside its storage. */
function inputsFor({ program, op, batch }: Small): Values {
  const first = before(program, op);
  const given = givenFor(program, op, batch);
  const all: Values = { program: first?.program ?? program, of: new Map() };
  const ops = first ? [first.op, op] : [op];
  for (const tensor of readBy(all.program, ops)) {
    all.of.set(tensor.id, Float64Array.from(numbersIn(tensor.type, given.of(tensor))));
  }
  for (const id of ops.flatMap(inputsOf)) {
    const numbers = all.of.get(storage(program, id).id);
    if (numbers === undefined || all.of.has(id)) continue;
    const columns = tensorOf(program, id).shape.at(-1) as number;
    const rows = count(tensorOf(program, id).shape) / columns;
    all.of.set(id, columnsIn({ rows, columns, ...layout(program, id) }, numbers));
  }
  if (first) {
    evaluateOp(all, first.op);
    for (const id of first.makes) {
      const { type } = tensorOf(program, id);
      all.of.set(id, Float64Array.from(numbersIn(type, stored(type, read(all, id)))));
    }
  }
  return { program, of: all.of };
}

/** Compares a variant's outputs with the float64 reference, with few rows. */
export async function judgeInSmall(workshop: Workshop, small: Small, variant: string): Promise<Judgement> {
  const { program, op, batch } = small;
  const v = inputsFor(small);
  const made = (before(program, op)?.makes ?? []).map(
    (id) => [id, stored(tensorOf(program, id).type, read(v, id))] as const,
  );
  evaluateOp(v, op);
  const stage = await onStage(workshop, program, op, [variant], givenFor(program, op, batch, new Map(made)));
  try {
    const outputs = outputsOf(op);
    // The variant runs twice, so gradients have accumulated twice.
    const times = outputs.map((id) => (tensorOf(program, id).role === "gradient" ? 2 : 1));
    const got = await stage.outputs(variant);
    return judge(
      small,
      got,
      outputs.map((id) => read(v, id)),
      { times },
    );
  } finally {
    stage.runtime.destroy();
  }
}
