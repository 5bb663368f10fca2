// The positions that an op works on: those of all modalities or of some, or items instead of positions.
import type { Op, Rows } from "./op.js";
import { outputsOf } from "./op.js";
import { type Program, rowsOf, tensorOf } from "./program.js";
import type { TensorId } from "./tensor.js";

export interface Reach {
  /** For each modality, whether the op works on its positions (or its items). */
  readonly modalities: readonly boolean[];
  readonly over: "positions" | "items";
}

const both = (a: readonly boolean[], b: readonly boolean[]): boolean[] => a.map((yes, m) => yes && b[m] === true);

/**
 * The reach of each op, in program order, for programs with a fused token loss. A weight that only some modalities use
 * narrows everything computed from it, until a sum or a residual joins it to the rest. `tokens` flags the modalities of
 * tokens: only they use the embedding and the head, and each of their positions counts as predicting the next token.
 */
export function reachOf(program: Program, tokens: readonly boolean[]): Reach[] {
  const all = new Array<boolean>(program.modalities).fill(true);
  const masks = new Map<TensorId, readonly boolean[]>(
    program.parameters.map(({ tensor, of }) => [tensor, of.map((group) => group >= 0)]),
  );
  const maskOf = (id: TensorId): readonly boolean[] => masks.get(id) ?? all;
  const inRows = (rows: Rows): readonly boolean[] => (rows.over === "items" ? all : rows.of.map((group) => group >= 0));

  const own = (op: Op): readonly boolean[] => {
    switch (op.kind) {
      case "noise":
        return all.map((_, m) => m === op.modality);
      case "embed":
      case "embed_grad":
      case "token_loss":
        return tokens;
      case "add":
        return maskOf(op.in.a).map((yes, m) => yes || maskOf(op.in.b)[m] === true);
      default: {
        const ids = Object.entries(op.in as Readonly<Record<string, TensorId>>).filter(([key]) => key !== "residual");
        const mask = ids.reduce<readonly boolean[]>((narrow, [, id]) => both(narrow, maskOf(id)), all);
        return "rows" in op ? both(mask, inRows(op.rows)) : mask;
      }
    }
  };

  return program.ops.map((op) => {
    const modalities = own(op);
    // An output that joins the residual stream belongs to all positions again.
    const rejoins = op.kind === "add_items" || op.kind === "embed" || op.kind === "token_loss" || "residual" in op.in;
    const { loss } = op.out as { readonly loss?: TensorId };
    for (const id of outputsOf(op)) if (!masks.has(id)) masks.set(id, rejoins && id !== loss ? all : modalities);
    const { item } = op.in as { readonly item?: TensorId };
    if (item !== undefined) masks.set(item, both(maskOf(item), modalities));
    return { modalities, over: isOverItems(program, op) ? "items" : "positions" };
  });
}

/** Decided by the height of the op's output or, for the gradient of a weight, of its input. */
function isOverItems(program: Program, op: Op): boolean {
  if ("rows" in op) return op.rows.over === "items";
  if (
    op.kind !== "cast" &&
    op.kind !== "activate" &&
    op.kind !== "activate_grad" &&
    op.kind !== "add" &&
    op.kind !== "multiply"
  ) {
    return false;
  }
  const [made] = outputsOf(op) as [TensorId];
  return tensorOf(program, made).shape[0] !== rowsOf(program);
}
