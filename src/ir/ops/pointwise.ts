// Elementwise ops, and ops that split or join columns.
import type { TensorId } from "../tensor.js";
import { ACTIVATION, SLOPE } from "./activation.js";
import { ANY, alike, type Family, first, last, type Row, type Shape, through } from "./row.js";

const widthOf = (parts: readonly Shape[]): number => parts.reduce((sum, part) => sum + last(part), 0);

/** Elementwise in a and b. */
const TWO_TO_ONE: Omit<Row<"add"> & Row<"subtract"> & Row<"multiply">, "gradient" | "f16"> = {
  makes: ({ in: i }, s) => ({ y: s(i.a) }),
  fits: ({ in: i }, s) => alike(s, [i.a, i.b]),
  formula: "d",
  flops: ({ in: i }, n) => n(i.a),
  cheap: true,
};
const F16 = { in: ["a", "b"], out: ["y"] } as const;

export const POINTWISE: Family<
  "cast" | "amplify" | "activate" | "activate_grad" | "swiglu" | "swiglu_grad" | "add" | "subtract" | "multiply"
> = {
  // Casts and the loss scale enter after differentiation, so they have no gradient.
  cast: { makes: ({ in: i }, s) => ({ y: s(i.x) }), formula: "0", flops: () => 0, cheap: true },
  // A product with the loss scale counts nothing, like the other factors of the losses.
  amplify: { makes: ({ in: i }, s) => ({ y: s(i.x) }), formula: "0", flops: () => 0 },
  activate: {
    makes: ({ in: i }, s) => ({ y: s(i.x) }),
    formula: "4d for SiLU, 3d for softplus",
    flops: ({ in: i, activation }, n) => ACTIVATION[activation] * n(i.x),
    cheap: true,
    f16: { in: ["x"], out: ["y"] },
    gradient: through<"activate">(
      (op) => op.out.y,
      ({ in: i, out, activation }, dy, g) =>
        g.make("activate_grad", { in: { dy, x: activation === "softplus" ? out.y : i.x }, activation }, { dx: i.x }),
    ),
  },
  activate_grad: {
    makes: ({ in: i }, s) => ({ dx: s(i.x) }),
    fits: ({ in: i }, s) => alike(s, [i.x, i.dy]),
    formula: "9d for SiLU, 4d for softplus",
    flops: ({ in: i, activation }, n) => SLOPE[activation] * n(i.x),
    f16: { in: ["dy", "x"], out: ["dx"] },
  },
  swiglu: {
    makes: ({ in: i }, s) => ({ y: s(i.a) }),
    fits: ({ in: i }, s) => alike(s, [i.a, i.b]),
    formula: "5d",
    flops: ({ in: i }, n) => (ACTIVATION.silu + 1) * n(i.a),
    cheap: true,
    f16: { in: ["a", "b"], out: ["y"] },
  },
  swiglu_grad: {
    makes: ({ in: i }, s) => ({ da: s(i.a), db: s(i.a) }),
    fits: ({ in: i }, s) => alike(s, [i.a, i.b, i.dy]),
    formula: "11d",
    flops: ({ in: i }, n) => (SLOPE.silu + 2) * n(i.a),
    f16: { in: ["dy", "a", "b"], out: ["da", "db"] },
  },
  add: {
    ...TWO_TO_ONE,
    f16: F16,
    gradient: through<"add">(
      (op) => op.out.y,
      ({ in: { a, b } }, dy, g) => {
        g.contribute(a, dy);
        g.contribute(b, dy);
      },
    ),
  },
  // Its operands come from the batch and have no gradient. Its output is a target, which stays in f32.
  subtract: TWO_TO_ONE,
  multiply: {
    ...TWO_TO_ONE,
    f16: F16,
    gradient: through<"multiply">(
      (op) => op.out.y,
      ({ in: { a, b } }, dy, g) => {
        g.make("multiply", { in: { a: dy, b } }, { y: a });
        g.make("multiply", { in: { a: dy, b: a } }, { y: b });
      },
    ),
  },
};

export const COLUMNS: Family<"split" | "concat"> = {
  split: {
    // Outputs have the width with which they were declared; `fits` checks their sum.
    makes: () => ({}),
    fits: ({ in: i, out }, s) => [[[widthOf(Object.values(out).map(s))], [last(s(i.x))]]],
    formula: "0",
    flops: () => 0,
    cheap: true,
    gradient: ({ in: { x }, out }, g) => {
      const parts = Object.entries(out).map(([key, id]) => [key, g.of(id)] as const);
      if (parts.every(([, id]) => id === undefined)) return;
      const known = parts.map(([key, id]): [string, TensorId] => {
        if (id === undefined) throw new Error(`output ${key} of a split has no gradient`);
        return [key, id];
      });
      g.make("concat", { in: Object.fromEntries(known) }, { y: x });
    },
  },
  concat: {
    makes: ({ in: i }, s) => {
      const parts = Object.values(i).map(s);
      return { y: [parts[0] === undefined ? ANY : first(parts[0]), widthOf(parts)] };
    },
    formula: "0",
    flops: () => 0,
    cheap: true,
    gradient: through<"concat">(
      (op) => op.out.y,
      ({ in: parts }, dy, g) => g.make("split", { in: { x: dy } }, parts),
    ),
  },
};
