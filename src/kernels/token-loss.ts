// Kernels of the token loss: head, cross-entropy and their gradients, a chunk of rows at a time.
import type { OpOf } from "../ir/op.js";
import { count, type Program, rowsOf, tensorOf } from "../ir/program.js";
import { bind, type DraftChoice, type DraftDispatch, type KernelSettings, scratch, width } from "./draft.js";
import { product } from "./product.js";
import { inPairs, type RowSource, tableBinding } from "./product-operands.js";
import { inRegisters, inShapes, type Shape } from "./product-shapes.js";
import { overRows } from "./rowwise.js";
import { ROW_TILE, type Table, tilesOf } from "./tables.js";
import { weightGradient } from "./weight-gradient.js";

/** Tiles of rows in a chunk, for a vocabulary of V. */
export const tilesInChunk = (V: number, logitBytes: number, pairs: boolean): number => {
  const step = pairs ? 2 : 1;
  return step * Math.max(1, Math.floor(logitBytes / (4 * V * ROW_TILE * step)));
};

export function tokenLoss(program: Program, op: OpOf<"token_loss">, { logitBytes }: KernelSettings): DraftChoice[] {
  const { x, weight, target, scale } = op.in;
  const { loss, dx, dweight } = op.out;
  const V = count(tensorOf(program, weight).shape) / width(program, x);
  const table: Table & { kind: "targets" } = {
    kind: "targets",
    source: tensorOf(program, target).name,
    rows: rowsOf(program),
    pairs: inPairs(program, x),
  };
  const all = tilesOf(table);
  const chunk = Math.min(all, tilesInChunk(V, logitBytes, table.pairs));
  const logits = { slot: 0, columns: V, type: "f32" } as const;
  // Halves are made apart: what the loss is computed from stays in f32.
  const apart = inPairs(program, x);
  const slopes = apart ? ({ slot: 1, columns: V, type: "f16" } as const) : logits;
  const gradients = dx !== undefined || dweight !== undefined;

  const dispatches = (shape: Shape): DraftDispatch[] =>
    Array.from({ length: Math.ceil(all / chunk) }, (_, i) => {
      const firstTile = i * chunk;
      const tiles = Math.min(chunk, all - firstTile);
      const source: RowSource = { table, groups: 1, rows: table.rows, firstTile, tiles };
      const made = [
        product(program, source, { label: "logits", x: { tensor: x }, weight, y: logits, transposed: true }, shape),
      ];
      const fours = !inRegisters(shape) && V % 4 === 0;
      const of = (type: "f32" | "f16"): string => (fours ? `array<vec4<${type}>>` : `array<${type}>`);
      const constants = {
        TILES: all,
        FIRST_TILE: firstTile,
        ENTROPY: true,
        LOCAL: true,
        SLOPE: gradients,
        APART: apart,
        FOURS: fours,
        LOGITS: fours ? V / 4 : V,
      };
      const bindings = [
        scratch("logits", gradients && !apart ? "write" : "read", 0, of("f32")),
        ...(gradients && apart ? [scratch("slopes", "write", 1, of("f16"))] : []),
        ...tableBinding(source),
        bind(program, "target_token", "read", target),
        ...(gradients ? [bind(program, "scale", "read", scale)] : []),
        bind(program, "loss", "write", loss),
      ];
      made.push(overRows("token_entropy", !inRegisters(shape), tiles * ROW_TILE, constants, bindings));
      if (dx !== undefined) {
        const p = { label: "logits_dx", x: slopes, weight, y: { tensor: dx }, transposed: false };
        made.push(product(program, source, p, shape));
      }
      if (dweight !== undefined) {
        const w = { label: "logits_dw", dy: slopes, x, dweight, add: i > 0 };
        made.push(...weightGradient(program, source, w, shape, apart ? 2 : 1).dispatches);
      }
      return made;
    }).flat();
  const numbers = chunk * ROW_TILE * V;
  const bytes = apart && gradients ? [4 * numbers, 2 * numbers] : [4 * numbers];
  return inShapes((shape) => ({ scratch: bytes, dispatches: dispatches(shape) }));
}
