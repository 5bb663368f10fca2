// Kernels of the token loss: head, cross-entropy and their gradients, one chunk of rows at a time.
import type { OpOf } from "../ir/op.js";
import { type Program, rowsOf, tensorOf } from "../ir/program.js";
import { count } from "../ir/tensor.js";
import { bind, type DraftChoice, type DraftDispatch, type KernelSettings, scratch, width } from "./draft.js";
import { type Made, product } from "./product.js";
import { inPairs, type RowSource, tableBinding, tableConstants } from "./product-operands.js";
import { inRegisters, inShapes, type Shape, worthSplitting } from "./product-shapes.js";
import { overRows } from "./rowwise.js";
import { type Operand, operandOf, type SplitOperand, splitToF16, weightOperand } from "./split.js";
import { ROW_TILE, type Table, tilesOf } from "./tables.js";
import { weightGradient } from "./weight-gradient.js";

/** Tiles of rows per chunk for a vocabulary of V, if a logit and the numbers derived from it take `each` bytes. */
export const tilesInChunk = (V: number, logitBytes: number, pairs: boolean, each = 4): number => {
  const step = pairs ? 2 : 1;
  return step * Math.max(1, Math.floor(logitBytes / (each * V * ROW_TILE * step)));
};

export function tokenLoss(program: Program, op: OpOf<"token_loss">, settings: KernelSettings): DraftChoice[] {
  return inShapes((shape) => inChunks(program, op, settings, shape));
}

function inChunks(program: Program, op: OpOf<"token_loss">, settings: KernelSettings, shape: Shape): Made {
  const { x, weight, target } = op.in;
  const { dx, dweight } = op.out;
  const d = width(program, x);
  const V = count(tensorOf(program, weight).shape) / d;
  const table: Table & { kind: "targets" } = {
    kind: "targets",
    source: tensorOf(program, target).name,
    rows: rowsOf(program),
    pairs: inPairs(program, x, shape),
  };
  const gradients = dx !== undefined || dweight !== undefined;
  const dispatches: DraftDispatch[] = [];
  const bytes: number[] = [];
  const room = (made: Made): void => {
    dispatches.push(...made.dispatches);
    bytes.push(...made.scratch);
  };
  // f16 copies are written separately: the loss is computed from f32.
  const apart = tensorOf(program, x).type === "f16";
  const splits =
    shape === "split" && !apart && [V, d].every((n) => n % 16 === 0) && worthSplitting(settings, rowsOf(program), d, V);
  // Operands are split once for all chunks or not at all.
  const form = shape === "split" && !splits ? "wide" : shape;
  const all = tilesOf(table);
  const chunk = Math.min(all, tilesInChunk(V, settings.logitBytes, table.pairs, splits && gradients ? 8 : 4));
  const numbers = chunk * ROW_TILE * V;
  const logits = { slot: 0, columns: V, type: "f32" } as const;
  const slopes = apart ? ({ slot: 1, columns: V, type: "f16" } as const) : logits;
  room({ dispatches: [], scratch: apart && gradients ? [4 * numbers, 2 * numbers] : [4 * numbers] });
  const allRows: RowSource = { table, groups: 1, rows: table.rows, firstTile: 0, tiles: all };
  const split = (operand: Operand): SplitOperand => {
    const made = splitToF16(program, operand, bytes.length);
    room(made);
    return made.operand;
  };
  const halves = splits
    ? { x: split(operandOf(program, "x", { tensor: x }, allRows)), weight: split(weightOperand(program, weight)) }
    : undefined;
  const free = bytes.length;

  for (let firstTile = 0; firstTile < all; firstTile += chunk) {
    const tiles = Math.min(chunk, all - firstTile);
    const source: RowSource = { ...allRows, firstTile, tiles };
    /** Every chunk reuses the scratch of the first, which is the largest. */
    const add = (made: Made): void => {
      if (firstTile === 0) room(made);
      else dispatches.push(...made.dispatches);
    };
    const ofX = { label: "logits", x: { tensor: x }, weight, y: logits, transposed: true, ...(halves && { halves }) };
    add(product(program, source, ofX, form, settings, free));
    add({ dispatches: [entropy(program, op, source, form, { apart, gradients, V })], scratch: [] });
    const made =
      splits && gradients ? splitToF16(program, operandOf(program, "slopes", slopes, source), free) : undefined;
    if (made) add(made);
    if (dx !== undefined) {
      const ofSlopes = { label: "logits_dx", x: slopes, weight, y: { tensor: dx }, transposed: false };
      const operands = halves && { halves: { x: made?.operand, weight: halves.weight } };
      add(product(program, source, { ...ofSlopes, ...operands }, form, settings, free));
    }
    if (dweight !== undefined) {
      const w = { label: "logits_dw", dy: slopes, x, dweight, add: firstTile > 0 };
      const operands = halves && { halves: { x: halves.x, dy: made?.operand } };
      add(weightGradient(program, source, { ...w, ...operands }, form, settings, free + (made?.scratch.length ?? 0)));
    }
  }
  return { dispatches, scratch: bytes };
}

/** The losses of a chunk of rows from their logits, and the gradient of the logits. */
function entropy(
  program: Program,
  op: OpOf<"token_loss">,
  source: RowSource,
  shape: Shape,
  { apart, gradients, V }: { readonly apart: boolean; readonly gradients: boolean; readonly V: number },
): DraftDispatch {
  const vec4 = V % 4 === 0;
  const of = (type: "f32" | "f16"): string => (vec4 ? `array<vec4<${type}>>` : `array<${type}>`);
  const constants = {
    TILES: tableConstants(source).TILES,
    FIRST_TILE: source.firstTile,
    LOGITS: vec4 ? V / 4 : V,
  };
  const flags = { ENTROPY: true, LOCAL: true, SLOPE: gradients, APART: apart, VEC4: vec4 };
  const bindings = [
    scratch("logits", gradients && !apart ? "write" : "read", 0, of("f32")),
    ...(gradients && apart ? [scratch("slopes", "write", 1, of("f16"))] : []),
    ...tableBinding(source),
    bind(program, "target_token", "read", op.in.target),
    ...(gradients ? [bind(program, "scale", "read", op.in.scale)] : []),
    bind(program, "loss", "write", op.out.loss),
  ];
  return overRows("token_entropy", !inRegisters(shape), source.tiles * ROW_TILE, flags, constants, bindings);
}
