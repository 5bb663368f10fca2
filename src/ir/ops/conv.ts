// The causal depthwise convolution and its gradient.
import type { OpOf } from "../op.js";
import { ACTIVATION, SLOPE } from "./activation.js";
import { type Family, last, type Shape, type ShapeOf, type Size, through } from "./row.js";
import { stateIsConstant } from "./state.js";

const tailOf = (i: OpOf<"conv">["in"], s: ShapeOf, { batch }: Size): Shape => [
  batch * (last(s(i.weight)) - 1),
  last(s(i.x)),
];

/**
 * A kernel [G, D, 1, K] or [G, D, K] and its bias [G, D] over x [R, D]; the inputs before a sequence; document starts.
 */
function fits({ in: i, rows }: OpOf<"conv"> | OpOf<"conv_grad">, s: ShapeOf, size: Size): (readonly [Shape, Shape])[] {
  const channels = [rows.groups, last(s(i.x))];
  return [
    [s(i.weight).slice(0, 2), channels],
    [s(i.bias), channels],
    ...(i.tail === undefined ? [] : [[s(i.tail), tailOf(i, s, size)] as const]),
    ...(i.reset === undefined ? [] : [[s(i.reset), [size.batch * size.length]] as const]),
  ];
}

export const CONV: Family<"conv" | "conv_grad"> = {
  conv: {
    makes: ({ in: i }, s, size) => ({ y: s(i.x), tail_out: tailOf(i, s, size) }),
    fits,
    formula: "D·(2W + 4 with SiLU)",
    flops: ({ in: i, activation }, n) => n(i.x) * (2 * n(i.weight) + (activation ? ACTIVATION.silu : 0)),
    cheap: true,
    f16: { in: ["x"], out: ["y"] },
    gradient: through<"conv">(
      (op) => op.out.y,
      ({ in: i, out, rows }, dy, g) => {
        stateIsConstant(g, i.tail, out.tail_out);
        g.make("conv_grad", { in: { ...i, dy }, rows }, { dx: i.x, dweight: i.weight, dbias: i.bias });
      },
    ),
  },
  conv_grad: {
    makes: ({ in: i }, s) => ({ dx: s(i.x), dweight: s(i.weight), dbias: s(i.bias) }),
    fits: (op, s, size) => [...fits(op, s, size), [s(op.in.dy), s(op.in.x)]],
    formula: "D·(4W + 1 + 9 with SiLU)",
    flops: ({ in: i, activation }, n) => n(i.x) * (4 * n(i.weight) + 1 + (activation ? SLOPE.silu : 0)),
    f16: { in: ["dy", "x"], out: ["dx"] },
  },
};
