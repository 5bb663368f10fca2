// Kernels of the selective scan: local runs of the chunks, the carry from chunk to chunk, the replay.
import type { OpOf } from "../ir/op.js";
import type { Program } from "../ir/program.js";
import { bind, type DraftChoice, type DraftDispatch, rowFacts, scratch, withFunctions } from "./draft.js";
import { bindBC, bindSsm, hasFours, scanSizes, storageBuffers } from "./scan-bindings.js";

export function scan(program: Program, op: OpOf<"scan">): DraftChoice[] {
  const channels = draft(program, op, false);
  if (!hasFours(program, op, scanSizes(program, op))) return [channels];
  return [draft(program, op, true), channels];
}

/** @param fours four positions and four states at a time, on GPUs */
function draft(program: Program, op: OpOf<"scan">, fours: boolean): DraftChoice {
  const { u, delta, B, C, A_log, D, z, h0, reset } = op.in;
  const { h_end } = op.out;
  const { channels, states, blocks, many, aGroups, constants: sizes } = scanSizes(program, op);
  // One chunk alone passes nothing on, unless its last h is asked for.
  const passes = many || h_end !== undefined;
  const constants = { ...sizes, MANY: passes, STATE_IN: h0 !== undefined, STATE_OUT: h_end !== undefined };
  const across = Math.ceil(channels / 64);
  const localFacts = rowFacts(program, reset, { group_a: op.rowsA });
  const replayFacts = rowFacts(program, reset, { group_a: op.rowsA, group_d: op.rowsD });
  const template = fours ? "scan_fours" : "scan";
  const local: DraftDispatch = {
    template,
    label: "scan_local",
    constants: { ...constants, LOCAL: true, ADVANCES: fours },
    bindings: withFunctions(
      [
        bind(program, "u", "read", u),
        bind(program, "delta", "read", delta),
        ...bindBC(program, B, C, "B", fours),
        bindSsm(A_log, D),
        ...localFacts.bindings,
        scratch("scratch", "write"),
      ],
      ...localFacts.functions,
    ),
    workgroups: [across, blocks, 1],
  };
  const carry: DraftDispatch = {
    template: "scan",
    label: "scan_carry",
    constants: { ...constants, CARRY: true },
    bindings: [
      bindSsm(A_log, D),
      scratch("scratch", "read"),
      ...(h0 === undefined ? [] : [bind(program, "h0", "read", h0)]),
      bind(program, "carry", "write", op.out.carry),
      ...(h_end === undefined ? [] : [bind(program, "h_end", "write", h_end)]),
    ],
    workgroups: [across, program.batch, states],
  };
  const replay: DraftDispatch = {
    template,
    label: "scan_replay",
    constants: { ...constants, REPLAY: true, ADVANCES: fours },
    bindings: withFunctions(
      [
        bind(program, "u", "read", u),
        bind(program, "delta", "read", delta),
        ...bindBC(program, B, C, "both", fours),
        ...(z === undefined ? [] : [bind(program, "z", "read", z)]),
        bindSsm(A_log, D),
        ...replayFacts.bindings,
        bind(program, "carry", "read", op.out.carry),
        bind(program, "y", "write", op.out.y),
      ],
      ...replayFacts.functions,
    ),
    workgroups: [across, blocks, 1],
  };
  const gpu = fours ? ({ kind: "gpu" } as const) : {};
  return {
    variant: fours ? "fours" : "channels",
    requires: { ...gpu, storageBuffers: storageBuffers([local, replay]) },
    scratch: [4 * blocks * channels * (states + aGroups)],
    dispatches: passes ? [local, carry, replay] : [carry, replay],
  };
}
