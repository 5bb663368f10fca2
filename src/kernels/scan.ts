// Kernels of the selective scan: local runs of the chunks, the carry from chunk to chunk, and the replay.
import type { OpOf } from "../ir/op.js";
import type { Requirement } from "../ir/plan.js";
import type { Program } from "../ir/program.js";
import { bind, type DraftChoice, type DraftDispatch, QUADS, rowFacts, scratch, withFunctions } from "./draft.js";
import { QUAD_OPERATIONS } from "./product-shapes.js";
import { bindBC, bindSsm, scanConstants, scanSizes, storageBuffers, suitsQuads, suitsVec4 } from "./scan-bindings.js";

type Form = "fours" | "channels";
interface FormFacts {
  readonly template: "scan" | "scan_vec4";
  readonly requires: Requirement;
}
/** `fours`: four positions and four states at a time, on GPUs. */
const FORMS: Readonly<Record<Form, FormFacts>> = {
  fours: { template: "scan_vec4", requires: { kind: "gpu" } },
  channels: { template: "scan", requires: {} },
};

export function scan(program: Program, op: OpOf<"scan">): DraftChoice[] {
  const sizes = scanSizes(program, op);
  return [
    ...(suitsVec4(program, op, sizes) ? [inChunks(program, op, "fours")] : []),
    ...(suitsQuads(sizes) ? [inSequence(program, op)] : []),
    inChunks(program, op, "channels"),
  ];
}

const flagsOf = ({ in: { z, h0, reset }, out: { h_end } }: OpOf<"scan">) => ({
  GATED: z !== undefined,
  RESET: reset !== undefined,
  STATE_IN: h0 !== undefined,
  STATE_OUT: h_end !== undefined,
});

/** Four channels share their loads of B and C, and go through a whole sequence. */
function inSequence(program: Program, op: OpOf<"scan">): DraftChoice {
  const sizes = scanSizes(program, op);
  const dispatch: DraftDispatch = {
    template: "scan_quads",
    label: "scan",
    ...QUAD_OPERATIONS,
    flags: { ...flagsOf(op), WHOLE: sizes.channels % 4 === 0, ONE_D: sizes.dGroups === 1 },
    constants: scanConstants(program, op, sizes),
    bindings: sequenceBindings(program, op),
    workgroups: [Math.ceil(sizes.channels / 8), program.batch, 1],
  };
  return {
    variant: "quads",
    requires: { ...QUADS, storageBuffers: storageBuffers([dispatch]) },
    scratch: [],
    dispatches: [dispatch],
  };
}

function inChunks(program: Program, op: OpOf<"scan">, form: Form): DraftChoice {
  const { h_end } = op.out;
  const sizes = scanSizes(program, op);
  const { channels, states, blocks, many, aGroups } = sizes;
  // A single chunk passes nothing on, unless its last h is an output.
  const passes = many || h_end !== undefined;
  const { template, requires } = FORMS[form];
  const vec4 = form === "fours";
  const shared = {
    flags: {
      ...flagsOf(op),
      MANY: passes,
      RETREATS: false,
      LOCAL: false,
      CARRY: false,
      REPLAY: false,
    },
    constants: scanConstants(program, op, sizes),
  };
  const overChunks = {
    ...shared,
    template,
    workgroups: [Math.ceil(channels / 64), blocks, 1] as const,
  };
  const local: DraftDispatch = {
    ...overChunks,
    label: "scan_local",
    flags: { ...shared.flags, LOCAL: true },
    bindings: localBindings(program, op, vec4),
  };
  const carry: DraftDispatch = {
    ...shared,
    template: "scan",
    label: "scan_carry",
    flags: { ...shared.flags, CARRY: true },
    bindings: carryBindings(program, op),
    workgroups: [Math.ceil(channels / 64), program.batch, states],
  };
  const replay: DraftDispatch = {
    ...overChunks,
    label: "scan_replay",
    flags: { ...shared.flags, REPLAY: true },
    bindings: replayBindings(program, op, vec4),
  };
  return {
    variant: form,
    requires: { ...requires, storageBuffers: storageBuffers([local, replay]) },
    scratch: [4 * blocks * channels * (states + aGroups)],
    dispatches: passes ? [local, carry, replay] : [carry, replay],
  };
}

function localBindings(
  program: Program,
  { in: { u, delta, B, C, A_log, D, reset }, rowsA }: OpOf<"scan">,
  vec4: boolean,
) {
  const facts = rowFacts(program, reset, { group_a: rowsA });
  return withFunctions(
    [
      bind(program, "u", "read", u),
      bind(program, "delta", "read", delta),
      ...bindBC(program, B, C, "B", vec4),
      bindSsm(A_log, D),
      ...facts.bindings,
      scratch("scratch", "write"),
    ],
    ...facts.functions,
  );
}

const carryBindings = (program: Program, { in: { A_log, D, h0 }, out: { carry, h_end } }: OpOf<"scan">) => [
  bindSsm(A_log, D),
  scratch("scratch", "read"),
  ...(h0 === undefined ? [] : [bind(program, "h0", "read", h0)]),
  bind(program, "carry", "write", carry),
  ...(h_end === undefined ? [] : [bind(program, "h_end", "write", h_end)]),
];

function sequenceBindings(program: Program, { in: given, out, rowsA, rowsD }: OpOf<"scan">) {
  const { u, delta, B, C, A_log, D, z, h0, reset } = given;
  const facts = rowFacts(program, reset, { group_a: rowsA, group_d: rowsD });
  return withFunctions(
    [
      bind(program, "u", "read", u),
      bind(program, "delta", "read", delta),
      ...bindBC(program, B, C, "both"),
      ...(z === undefined ? [] : [bind(program, "z", "read", z)]),
      bindSsm(A_log, D),
      ...facts.bindings,
      ...(h0 === undefined ? [] : [bind(program, "h0", "read", h0)]),
      bind(program, "carry", "write", out.carry),
      ...(out.h_end === undefined ? [] : [bind(program, "h_end", "write", out.h_end)]),
      bind(program, "y", "write", out.y),
    ],
    ...facts.functions,
  );
}

function replayBindings(program: Program, { in: given, out, rowsA, rowsD }: OpOf<"scan">, vec4: boolean) {
  const { u, delta, B, C, A_log, D, z, reset } = given;
  const facts = rowFacts(program, reset, { group_a: rowsA, group_d: rowsD });
  return withFunctions(
    [
      bind(program, "u", "read", u),
      bind(program, "delta", "read", delta),
      ...bindBC(program, B, C, "both", vec4),
      ...(z === undefined ? [] : [bind(program, "z", "read", z)]),
      bindSsm(A_log, D),
      ...facts.bindings,
      bind(program, "carry", "read", out.carry),
      bind(program, "y", "write", out.y),
    ],
    ...facts.functions,
  );
}
