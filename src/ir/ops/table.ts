// Every op's row.
import type { OpKind } from "../op.js";
import { ATTENTION } from "./attention.js";
import { CONV } from "./conv.js";
import { EMBED } from "./embed.js";
import { LINEAR } from "./linear.js";
import { LOSS } from "./loss.js";
import { NORM } from "./norm.js";
import { COLUMNS, POINTWISE } from "./pointwise.js";
import type { Family, Row } from "./row.js";
import { SCAN } from "./scan.js";

export const OPS: Family<OpKind> = {
  ...EMBED,
  ...LINEAR,
  ...NORM,
  ...CONV,
  ...SCAN,
  ...ATTENTION,
  ...POINTWISE,
  ...COLUMNS,
  ...LOSS,
};

/** The row of an op whose kind is not known where it is asked for. */
export const rowOf = (kind: OpKind): Row<OpKind> => OPS[kind] as unknown as Row<OpKind>;
