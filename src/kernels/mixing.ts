// Kernels of what mixes positions: the causal convolution and the selective scan, forward and backward.
import { layout, storage } from "../ir/facts.js";
import type { OpOf } from "../ir/op.js";
import type { Requirement } from "../ir/plan.js";
import { count, type Program, rowsOf, type TensorId, tensorOf } from "../ir/program.js";
import { sumPartials } from "./column-sum.js";
import {
  bind,
  type DraftBinding,
  type DraftChoice,
  type DraftDispatch,
  grid,
  groupFunction,
  height,
  modalityFor,
  scratch,
  width,
} from "./draft.js";
import { CPU } from "./linear.js";

/** Positions that an invocation of the convolution goes through. */
const SPAN = 64;

const withFunctions = (bindings: readonly DraftBinding[], ...functions: string[]): DraftBinding[] =>
  bindings.map((b, i) =>
    i === bindings.length - 1 ? { ...b, accessor: [b.accessor ?? "", ...functions].join("\n") } : b,
  );

function convConstants(program: Program, op: OpOf<"conv"> | OpOf<"conv_grad">): Record<string, number | boolean> {
  const runs = Math.ceil(program.length / SPAN);
  return {
    CHANNELS: width(program, op.in.x),
    WIDTH: width(program, op.in.weight),
    LENGTH: program.length,
    SPAN,
    RUNS: runs,
    GROUPS: op.rows.groups,
    TAPS: op.rows.groups * width(program, op.in.weight),
    SILU: op.activation === "silu",
  };
}

export function conv(program: Program, op: OpOf<"conv">): DraftChoice[] {
  const constants = convConstants(program, op);
  const bindings = [
    bind(program, "x", "read", op.in.x),
    bind(program, "weight", "read", op.in.weight),
    bind(program, "bias", "read", op.in.bias),
    ...modalityFor(program, op.rows),
    bind(program, "y", "write", op.out.y),
  ];
  const dispatch: DraftDispatch = {
    template: "conv",
    label: "conv",
    constants,
    bindings: withFunctions(bindings, groupFunction("group", op.rows)),
    workgroups: [Math.ceil(width(program, op.in.x) / 64), program.batch * Math.ceil(program.length / SPAN), 1],
  };
  return [{ variant: "window", requires: {}, scratch: [], dispatches: [dispatch] }];
}

export function convGrad(program: Program, op: OpOf<"conv_grad">): DraftChoice[] {
  const channels = width(program, op.in.x);
  const runs = program.batch * Math.ceil(program.length / SPAN);
  const weights = count(tensorOf(program, op.in.weight).shape);
  const biases = count(tensorOf(program, op.in.bias).shape);
  const bindings = [
    bind(program, "dy", "read", op.in.dy),
    bind(program, "x", "read", op.in.x),
    bind(program, "weight", "read", op.in.weight),
    bind(program, "bias", "read", op.in.bias),
    ...modalityFor(program, op.rows),
    scratch("partial", "write"),
    bind(program, "dx", "write", op.out.dx),
  ];
  const first: DraftDispatch = {
    template: "conv",
    label: "conv_grad",
    constants: { ...convConstants(program, op), GRAD: true },
    bindings: withFunctions(bindings, groupFunction("group", op.rows)),
    workgroups: [Math.ceil(channels / 64), runs, 1],
  };
  const partial = { slot: 0, stride: weights + biases, count: runs, gradient: true };
  return [
    {
      variant: "window",
      requires: {},
      scratch: [4 * runs * (weights + biases)],
      dispatches: [
        first,
        sumPartials(program, { ...partial, offset: 0, result: op.out.dweight }),
        sumPartials(program, { ...partial, offset: weights, result: op.out.dbias }),
      ],
    },
  ];
}

/** Whether two tensors are views of one, as B and C are after fusion. */
const together = (program: Program, a: TensorId, b: TensorId): boolean =>
  storage(program, a).id === storage(program, b).id;

/** B and C: one binding where both are views of one tensor, as they are after fusion. */
function bindBC(program: Program, B: TensorId, C: TensorId, wanted: "B" | "C" | "both"): DraftBinding[] {
  const access = (name: string, id: TensorId, variable: string): string => {
    const { column, stride } = layout(program, id);
    return `fn ${name}_at(row: u32, n: u32) -> f32 { return ${variable}[row * ${stride}u + ${column}u + n]; }`;
  };
  const of = (name: string, id: TensorId, accessor: string): DraftBinding => ({
    name,
    access: "read",
    type: "array<f32>",
    target: { kind: "tensor", tensor: id },
    accessor,
  });
  if (wanted === "B") return [of("rows_b", B, access("B", B, "rows_b"))];
  if (wanted === "C") return [of("rows_c", C, access("C", C, "rows_c"))];
  if (together(program, B, C)) {
    return [of("rows_bc", B, `${access("B", B, "rows_bc")}\n${access("C", C, "rows_bc")}`)];
  }
  return [of("rows_b", B, access("B", B, "rows_b")), of("rows_c", C, access("C", C, "rows_c"))];
}

/** A_log and D of a block stand next to each other among the parameters. */
const bindSsm = (A_log: TensorId, D: TensorId): DraftBinding => ({
  name: "ssm",
  access: "read",
  type: "array<f32>",
  target: { kind: "span", first: A_log, last: D },
});

/** Parameters begin at multiples of 256 bytes. */
const aligned = (numbers: number): number => 64 * Math.ceil(numbers / 64);

function scanConstants(program: Program, op: OpOf<"scan"> | OpOf<"scan_grad">): Record<string, number | boolean> {
  const chunks = Math.ceil(program.length / program.chunk);
  const states = width(program, op.in.B);
  const groups = height(program, op.in.A_log);
  return {
    CHANNELS: width(program, op.in.u),
    STATES: states,
    LENGTH: program.length,
    CHUNK: program.chunk,
    CHUNKS: chunks,
    BLOCKS: program.batch * chunks,
    A_GROUPS: groups,
    A_STATES: groups * states,
    D_GROUPS: height(program, op.in.D),
    D_AT: aligned(count(tensorOf(program, op.in.A_log).shape)),
    MANY: chunks > 1,
    GATED: op.in.z !== undefined,
    ROWS: rowsOf(program),
  };
}

const storageBuffers = (dispatches: readonly DraftDispatch[]): number =>
  Math.max(...dispatches.map((d) => d.bindings.filter((b) => b.access !== "uniform").length));

export function scan(program: Program, op: OpOf<"scan">): DraftChoice[] {
  const { u, delta, B, C, A_log, D, z } = op.in;
  const constants = scanConstants(program, op);
  const channels = width(program, u);
  const states = width(program, B);
  const blocks = constants.BLOCKS as number;
  const across = Math.ceil(channels / 64);
  const groupA = groupFunction("group_a", op.rowsA);
  const groupD = groupFunction("group_d", op.rowsD);
  const local: DraftDispatch = {
    template: "scan",
    label: "scan_local",
    constants: { ...constants, LOCAL: true },
    bindings: withFunctions(
      [
        bind(program, "u", "read", u),
        bind(program, "delta", "read", delta),
        ...bindBC(program, B, C, "B"),
        bindSsm(A_log, D),
        ...modalityFor(program, op.rowsA),
        scratch("scratch", "write"),
      ],
      groupA,
    ),
    workgroups: [across, blocks, 1],
  };
  const carry: DraftDispatch = {
    template: "scan",
    label: "scan_carry",
    constants: { ...constants, CARRY: true },
    bindings: [bindSsm(A_log, D), scratch("scratch", "read"), bind(program, "carry", "write", op.out.carry)],
    workgroups: [across, program.batch, 1],
  };
  const replay: DraftDispatch = {
    template: "scan",
    label: "scan_replay",
    constants: { ...constants, REPLAY: true },
    bindings: withFunctions(
      [
        bind(program, "u", "read", u),
        bind(program, "delta", "read", delta),
        ...bindBC(program, B, C, "both"),
        ...(z === undefined ? [] : [bind(program, "z", "read", z)]),
        bindSsm(A_log, D),
        ...modalityFor(program, op.rowsA, op.rowsD),
        bind(program, "carry", "read", op.out.carry),
        bind(program, "y", "write", op.out.y),
      ],
      groupA,
      groupD,
    ),
    workgroups: [across, blocks, 1],
  };
  const groups = constants.A_GROUPS as number;
  return [
    {
      variant: "channels",
      requires: { storageBuffers: storageBuffers([local, replay]) },
      scratch: [4 * blocks * channels * (states + groups)],
      dispatches: constants.MANY ? [local, carry, replay] : [carry, replay],
    },
  ];
}

/** Positions whose h is recomputed at a time in the backward scan. */
const SUB = 8;
/** What every WebGPU device has. */
const LEAST_WORKGROUP_BYTES = 16384;
/** Channels that an invocation of the CPU variant goes through. */
const PER_BLOCK = 16;

export function scanGrad(program: Program, op: OpOf<"scan_grad">): DraftChoice[] {
  const { dy, u, delta, B, C, A_log, D, carry, z } = op.in;
  const { du, ddelta, dB, dC, dA_log, dD, dz } = op.out;
  const constants = scanConstants(program, op);
  const channels = width(program, u);
  const states = width(program, B);
  const blocks = constants.BLOCKS as number;
  const aGroups = constants.A_GROUPS as number;
  const dGroups = constants.D_GROUPS as number;
  const rows = rowsOf(program);
  const weights = (aGroups * states + dGroups) * channels;
  const groupA = groupFunction("group_a", op.rowsA);
  const groupD = groupFunction("group_d", op.rowsD);
  const gate = z === undefined ? [] : [bind(program, "z", "read", z)];

  /**
   * shared: a workgroup's channels are added up in workgroup memory. split: du and ddelta are made apart, from copies
   * in scratch, so that 8 storage buffers do.
   */
  const draft = (variant: string, shared: boolean, split: boolean, requires: Requirement): DraftChoice => {
    const channelBlocks = Math.ceil(channels / (shared ? 64 : PER_BLOCK));
    const sumsAt = aligned(blocks * channels * (states + aGroups));
    const weightsAt = aligned(sumsAt + channelBlocks * rows * 2 * states);
    const carryAt = aligned(weightsAt + blocks * weights);
    const rowsCAt = aligned(carryAt + blocks * states * channels);
    const copiesC = split && !together(program, B, C);
    const size = split ? rowsCAt + (copiesC ? rows * states : 0) : carryAt;
    const rowsC = `fn C_at(row: u32, n: u32) -> f32 { return scratch[${rowsCAt}u + row * ${states}u + n]; }`;
    const all = {
      ...constants,
      SHARED: shared,
      COPIED: split,
      SUMS_AT: sumsAt,
      WEIGHTS_AT: weightsAt,
      CARRY_AT: carryAt,
      SUB,
      STARTS: Math.ceil(program.chunk / SUB) * states,
      BEFORE: SUB * states,
      PER_BLOCK,
      PITCH: 2 * states + 1,
      SHARES: 64 * (2 * states + 1),
    };
    const local: DraftDispatch = {
      template: "scan_gradient",
      label: "scan_grad_local",
      constants: { ...all, LOCAL: true, READS_DY: true },
      bindings: withFunctions(
        [
          bind(program, "dy", "read", dy),
          bind(program, "delta", "read", delta),
          ...bindBC(program, B, C, "C"),
          ...gate,
          bindSsm(A_log, D),
          ...modalityFor(program, op.rowsA),
          scratch("scratch", "write"),
        ],
        groupA,
      ),
      workgroups: [Math.ceil(channels / 64), blocks, 1],
    };
    const across: DraftDispatch = {
      template: "scan_gradient",
      label: "scan_grad_carry",
      constants: { ...all, CARRY: true },
      bindings: [bindSsm(A_log, D), scratch("scratch", "write")],
      workgroups: [Math.ceil(channels / 64), program.batch, 1],
    };
    const replay = (label: string, writes: readonly ("du" | "ddelta" | "dz")[], sums: boolean): DraftDispatch => ({
      template: "scan_gradient",
      label,
      constants: {
        ...all,
        REPLAY: true,
        READS_DY: true,
        WRITES_DU: writes.includes("du"),
        WRITES_DDELTA: writes.includes("ddelta"),
        WRITES_SUMS: sums,
      },
      bindings: withFunctions(
        [
          bind(program, "dy", "read", dy),
          bind(program, "u", "read", u),
          bind(program, "delta", "read", delta),
          ...bindBC(program, B, C, copiesC ? "B" : "both"),
          ...gate,
          bindSsm(A_log, D),
          ...modalityFor(program, op.rowsA, op.rowsD),
          ...(split ? [] : [bind(program, "carry", "read", carry)]),
          scratch("scratch", "write"),
          ...(writes.includes("du") ? [bind(program, "du", "write", du)] : []),
          ...(writes.includes("ddelta") ? [bind(program, "ddelta", "write", ddelta)] : []),
          ...(writes.includes("dz") && dz !== undefined ? [bind(program, "dz", "write", dz)] : []),
        ],
        groupA,
        groupD,
        ...(copiesC ? [rowsC] : []),
      ),
      workgroups: [channelBlocks, shared ? blocks : Math.ceil(blocks / 64), 1],
    });
    const copy = (label: string, tensor: TensorId, at: number): DraftDispatch => {
      const SIZE = count(tensorOf(program, tensor).shape);
      const { workgroups, GRID_X } = grid(SIZE, 64);
      const bindings = [bind(program, "source", "read", tensor), scratch("scratch", "write")];
      return { template: "copy", label, constants: { SIZE, AT: at, GRID_X }, bindings, workgroups };
    };
    const replays = split
      ? [
          copy("carry_copy", carry, carryAt),
          ...(copiesC ? [copy("rows_c_copy", C, rowsCAt)] : []),
          replay("scan_grad_du", ["du"], true),
          replay("scan_grad_ddelta", ["ddelta"], false),
        ]
      : [replay("scan_grad", ["du", "ddelta", "dz"], true)];
    const overChannels = {
      slot: 0,
      stride: rows * 2 * states,
      pitch: 2 * states,
      count: channelBlocks,
      gradient: false,
    };
    const overBlocks = { slot: 0, stride: weights, count: blocks, gradient: true };
    const sums = [
      sumPartials(program, { ...overBlocks, offset: weightsAt, result: dA_log }),
      sumPartials(program, { ...overBlocks, offset: weightsAt + aGroups * states * channels, result: dD }),
      sumPartials(program, { ...overChannels, offset: sumsAt, result: dB }),
      sumPartials(program, { ...overChannels, offset: sumsAt + states, result: dC }),
    ];
    const dispatches = [...(constants.MANY ? [local, across] : []), ...replays, ...sums];
    return {
      variant,
      requires: { ...requires, storageBuffers: storageBuffers(dispatches) },
      scratch: [4 * size],
      dispatches,
    };
  };
  const shared = { workgroupBytes: 4 * 64 * (2 * states + 1) };
  const whole = [draft("serial", false, false, CPU), draft("shared", true, false, shared)];
  if (z === undefined) whole.push(draft("shared-split", true, true, shared));
  // With many states the channels' shares are too large for the workgroup memory of some devices.
  if (shared.workgroupBytes <= LEAST_WORKGROUP_BYTES) return whole;
  return [
    ...whole,
    z === undefined ? draft("serial-split", false, true, {}) : draft("serial-anywhere", false, false, {}),
  ];
}
