// Kernels of the backward scan. Variants differ in how they sum over channels and in how many buffers they bind.
import { layout } from "../ir/facts.js";
import type { OpOf } from "../ir/op.js";
import type { Requirement } from "../ir/plan.js";
import { type Program, tensorOf } from "../ir/program.js";
import { count, type TensorId } from "../ir/tensor.js";
import { sumPartials } from "./column-sum.js";
import {
  bind,
  type ConstantsOf,
  CPU,
  type DraftBinding,
  type DraftChoice,
  type DraftDispatch,
  type FlagsOf,
  grid,
  QUADS,
  rowFacts,
  scratch,
  withFunctions,
} from "./draft.js";
import { QUAD_OPERATIONS } from "./product-shapes.js";
import {
  aligned,
  bindBC,
  bindSsm,
  type ScanSizes,
  scanConstants,
  scanSizes,
  storageBuffers,
  suitsQuads,
  suitsVec4,
  together,
} from "./scan-bindings.js";

/** Positions whose h is recomputed at a time: fewer if h is kept for many channels at once. */
const SUB = { shared: 8, lanes: 4, serial: 8 } as const;
/** A quad recomputes as many positions as it has registers for. */
const subOf = (way: Variant["sums"], states: number): number => (way === "quads" ? Math.max(2, 16 / states) : SUB[way]);
/** The minimum that every WebGPU device supports. */
const LEAST_WORKGROUP_BYTES = 16384;
/** Channels per invocation of the serial variants, and per quad. */
const PER_BLOCK = 16;

/** Channels per workgroup, or per serial invocation. */
const CHANNELS = { shared: 64, lanes: 32, quads: PER_BLOCK, serial: PER_BLOCK } as const;
const LANES: Requirement = { kind: "gpu", subgroup: 32 };

const TEMPLATES = {
  shared: "scan_gradient",
  lanes: "scan_gradient_lanes",
  quads: "scan_gradient_quads",
  serial: "scan_gradient",
} as const;

interface Variant {
  readonly name: string;
  /**
   * How sums over channels are computed: in workgroup memory, between the lanes of a subgroup, between the lanes of a
   * quad and then sequentially, or sequentially.
   */
  readonly sums: "shared" | "lanes" | "quads" | "serial";
  /** Computes du and ddelta in separate dispatches from copies in scratch, so that 8 storage buffers are enough. */
  readonly split: boolean;
  readonly requires: Requirement;
}

/** Offsets in the scratch, in numbers. */
interface Scratch {
  readonly channelBlocks: number;
  readonly sumsAt: number;
  readonly weightsAt: number;
  readonly carryAt: number;
  readonly rowsCAt: number;
  readonly size: number;
  /** Whether C is copied too, because it shares no binding with B. */
  readonly copiesC: boolean;
}

/** The runs of positions whose gradients by A_log and D are added up last: a quad goes through a whole sequence. */
const runsOf = (program: Program, { blocks }: ScanSizes, way: Variant["sums"]): number =>
  way === "quads" ? program.batch : blocks;

function scratchOf(program: Program, op: OpOf<"scan_grad">, sizes: ScanSizes, { sums, split }: Variant): Scratch {
  const { channels, states, aGroups, dGroups, rows } = sizes;
  const blocks = runsOf(program, sizes, sums);
  const channelBlocks = Math.ceil(channels / CHANNELS[sums]);
  const sumsAt = sums === "quads" ? 0 : aligned(blocks * channels * (states + aGroups));
  const weightsAt = aligned(sumsAt + channelBlocks * rows * 2 * states);
  const carryAt = aligned(weightsAt + blocks * (aGroups * states + dGroups) * channels);
  const rowsCAt = aligned(carryAt + blocks * states * channels);
  const copiesC = split && !together(program, op.in.B, op.in.C);
  const size = split ? rowsCAt + (copiesC ? rows * states : 0) : carryAt;
  return { channelBlocks, sumsAt, weightsAt, carryAt, rowsCAt, size, copiesC };
}

type Template = (typeof TEMPLATES)[keyof typeof TEMPLATES];
/** The flags and constants of all dispatches of a variant. A dispatch may override some. */
interface Common {
  readonly flags: FlagsOf<Template>;
  readonly constants: ConstantsOf<Template>;
}

/** LOCAL and CARRY: the gradient that enters each chunk from the right. */
function entering(
  program: Program,
  op: OpOf<"scan_grad">,
  sizes: ScanSizes,
  { flags, constants }: Common,
  way: Variant["sums"],
): DraftDispatch[] {
  const { dy, delta, B, C, A_log, D, z } = op.in;
  const lanes = way === "lanes";
  const across = Math.ceil(sizes.channels / 64);
  const facts = rowFacts(program, op.in.reset, { group_a: op.rowsA });
  const local = { ...flags, LOCAL: true, READS_DY: true, RETREATS: lanes };
  return [
    {
      template: lanes ? TEMPLATES.lanes : "scan_gradient",
      label: "scan_grad_local",
      flags: local,
      constants,
      bindings: withFunctions(
        [
          bind(program, "dy", "read", dy),
          bind(program, "delta", "read", delta),
          ...bindBC(program, B, C, "C", lanes),
          ...(z === undefined ? [] : [bind(program, "z", "read", z)]),
          bindSsm(A_log, D),
          ...facts.bindings,
          scratch("scratch", "write"),
        ],
        ...facts.functions,
      ),
      workgroups: [across, sizes.blocks, 1],
    },
    {
      template: "scan_gradient",
      label: "scan_grad_carry",
      flags: { ...flags, CARRY: true },
      constants,
      bindings: [bindSsm(A_log, D), scratch("scratch", "write")],
      workgroups: [Math.ceil(sizes.channels / 64), program.batch, sizes.states],
    },
  ];
}

function copy(program: Program, label: string, tensor: TensorId, at: number): DraftDispatch {
  const SIZE = count(tensorOf(program, tensor).shape);
  const { workgroups, GRID_X } = grid(SIZE, 64);
  const bindings = [bind(program, "source", "read", tensor), scratch("scratch", "write")];
  return { template: "copy", label, flags: {}, constants: { SIZE, AT: at, GRID_X }, bindings, workgroups };
}

type Written = "du" | "ddelta" | "dz";

/** REPLAY, as one dispatch or split in two. */
function replays(
  program: Program,
  op: OpOf<"scan_grad">,
  sizes: ScanSizes,
  at: Scratch,
  { flags, constants }: Common,
  { sums: way, split }: Variant,
): DraftDispatch[] {
  const { dy, u, delta, B, C, A_log, D, carry, z } = op.in;
  const { states, blocks } = sizes;
  const facts = rowFacts(program, op.in.reset, { group_a: op.rowsA, group_d: op.rowsD });
  const rowsC = `fn C_at(row: u32, n: u32) -> f32 { return scratch[${at.rowsCAt}u + row * ${states}u + n]; }`;
  const written = (writes: readonly Written[]): DraftBinding[] =>
    writes.flatMap((name) => {
      const tensor = op.out[name];
      return tensor === undefined ? [] : [bind(program, name, "write", tensor)];
    });
  const replayed = (writes: readonly Written[], sums: boolean) => ({
    ...flags,
    REPLAY: true,
    READS_DY: true,
    WRITES_DU: writes.includes("du"),
    WRITES_DDELTA: writes.includes("ddelta"),
    WRITES_SUMS: sums,
  });
  const replay = (label: string, writes: readonly Written[], sums: boolean): DraftDispatch => ({
    template: TEMPLATES[way],
    label,
    ...(way === "lanes" && { enables: ["subgroups"] }),
    ...(way === "quads" && QUAD_OPERATIONS),
    flags: replayed(writes, sums),
    constants,
    bindings: withFunctions(
      [
        bind(program, "dy", "read", dy),
        bind(program, "u", "read", u),
        bind(program, "delta", "read", delta),
        ...bindBC(program, B, C, at.copiesC ? "B" : "both", way === "lanes"),
        ...(z === undefined ? [] : [bind(program, "z", "read", z)]),
        bindSsm(A_log, D),
        ...facts.bindings,
        ...(split ? [] : [bind(program, "carry", "read", carry)]),
        scratch("scratch", "write"),
        ...written(writes),
      ],
      ...facts.functions,
      ...(at.copiesC ? [rowsC] : []),
    ),
    workgroups: [
      way === "quads" ? Math.ceil(at.channelBlocks / 2) : at.channelBlocks,
      way === "serial" ? Math.ceil(blocks / 64) : runsOf(program, sizes, way),
      1,
    ],
  });
  if (!split) return [replay("scan_grad", ["du", "ddelta", "dz"], true)];
  return [
    copy(program, "carry_copy", carry, at.carryAt),
    ...(at.copiesC ? [copy(program, "rows_c_copy", C, at.rowsCAt)] : []),
    replay("scan_grad_du", ["du"], true),
    replay("scan_grad_ddelta", ["ddelta"], false),
  ];
}

/** The ordered sums over channels (dB, dC) and over positions (dA_log, dD). */
function totals(
  program: Program,
  op: OpOf<"scan_grad">,
  sizes: ScanSizes,
  at: Scratch,
  way: Variant["sums"],
): DraftDispatch[] {
  const { channels, states, aGroups, dGroups, rows } = sizes;
  const blocks = runsOf(program, sizes, way);
  const { dB, dC, dA_log, dD } = op.out;
  const stride = rows * 2 * states;
  const overChannels = { slot: 0, stride, pitch: 2 * states, count: at.channelBlocks, gradient: false };
  // After fusion dC is to the right of dB in one tensor, as in the sums.
  const besides = together(program, dB, dC) && layout(program, dC).column === layout(program, dB).column + states;
  const overBlocks = { slot: 0, stride: (aGroups * states + dGroups) * channels, count: blocks, gradient: true };
  return [
    sumPartials(program, { ...overBlocks, offset: at.weightsAt, result: dA_log }),
    sumPartials(program, { ...overBlocks, offset: at.weightsAt + aGroups * states * channels, result: dD }),
    ...(besides
      ? [sumPartials(program, { ...overChannels, offset: at.sumsAt, result: dB, columns: 2 * states })]
      : [
          sumPartials(program, { ...overChannels, offset: at.sumsAt, result: dB }),
          sumPartials(program, { ...overChannels, offset: at.sumsAt + states, result: dC }),
        ]),
  ];
}

function draft(program: Program, op: OpOf<"scan_grad">, sizes: ScanSizes, variant: Variant): DraftChoice {
  const at = scratchOf(program, op, sizes, variant);
  const { states } = sizes;
  const sub = subOf(variant.sums, states);
  /** Numbers per element of the arrays of states. */
  const element = variant.sums === "lanes" ? states : 1;
  const constants = {
    ...scanConstants(program, op, sizes),
    SUMS_AT: at.sumsAt,
    WEIGHTS_AT: at.weightsAt,
    CARRY_AT: at.carryAt,
    // Of softplus_slope.
    NUMBER: "f32",
    SUB: sub,
    SUB_VEC4S: (sub * states) / 4,
    SUM_VEC4S: states / 2,
    STARTS: (Math.ceil(program.chunk / sub) * states) / element,
    BEFORE: (sub * states) / element,
    PER_BLOCK,
    PITCH: 2 * states + 1,
    SHARES: 64 * (2 * states + 1),
  };
  const flags = {
    GATED: op.in.z !== undefined,
    DELTA_SLOPE: op.activation !== undefined,
    RESET: op.in.reset !== undefined,
    MANY: sizes.many,
    SHARED: variant.sums === "shared",
    COPIED: variant.split,
    READS_DY: false,
    RETREATS: false,
    LOCAL: false,
    CARRY: false,
    REPLAY: false,
    WHOLE: sizes.channels % 4 === 0,
    RAGGED: program.length % sub > 0 || program.chunk % sub > 0,
    WRITES_DU: false,
    WRITES_DDELTA: false,
    WRITES_SUMS: false,
  };
  const common = { flags, constants };
  const dispatches = [
    ...(sizes.many && variant.sums !== "quads" ? entering(program, op, sizes, common, variant.sums) : []),
    ...replays(program, op, sizes, at, common, variant),
    ...totals(program, op, sizes, at, variant.sums),
  ];
  return {
    variant: variant.name,
    requires: { ...variant.requires, storageBuffers: storageBuffers(dispatches) },
    scratch: [4 * at.size],
    dispatches,
  };
}

export function scanGrad(program: Program, op: OpOf<"scan_grad">): DraftChoice[] {
  const sizes = scanSizes(program, op);
  const gated = op.in.z !== undefined;
  const shared = { workgroupBytes: 4 * 64 * (2 * sizes.states + 1) };
  const suitsLanes = suitsVec4(program, op, sizes);
  const variants: Variant[] = [
    ...(suitsLanes ? [{ name: "lanes", sums: "lanes", split: false, requires: LANES } as const] : []),
    ...(suitsQuads(sizes) && sizes.dGroups === 1
      ? [{ name: "quads", sums: "quads", split: false, requires: QUADS } as const]
      : []),
    { name: "serial", sums: "serial", split: false, requires: CPU },
    { name: "shared", sums: "shared", split: false, requires: shared },
  ];
  if (!gated) variants.push({ name: "shared-split", sums: "shared", split: true, requires: shared });
  // With many states, the sums of a workgroup's channels do not fit into the workgroup memory of some devices.
  if (shared.workgroupBytes > LEAST_WORKGROUP_BYTES) {
    const name = gated ? "serial-anywhere" : "serial-split";
    variants.push({ name, sums: "serial", split: !gated, requires: {} });
  }
  return variants.map((variant) => draft(program, op, sizes, variant));
}
