// Kernels of the selective scan: local runs of the chunks, the carry from chunk to chunk, the replay.
import type { OpOf } from "../ir/op.js";
import type { Requirement } from "../ir/plan.js";
import type { Program } from "../ir/program.js";
import { bind, type DraftChoice, type DraftDispatch, QUADS, rowFacts, scratch, withFunctions } from "./draft.js";
import { bindBC, bindSsm, hasFours, scanConstants, scanSizes, storageBuffers, suitsQuads } from "./scan-bindings.js";

type Form = "fours" | "quads" | "channels";
interface FormFacts {
  readonly template: "scan" | "scan_fours" | "scan_quads";
  readonly requires: Requirement;
  /** Of a workgroup. */
  readonly channels: number;
}
/** fours: four positions and four states at a time, on GPUs. quads: four channels share what they load of B and C. */
const FORMS: Readonly<Record<Form, FormFacts>> = {
  fours: { template: "scan_fours", requires: { kind: "gpu" }, channels: 64 },
  quads: { template: "scan_quads", requires: QUADS, channels: 8 },
  channels: { template: "scan", requires: {}, channels: 64 },
};

export function scan(program: Program, op: OpOf<"scan">): DraftChoice[] {
  const sizes = scanSizes(program, op);
  const suits: Readonly<Record<Form, boolean>> = {
    fours: hasFours(program, op, sizes),
    quads: suitsQuads(sizes),
    channels: true,
  };
  return (["fours", "quads", "channels"] as const)
    .filter((form) => suits[form])
    .map((form) => draft(program, op, form));
}

function draft(program: Program, op: OpOf<"scan">, form: Form): DraftChoice {
  const { u, delta, B, C, A_log, D, z, h0, reset } = op.in;
  const { h_end } = op.out;
  const sizes = scanSizes(program, op);
  const { channels, states, blocks, many, aGroups } = sizes;
  // One chunk alone passes nothing on, unless its last h is asked for.
  const passes = many || h_end !== undefined;
  const constants = scanConstants(program, op, sizes);
  const { template, requires, channels: ofWorkgroup } = FORMS[form];
  const fours = form === "fours";
  const flags = {
    GATED: z !== undefined,
    RESET: reset !== undefined,
    MANY: passes,
    STATE_IN: h0 !== undefined,
    STATE_OUT: h_end !== undefined,
    ADVANCES: fours,
    RETREATS: false,
    LOCAL: false,
    CARRY: false,
    REPLAY: false,
  };
  const written = form === "quads" ? { enables: ["subgroups"] } : {};
  const workgroups = [Math.ceil(channels / ofWorkgroup), blocks, 1] as const;
  const localFacts = rowFacts(program, reset, { group_a: op.rowsA });
  const replayFacts = rowFacts(program, reset, { group_a: op.rowsA, group_d: op.rowsD });
  const local: DraftDispatch = {
    template,
    label: "scan_local",
    ...written,
    flags: { ...flags, LOCAL: true },
    constants,
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
    workgroups,
  };
  const carry: DraftDispatch = {
    template: "scan",
    label: "scan_carry",
    flags: { ...flags, CARRY: true },
    constants,
    bindings: [
      bindSsm(A_log, D),
      scratch("scratch", "read"),
      ...(h0 === undefined ? [] : [bind(program, "h0", "read", h0)]),
      bind(program, "carry", "write", op.out.carry),
      ...(h_end === undefined ? [] : [bind(program, "h_end", "write", h_end)]),
    ],
    workgroups: [Math.ceil(channels / 64), program.batch, states],
  };
  const replay: DraftDispatch = {
    template,
    label: "scan_replay",
    ...written,
    flags: { ...flags, REPLAY: true },
    constants,
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
    workgroups,
  };
  return {
    variant: form,
    requires: { ...requires, storageBuffers: storageBuffers([local, replay]) },
    scratch: [4 * blocks * channels * (states + aGroups)],
    dispatches: passes ? [local, carry, replay] : [carry, replay],
  };
}
