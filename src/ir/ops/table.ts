// The rows of all ops.
import type { OpKind } from "../op.js";
import { ATTENTION } from "./attention.js";
import { CHOOSE } from "./choose.js";
import { CONV } from "./conv.js";
import { EMBED } from "./embed.js";
import { LINEAR } from "./linear.js";
import { LOSS } from "./loss.js";
import { NORM } from "./norm.js";
import { COLUMNS, POINTWISE } from "./pointwise.js";
import type { Family, Row } from "./row.js";
import { SCAN } from "./scan.js";
import { UPDATE } from "./update.js";

export const OPS: Family<OpKind> = {
  ...EMBED,
  ...LINEAR,
  ...NORM,
  ...CONV,
  ...SCAN,
  ...ATTENTION,
  ...CHOOSE,
  ...POINTWISE,
  ...COLUMNS,
  ...LOSS,
  ...UPDATE,
};

/** The row of a kind of op. The kind may be a variable. */
export const rowOf = <K extends OpKind>(kind: K): Row<K> => OPS[kind];
