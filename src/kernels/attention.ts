// Kernels of attention, forward and backward, and of the rotation of queries and keys.
import type { OpOf } from "../ir/op.js";
import type { Requirement } from "../ir/plan.js";
import type { Program } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";
import { nameOf, ROWS, type Sizes, type Units, unitConstants, unitRequires, unitsFor } from "./attention-units.js";
import {
  bind,
  CPU,
  type DraftBinding,
  type DraftChoice,
  type DraftDispatch,
  type FlagsOf,
  fitsVec4,
  grid,
  height,
  type KernelSettings,
  scratch,
  width,
} from "./draft.js";
import { eights, MATRIX_UNITS } from "./product-operands.js";
import { f16Matrix, factorBinding, type SplitOperand, splitter } from "./split.js";

/** The tiled variants: the columns of a tile, and the numbers of the right panel. */
const TILES = [
  { variant: "tile-64", columns: 64, right: 2048 },
  { variant: "tile-32", columns: 32, right: 832 },
] as const;
type Tile = (typeof TILES)[number];

type AttentionOp = OpOf<"attention"> | OpOf<"attention_grad">;

function sizesOf(program: Program, { in: i, heads, kv_heads }: AttentionOp): Sizes {
  const { batch } = program;
  const [queries, keys] = [height(program, i.q) / batch, height(program, i.k) / batch];
  return { heads, kv_heads, head: width(program, i.q) / heads, queries, keys };
}

function constantsOf({ heads, kv_heads, head, queries, keys }: Sizes) {
  return {
    HEADS: heads,
    SHARE: heads / kv_heads,
    HEAD: head,
    VEC4S: Math.ceil(head / 4),
    QUERIES: queries,
    KEYS: keys,
    TILES: Math.ceil(queries / ROWS),
    SCALE: head ** -0.5,
  };
}

function tileConstants({ columns, right }: Tile, { head }: Sizes) {
  const deep = Math.ceil(head / 16);
  return {
    COLUMNS: columns,
    SPAN: columns / 16,
    PITCH: columns + 1,
    TILE_VEC4S: 17 * columns,
    RIGHT_SIZE: right,
    DEEP: deep,
    WIDTH: 16 * deep,
    PANEL: Math.min(columns, Math.floor(right / (16 * deep))),
  };
}

const requires = ({ columns, right }: Tile): Requirement => ({
  workgroupBytes: 4 * (4 * 17 * columns + 4 * 272 + right),
  invocations: 256,
});

/** A tensor of heads. `load_NAME` reads and `store_NAME` writes four columns at a time. */
function inBlocks(
  program: Program,
  name: string,
  access: "read" | "write",
  tensor: TensorId,
  head: number,
): DraftBinding {
  const vec4 = head % 4 === 0 && fitsVec4(program, tensor);
  const bound = bind(program, name, access, tensor, vec4);
  const blocks = Math.ceil(head / 4);
  const parameters = "row: u32, head: u32, block: u32";
  const at = vec4 ? `at_${name}(row, head * ${blocks}u + block)` : `at_${name}(row, head * ${head}u + 4u * block)`;
  const rest = ["y", "z", "w"].map((part, i) => [part, i + 1] as const);
  const load = vec4
    ? `fn load_${name}(${parameters}) -> vec4<f32> { return ${name}[${at}]; }`
    : `fn load_${name}(${parameters}) -> vec4<f32> {
  let at = ${at};
  var value = vec4(${name}[at], 0.0, 0.0, 0.0);
${rest.map(([part, i]) => `  if (4u * block + ${i}u < ${head}u) { value.${part} = ${name}[at + ${i}u]; }`).join("\n")}
  return value;
}`;
  const store = vec4
    ? `fn store_${name}(${parameters}, value: vec4<f32>) { ${name}[${at}] = value; }`
    : `fn store_${name}(${parameters}, value: vec4<f32>) {
  let at = ${at};
  ${name}[at] = value.x;
${rest.map(([part, i]) => `  if (4u * block + ${i}u < ${head}u) { ${name}[at + ${i}u] = value.${part}; }`).join("\n")}
}`;
  return { ...bound, accessor: `${bound.accessor}\n${access === "read" ? load : store}` };
}

/** Variants without matrix units in order of preference: registers only on a CPU; elsewhere the widest tile that fits. */
const variants = (draft: (tile: Tile | undefined) => Pick<DraftChoice, "scratch" | "dispatches">): DraftChoice[] => [
  { variant: "row", requires: CPU, ...draft(undefined) },
  ...TILES.map((tile) => ({ variant: tile.variant, requires: requires(tile), ...draft(tile) })),
];

/** How a variant binds a tensor of heads. */
type Bound = (name: string, access: "read" | "write", tensor: TensorId) => DraftBinding;

const onUnits =
  (program: Program, halves: ReadonlyMap<TensorId, SplitOperand>): Bound =>
  (name, access, tensor) => {
    const split = halves.get(tensor);
    if (split) return eights(program, name, f16Matrix(split));
    return access === "read" ? eights(program, name, { tensor }) : bind(program, name, access, tensor, true);
  };

/** The named tensors split into two f16 numbers, in scratch from `slot` on, if a variant needs it. */
function splitFor(
  program: Program,
  { split: needed }: Units,
  tensors: Readonly<Record<string, TensorId>>,
  slot: number,
) {
  const { split, dispatches, scratch } = splitter(program, slot);
  const halves = new Map<TensorId, SplitOperand>();
  const factors: DraftBinding[] = [];
  for (const [label, tensor] of needed ? Object.entries(tensors) : []) {
    const of = split({ label, of: { tensor }, rows: height(program, tensor), columns: width(program, tensor) });
    halves.set(tensor, of);
    factors.push(factorBinding(`${label}_factor`, of));
  }
  return { halves, factors, dispatches, scratch };
}

const inTiles =
  (program: Program, tile: Tile | undefined, { head }: Sizes): Bound =>
  (name, access, tensor) =>
    tile ? bind(program, name, access, tensor) : inBlocks(program, name, access, tensor, head);

export function attention(program: Program, op: OpOf<"attention">, settings: KernelSettings): DraftChoice[] {
  const sizes = sizesOf(program, op);
  const { q, k, v, keys } = op.in;
  const { y, lse } = op.out;
  /** What all variants share. @param rows the queries of a workgroup */
  const shared = (of: Bound, rows: number) => ({
    label: "attention",
    bindings: [
      of("q", "read", q),
      of("k", "read", k),
      of("v", "read", v),
      bind(program, "keys", "read", keys),
      of("y_out", "write", y),
      bind(program, "lse", "write", lse),
    ],
    workgroups: [Math.ceil(sizes.queries / rows), sizes.heads, program.batch] as const,
  });
  const unitChoice = (units: Units): DraftChoice => {
    const { halves, factors, dispatches, scratch } = splitFor(program, units, { q, k, v }, 0);
    const { bindings, ...rest } = shared(onUnits(program, halves), ROWS * units.blocks);
    const dispatch: DraftDispatch = {
      template: "attention_matrix",
      ...MATRIX_UNITS,
      flags: { SPLIT: units.split },
      constants: { ...constantsOf(sizes), ...unitConstants(units, sizes) },
      ...rest,
      bindings: [...factors, ...bindings],
    };
    const requires = unitRequires(units, sizes, { f32: 1, f16: 1, other: 8 * 128 + 16 });
    return { variant: nameOf(units), requires, scratch, dispatches: [...dispatches, dispatch] };
  };
  const others = variants((tile) => {
    const dispatch: DraftDispatch = {
      template: "attention",
      flags: { TILED: tile !== undefined },
      constants: { ...constantsOf(sizes), ...(tile ? tileConstants(tile, sizes) : {}) },
      ...shared(inTiles(program, tile, sizes), ROWS),
    };
    return { scratch: [], dispatches: [dispatch] };
  });
  const suitable = unitsFor(program, sizes, settings, { q, others: [k, v, y], gradient: false });
  return [...suitable.map(unitChoice), ...others];
}

const OFF: FlagsOf<"attention_gradient"> = {
  SUMS: false,
  SHARED_SUMS: false,
  REACH: false,
  TILED: false,
  SERIAL: false,
  BY_QUERY: false,
};

export function attentionGrad(program: Program, op: OpOf<"attention_grad">, settings: KernelSettings): DraftChoice[] {
  const sizes = sizesOf(program, op);
  const { heads, kv_heads, head, queries, keys: length } = sizes;
  const { dy, q, k, v, keys, y, lse } = op.in;
  const { dq, dk, dv } = op.out;
  const rows = height(program, q);
  const tiles = program.batch * Math.ceil(queries / ROWS);
  const common = { ...constantsOf(sizes), NOTES_AT: 2 * rows * heads, ROWS: rows, BATCH: program.batch };
  /** Σ dy·y, one head an invocation, or shared by the invocations of a workgroup. */
  const sums = (shared: boolean): DraftDispatch => {
    const each = shared ? Math.floor(256 / head) : 64;
    const { workgroups, GRID_X } = grid(rows * heads, each);
    return {
      template: "attention_gradient",
      label: "attention_sums",
      flags: { ...OFF, SUMS: !shared, SHARED_SUMS: shared },
      constants: { ...common, GRID_X, HEAD_FOURS: head / 4, HEADS_EACH: each },
      bindings: [
        bind(program, "dy", "read", dy, shared),
        bind(program, "y", "read", y, shared),
        bind(program, "lse", "read", lse),
        scratch("notes", "write"),
      ],
      workgroups,
    };
  };
  const reach: DraftDispatch = {
    template: "attention_gradient",
    label: "attention_reach",
    flags: { ...OFF, REACH: true },
    constants: common,
    bindings: [bind(program, "keys", "read", keys), scratch("notes", "write")],
    workgroups: [Math.ceil(tiles / 64), 1, 1],
  };
  const scratchBytes = [4 * (2 * rows * heads + 2 * tiles)];
  const read = (of: Bound): DraftBinding[] => [
    of("dy", "read", dy),
    of("q", "read", q),
    of("k", "read", k),
    of("v", "read", v),
    bind(program, "keys", "read", keys),
    scratch("notes", "read"),
  ];
  // What all variants of the two kernels share.
  const byQuery = (of: Bound) => ({
    label: "attention_dq",
    bindings: [...read(of), of("dq", "write", dq)],
    workgroups: [Math.ceil(queries / ROWS), heads, program.batch] as const,
  });
  const byKey = (of: Bound) => ({
    label: "attention_dkv",
    bindings: [...read(of), of("dk", "write", dk), of("dv", "write", dv)],
    workgroups: [Math.ceil(length / ROWS), kv_heads, program.batch] as const,
  });
  const unitChoice = (units: Units): DraftChoice => {
    const panels = Math.ceil(queries / units.columns);
    const constants = {
      ...common,
      ...unitConstants(units, sizes),
      QUERY_TILES: panels,
      END: panels * (heads / kv_heads),
      // A slope is the difference of two sums over a head of products, each below 2^28 in split operands.
      CHANGE: 2 ** -(14 + Math.ceil(Math.log2(head))),
    };
    const { halves, factors, dispatches, scratch } = splitFor(program, units, { q, k, v, dy }, scratchBytes.length);
    const of = onUnits(program, halves);
    const kernel = (ofQueries: boolean, end: number, from: typeof byQuery | typeof byKey): DraftDispatch => {
      const { bindings, ...rest } = from(of);
      return {
        template: "attention_gradient_matrix",
        ...MATRIX_UNITS,
        flags: { BY_QUERY: ofQueries, SPLIT: units.split },
        constants: { ...constants, ROW_END: end },
        ...rest,
        bindings: [...factors, ...bindings],
      };
    };
    return {
      variant: nameOf(units),
      requires: unitRequires(units, sizes, { f32: 2, f16: 2, other: 16 * units.columns }),
      scratch: [...scratchBytes, ...scratch],
      dispatches: [sums(true), reach, ...dispatches, kernel(true, queries, byQuery), kernel(false, length, byKey)],
    };
  };
  const others = variants((tile) => {
    const constants = { ...common, ...(tile ? tileConstants(tile, sizes) : {}) };
    const flags = { ...OFF, TILED: tile !== undefined, SERIAL: tile === undefined };
    const kernel = { template: "attention_gradient", constants } as const;
    const of = inTiles(program, tile, sizes);
    return {
      scratch: scratchBytes,
      dispatches: [
        sums(false),
        reach,
        { ...kernel, flags: { ...flags, BY_QUERY: true }, ...byQuery(of) },
        { ...kernel, flags, ...byKey(of) },
      ],
    };
  });
  const suitable = unitsFor(program, sizes, settings, { q, others: [dy, k, v, y, dq, dk, dv], gradient: true });
  return [...suitable.map(unitChoice), ...others];
}
