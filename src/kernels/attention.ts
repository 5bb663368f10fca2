// Kernels of attention, forward and backward, and of the rotation of queries and keys.
import type { OpOf } from "../ir/op.js";
import type { Requirement } from "../ir/plan.js";
import type { Program } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";
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
  scratch,
  width,
} from "./draft.js";

/** Queries or keys per workgroup. */
const ROWS = 64;

/** The tiled variants: the columns of a tile, and the numbers of the right panel. */
const TILES = [
  { variant: "tile-64", columns: 64, right: 2048 },
  { variant: "tile-32", columns: 32, right: 832 },
] as const;
type Tile = (typeof TILES)[number];

type AttentionOp = OpOf<"attention"> | OpOf<"attention_grad">;

interface Sizes {
  readonly heads: number;
  readonly kv_heads: number;
  /** Columns of a head. */
  readonly head: number;
  readonly queries: number;
  readonly keys: number;
}

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

/** Variants in order of preference: registers only on a CPU; elsewhere the widest tile that fits. */
const variants = (draft: (tile: Tile | undefined) => Pick<DraftChoice, "scratch" | "dispatches">): DraftChoice[] => [
  { variant: "row", requires: CPU, ...draft(undefined) },
  ...TILES.map((tile) => ({ variant: tile.variant, requires: requires(tile), ...draft(tile) })),
];

export function attention(program: Program, op: OpOf<"attention">): DraftChoice[] {
  const sizes = sizesOf(program, op);
  const { q, k, v, keys } = op.in;
  return variants((tile) => {
    const of = (name: string, access: "read" | "write", tensor: TensorId): DraftBinding =>
      tile ? bind(program, name, access, tensor) : inBlocks(program, name, access, tensor, sizes.head);
    const dispatch: DraftDispatch = {
      template: "attention",
      label: "attention",
      flags: { TILED: tile !== undefined },
      constants: { ...constantsOf(sizes), ...(tile ? tileConstants(tile, sizes) : {}) },
      bindings: [
        of("q", "read", q),
        of("k", "read", k),
        of("v", "read", v),
        bind(program, "keys", "read", keys),
        of("y_out", "write", op.out.y),
        bind(program, "lse", "write", op.out.lse),
      ],
      workgroups: [Math.ceil(sizes.queries / ROWS), sizes.heads, program.batch],
    };
    return { scratch: [], dispatches: [dispatch] };
  });
}

const OFF: FlagsOf<"attention_gradient"> = {
  SUMS: false,
  REACH: false,
  TILED: false,
  SERIAL: false,
  BY_QUERY: false,
};

export function attentionGrad(program: Program, op: OpOf<"attention_grad">): DraftChoice[] {
  const sizes = sizesOf(program, op);
  const { heads, kv_heads, head, queries, keys: length } = sizes;
  const { dy, q, k, v, keys, y, lse } = op.in;
  const rows = height(program, q);
  const tiles = program.batch * Math.ceil(queries / ROWS);
  const common = { ...constantsOf(sizes), NOTES_AT: 2 * rows * heads, ROWS: rows, BATCH: program.batch };
  const sums = grid(rows * heads, 64);
  const before: DraftDispatch[] = [
    {
      template: "attention_gradient",
      label: "attention_sums",
      flags: { ...OFF, SUMS: true },
      constants: { ...common, GRID_X: sums.GRID_X },
      bindings: [
        bind(program, "dy", "read", dy),
        bind(program, "y", "read", y),
        bind(program, "lse", "read", lse),
        scratch("notes", "write"),
      ],
      workgroups: sums.workgroups,
    },
    {
      template: "attention_gradient",
      label: "attention_reach",
      flags: { ...OFF, REACH: true },
      constants: common,
      bindings: [bind(program, "keys", "read", keys), scratch("notes", "write")],
      workgroups: [Math.ceil(tiles / 64), 1, 1],
    },
  ];
  return variants((tile) => {
    const of = (name: string, access: "read" | "write", tensor: TensorId): DraftBinding =>
      tile ? bind(program, name, access, tensor) : inBlocks(program, name, access, tensor, head);
    const constants = { ...common, ...(tile ? tileConstants(tile, sizes) : {}) };
    const flags = { ...OFF, TILED: tile !== undefined, SERIAL: tile === undefined };
    const read = [
      of("dy", "read", dy),
      of("q", "read", q),
      of("k", "read", k),
      of("v", "read", v),
      bind(program, "keys", "read", keys),
      scratch("notes", "read"),
    ];
    const byQuery: DraftDispatch = {
      template: "attention_gradient",
      label: "attention_dq",
      flags: { ...flags, BY_QUERY: true },
      constants,
      bindings: [...read, of("dq", "write", op.out.dq)],
      workgroups: [Math.ceil(queries / ROWS), heads, program.batch],
    };
    const byKey: DraftDispatch = {
      template: "attention_gradient",
      label: "attention_dkv",
      flags,
      constants,
      bindings: [...read, of("dk", "write", op.out.dk), of("dv", "write", op.out.dv)],
      workgroups: [Math.ceil(length / ROWS), kv_heads, program.batch],
    };
    return { scratch: [4 * (2 * rows * heads + 2 * tiles)], dispatches: [...before, byQuery, byKey] };
  });
}
