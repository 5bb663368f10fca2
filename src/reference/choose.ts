// The float64 meaning of the choice of the next id.
import type { OpOf } from "../ir/op.js";
import { columns, inputs, kept, make, type Values } from "./values.js";

export interface Limits {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
}

/** The number of an op's choice for one sequence. `ids` are those allowed, in ascending order. */
export function chooseId(
  logit: (id: number) => number,
  ids: readonly number[],
  { temperature, topK, topP }: Limits,
  uniform: number,
): number {
  if (ids.length === 0) return -1;
  const bad = ids.find((id) => !Number.isFinite(logit(id)));
  if (bad !== undefined)
    return -2 - 4 * bad - [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].indexOf(logit(bad)) - 1;
  const ranked = ids.toSorted((a, b) => logit(b) - logit(a) || a - b);
  const [best] = ranked as [number];
  if (temperature === 0) return best;
  const weight = (id: number) => Math.exp((logit(id) - logit(best)) / temperature);
  const massOf = (some: readonly number[]) => some.reduce((sum, id) => sum + weight(id), 0);
  const likeliest = ranked.slice(0, topK);
  const wanted = topP * massOf(likeliest);
  let mass = 0;
  const enough = likeliest.findIndex((id) => {
    mass += weight(id);
    return mass >= wanted;
  });
  const held = topP < 1 ? likeliest.slice(0, enough + 1) : likeliest;
  let rest = uniform * massOf(held);
  const found = held
    .toSorted((a, b) => a - b)
    .find((id) => {
      rest -= weight(id);
      return rest < 0;
    });
  return found ?? Math.max(...held);
}

export function choose(v: Values, op: OpOf<"choose">): void {
  const { logits, allowed, choosing, uniforms } = inputs(v, op);
  const chosen = make(v, op.out.chosen);
  const choices = kept(v, op.out.choices);
  const round = kept(v, op.out.round);
  const [V, run, bounds] = [op.in.logits, op.in.uniforms, op.in.allowed].map((id) => columns(v, id)) as [
    number,
    number,
    number,
  ];
  for (let b = 0; b < v.program.batch; b++) {
    const ids: number[] = [];
    for (let at = b * bounds; at < (b + 1) * bounds; at += 2)
      for (let id = allowed[at] as number; id < (allowed[at + 1] as number); id++) ids.push(id);
    const [temperature, topK, topP] = choosing.subarray(3 * b, 3 * b + 3) as unknown as [number, number, number];
    const at = b * run + (round[b] as number);
    const choice = chooseId(
      (id) => logits[b * V + id] as number,
      ids,
      { temperature, topK, topP },
      uniforms[at] as number,
    );
    choices[at] = choice;
    chosen[b] = Math.max(choice, -1);
    round[b] = (round[b] as number) + 1;
  }
}
