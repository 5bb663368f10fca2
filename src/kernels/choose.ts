// The kernel that chooses the next ids: a workgroup for each sequence.
import type { OpOf } from "../ir/op.js";
import type { Program } from "../ir/program.js";
import { bind, type DraftChoice, flat, width } from "./draft.js";

/** Invocations are summed in a square: the sums of its lines, then the sum of these. */
const SIDE = 16;

export function choose(program: Program, { in: i, out }: OpOf<"choose">): DraftChoice[] {
  const constants = {
    SIDE,
    WORKGROUP: SIDE * SIDE,
    RANGES: width(program, i.allowed) / 2,
    RUN: width(program, i.uniforms),
  };
  const bindings = [
    bind(program, "logits", "read", i.logits),
    flat(program, "allowed", "read", i.allowed),
    flat(program, "choosing", "read", i.choosing),
    flat(program, "uniforms", "read", i.uniforms),
    flat(program, "chosen", "write", out.chosen),
    flat(program, "choices", "write", out.choices),
    flat(program, "rounds", "write", out.round),
  ];
  const workgroups = [program.batch, 1, 1] as const;
  const dispatches = [{ template: "choose" as const, label: "choose", flags: {}, constants, bindings, workgroups }];
  return [{ variant: "plain", requires: {}, scratch: [], dispatches }];
}
