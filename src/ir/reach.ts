// Which positions an op works at: those of all modalities, or of some; or items instead of positions.
import type { Op, Rows } from "./op.js";
import { outputsOf } from "./op.js";
import { type Program, rowsOf, tensorOf } from "./program.js";
import type { TensorId } from "./tensor.js";

export interface Reach {
  /** By modality: whether its positions (or its items) are among those that the op works at. */
  readonly modalities: readonly boolean[];
  readonly over: "positions" | "items";
}

const both = (a: readonly boolean[], b: readonly boolean[]): boolean[] => a.map((yes, m) => yes && b[m] === true);

/**
 * By op, in program order; for programs whose token loss is fused. A weight that only some modalities reach narrows
 * what is made with it, until a sum or a residual joins it to the rest. `tokens` says which modalities are of tokens:
 * only they meet the embedding and the head, and each of their positions is taken to predict the next token.
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
    // What joins the stream of all positions belongs to all of them again.
    const rejoins = op.kind === "add_items" || op.kind === "embed" || op.kind === "token_loss" || "residual" in op.in;
    const { loss } = op.out as { readonly loss?: TensorId };
    for (const id of outputsOf(op)) if (!masks.has(id)) masks.set(id, rejoins && id !== loss ? all : modalities);
    const { item } = op.in as { readonly item?: TensorId };
    if (item !== undefined) masks.set(item, both(maskOf(item), modalities));
    return { modalities, over: isOverItems(program, op) ? "items" : "positions" };
  });
}

/** By the height of what it makes or, where that is a weight's gradient, of what it reads. */
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
