// A forward product of few rows, as when tokens are sampled one at a time: reading the weights takes all the time.
import type { Requirement } from "../ir/plan.js";
import type { Program } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";
import { bind, type DraftBinding, type DraftChoice, height } from "./draft.js";
import { flagsOf, type Product } from "./product.js";
import { columnsOf, fits, matrix, type RowSource, tableBinding, tableConstants } from "./product-operands.js";

/** The most rows. For every 8 of them the weights are read again. */
const MOST = 64;
const REQUIRES: Requirement = { kind: "gpu", workgroupBytes: 4 * 64 * 33, invocations: 64 };

/**
 * The invocations that share out the depth. Fewer have less to add up at the end, if there are enough workgroups. They do not
 * depend on the number of rows, nor does a row's result.
 */
const lanesFor = (columns: number): number => (columns < 1024 ? 64 : 16);

/** The product as a choice, if it has few rows and is suitable. */
export function fewRows(program: Program, source: RowSource, p: Product): DraftChoice[] {
  if (source.rows > MOST || !fits(program, p.x)) return [];
  const columns = columnsOf(program, p.y);
  const teams = 64 / lanesFor(columns);
  const optional = (name: string, id: TensorId | undefined, vec4 = false): DraftBinding[] =>
    id === undefined ? [] : [bind(program, name, "read", id, vec4)];
  return [
    {
      variant: "few",
      requires: REQUIRES,
      scratch: [],
      dispatches: [
        {
          template: "linear_few",
          label: p.label,
          flags: { ...flagsOf(source, p), NORM: p.rstd !== undefined },
          constants: {
            ...tableConstants(source),
            NUMBER: "f32",
            LANES: lanesFor(columns),
            TEAMS: teams,
            COLS: columns,
            COL_NUMBERS: columns,
            DEPTH: columnsOf(program, p.x),
            SCALE_GROUPS: p.scale === undefined ? 1 : height(program, p.scale),
          },
          bindings: [
            matrix(program, "x", "read", p.x, true),
            bind(program, "weight", "read", p.weight, true),
            ...tableBinding(source),
            ...optional("bias", p.bias),
            ...optional("rstd", p.rstd),
            ...optional("scale", p.scale, true),
            ...optional("residual", p.residual),
            matrix(program, "y", "write", p.y, false),
          ],
          workgroups: [Math.ceil(columns / (4 * teams)), source.tiles, Math.ceil(source.rows / 8)],
        },
      ],
    },
  ];
}
