// Shared by the forward and the backward scan: their sizes, and the bindings of B, C, A_log and D.
import { layout, storage } from "../ir/facts.js";
import type { OpOf } from "../ir/op.js";
import { type Program, rowsOf, tensorOf } from "../ir/program.js";
import { count, type TensorId } from "../ir/tensor.js";
import { type DraftBinding, type DraftDispatch, fitsVec4, height, width } from "./draft.js";

/** Whether two tensors are views of the same tensor, as B and C are after fusion. */
export const together = (program: Program, a: TensorId, b: TensorId): boolean =>
  storage(program, a).id === storage(program, b).id;

/**
 * B and C: one binding if both are views of one tensor, as they are after fusion. With `vec4`, `B_at(row, q)` returns
 * the states 4q to 4q + 3.
 */
export function bindBC(
  program: Program,
  B: TensorId,
  C: TensorId,
  wanted: "B" | "C" | "both",
  vec4 = false,
): DraftBinding[] {
  const [element, step] = vec4 ? ["vec4<f32>", 4] : ["f32", 1];
  const access = (name: string, id: TensorId, variable: string): string => {
    const { column, stride } = layout(program, id);
    const at = `row * ${stride / step}u + ${column / step}u + n`;
    return `fn ${name}_at(row: u32, n: u32) -> ${element} { return ${variable}[${at}]; }`;
  };
  const of = (name: string, id: TensorId, accessor: string): DraftBinding => ({
    name,
    access: "read",
    type: `array<${element}>`,
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

/** A_log and D of a block are adjacent among the parameters. */
export const bindSsm = (A_log: TensorId, D: TensorId): DraftBinding => ({
  name: "ssm",
  access: "read",
  type: "array<f32>",
  target: { kind: "span", first: A_log, last: D },
});

/** Parameters start at multiples of 256 bytes. */
export const aligned = (numbers: number): number => 64 * Math.ceil(numbers / 64);

export interface ScanSizes {
  readonly channels: number;
  readonly states: number;
  /** Chunks of all sequences. */
  readonly blocks: number;
  /** Whether a sequence has more than one chunk. */
  readonly many: boolean;
  readonly aGroups: number;
  readonly dGroups: number;
  readonly rows: number;
}

export function scanSizes(program: Program, op: OpOf<"scan"> | OpOf<"scan_grad">): ScanSizes {
  const channels = width(program, op.in.u);
  const states = width(program, op.in.B);
  const chunks = Math.ceil(program.length / program.chunk);
  const blocks = program.batch * chunks;
  const aGroups = height(program, op.in.A_log);
  const dGroups = height(program, op.in.D);
  const rows = rowsOf(program);
  const many = chunks > 1;
  return { channels, states, blocks, many, aGroups, dGroups, rows };
}

/** The constants of the scan templates for these sizes. */
export function scanConstants(program: Program, op: OpOf<"scan"> | OpOf<"scan_grad">, sizes: ScanSizes) {
  const { channels, states, blocks, aGroups, dGroups, rows } = sizes;
  return {
    CHANNELS: channels,
    STATES: states,
    STATE_VEC4S: states / 4,
    LENGTH: program.length,
    CHUNK: program.chunk,
    CHUNKS: Math.ceil(program.length / program.chunk),
    BLOCKS: blocks,
    A_GROUPS: aGroups,
    A_STATES: aGroups * states,
    D_GROUPS: dGroups,
    D_AT: aligned(count(tensorOf(program, op.in.A_log).shape)),
    ROWS: rows,
  };
}

/** Whether the vec4 scans apply: 16 states, one copy of A and D, and B and C that can be read as vec4. */
export const suitsVec4 = (
  program: Program,
  { in: { B, C } }: OpOf<"scan"> | OpOf<"scan_grad">,
  { states, aGroups, dGroups }: ScanSizes,
): boolean => states === 16 && aGroups * dGroups === 1 && fitsVec4(program, B) && fitsVec4(program, C);

/** Whether quads apply: a multiple of four states that fits into registers, and one copy of A. */
export const suitsQuads = ({ states, aGroups }: ScanSizes): boolean =>
  states % 4 === 0 && states <= 16 && aGroups === 1;

export const storageBuffers = (dispatches: readonly DraftDispatch[]): number =>
  Math.max(...dispatches.map((d) => d.bindings.filter((b) => b.access !== "uniform").length));
