// The values that a `vary` takes, from a list or a call that makes one.
import type { Argument, Value } from "../../grammar/tree.js";
import { emptyRange, logOfNegative, notValues } from "../diagnostics/ablate.js";
import { wrongType } from "../diagnostics/fields.js";
import { stream } from "../random/stream.js";
import { findingsOf } from "./findings.js";
import { fieldNode, kindNode, kindsOf, ROOT, type SchemaNode, wanted } from "./schema.js";
import { shapeValue } from "./shape.js";
import type { Shaping } from "./shaping.js";
import { validatePart } from "./validate.js";

const VALUES: SchemaNode = ["ablate", "*", "vary", "*"].reduce<SchemaNode>(
  (node, key) => fieldNode(node, key) ?? {},
  ROOT,
);

/** More values than this for one path are refused before they are made. */
const MOST = 4096;

/** The values as they would be written out in a list; undefined where that went wrong and was reported. */
export function listValues(value: Value, path: string, shaping: Shaping): readonly Value[] | undefined {
  if (value.type === "list" && value.items.length > 0) return value.items;
  const kind = value.type === "call" ? kindNode(VALUES, value.name.text) : undefined;
  if (value.type !== "call" || kind === undefined) {
    shaping.diagnostics.push(notValues(value.span, path, kindsOf(VALUES)));
    return undefined;
  }
  if (value.name.text === "subsets") return subsets(value.args ?? [], value, shaping);
  const before = shaping.diagnostics.length;
  const places = new Map([["", { value: value.span, key: value.name.span }]]);
  const json = shapeValue(value, VALUES, "", { ...shaping, places });
  if (json === undefined || shaping.diagnostics.length > before) return undefined;
  const errors = validatePart(json, VALUES);
  shaping.diagnostics.push(...findingsOf(errors, places, shaping.textOf));
  if (errors.length > 0) return undefined;
  const numbers = generate(json as Generator, value, shaping);
  return numbers?.map((number) => ({ type: "number", text: String(number), span: value.span }));
}

/** Every subset, the empty one first, then as binary numbers count with the first item lowest. */
function subsets(args: readonly Argument[], value: Value, shaping: Shaping): readonly Value[] | undefined {
  const [only] = args;
  const of = kindNode(VALUES, "subsets")?.properties?.of ?? {};
  const list = only?.value;
  if (
    args.length !== 1 ||
    (only?.name !== undefined && only.name.text !== "of") ||
    list?.type !== "list" ||
    list.items.length === 0
  ) {
    const found = shaping.textOf(list?.span ?? value.span);
    shaping.diagnostics.push(
      wrongType(list?.span ?? value.span, "subsets", found, wanted(of), "subsets([in_proj, out_proj])"),
    );
    return undefined;
  }
  if (list.items.length > (of.maxItems ?? 12)) {
    shaping.diagnostics.push(wrongType(list.span, "subsets", shaping.textOf(list.span), wanted(of)));
    return undefined;
  }
  return Array.from({ length: 2 ** list.items.length }, (_, bits) => ({
    type: "list",
    items: list.items.filter((_, i) => (bits >> i) & 1),
    span: value.span,
  }));
}

type Generator =
  | { readonly kind: "range"; readonly from: number; readonly to: number; readonly step: number }
  | { readonly kind: "grid"; readonly from: number; readonly to: number; readonly count: number; readonly scale: Scale }
  | {
      readonly kind: "sample";
      readonly from: number;
      readonly to: number;
      readonly n: number;
      readonly scale: Scale;
      readonly seed: number;
    };
type Scale = "linear" | "log";

function generate(generator: Generator, value: Value, { diagnostics }: Shaping): number[] | undefined {
  const { from, to } = generator;
  if (to < from) {
    diagnostics.push(emptyRange(value.span));
    return undefined;
  }
  if (generator.kind === "range") {
    // A little more than whole, so that 0 to 1 by 0.1 has its 1.
    const count = Math.floor((to - from) / generator.step + 1e-9) + 1;
    return Array.from({ length: Math.min(count, MOST + 1) }, (_, i) => rounded(from + i * generator.step));
  }
  if (generator.scale === "log" && from <= 0) {
    diagnostics.push(logOfNegative(value.span));
    return undefined;
  }
  const at = (share: number): number =>
    rounded(generator.scale === "log" ? from * (to / from) ** share : from + (to - from) * share);
  if (generator.kind === "grid")
    return Array.from({ length: generator.count }, (_, i) => at(i / (generator.count - 1)));
  const random = stream("sample", generator.seed);
  return Array.from({ length: generator.n }, () => at(random.uniform()));
}

/** To 12 digits: what is left of sums such as 0.1 + 0.2 goes. */
const rounded = (value: number): number => Number(value.toPrecision(12));
