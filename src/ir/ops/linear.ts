// Linear layers, and the gradients of their input and their weight.
import { ACTIVATION } from "./activation.js";
import { type Family, first, last, through, when } from "./row.js";

/** A product is cheap if its output has at least this many columns for each column of its input. */
const WIDENS = 16;

export const LINEAR: Family<"linear" | "linear_dx" | "linear_dw"> = {
  linear: {
    makes: ({ in: i }, s) => ({ y: [first(s(i.x)), s(i.weight)[1] as number] }),
    fits: ({ in: i, out, rows }, s) => [
      [s(i.weight), [rows.groups, last(s(out.y)), last(s(i.x))]],
      ...(i.bias === undefined ? [] : [[s(i.bias), [rows.groups, last(s(out.y))]] as const]),
    ],
    formula: "2·N·K + N with a bias + 3N with softplus + N with a residual + 2K with a norm",
    flops: ({ in: i, out, activation }, n) => {
      const N = n(out.y);
      const K = n(i.x);
      const epilogue = when(i.bias, N) + (activation ? ACTIVATION[activation] * N : 0) + when(i.residual, N);
      return 2 * N * K + epilogue + when(i.rstd, 2 * K);
    },
    cheap: ({ in: i, out }, n) => n(out.y) >= WIDENS * n(i.x),
    f16: { in: ["x"], out: ["y"] },
    gradient: through<"linear">(
      (op) => op.out.y,
      ({ in: i, rows, activation }, dy, g) => {
        const { x, weight, bias } = i;
        if (activation || i.rstd !== undefined || i.residual !== undefined) {
          throw new Error("differentiate runs before fusion");
        }
        g.make("linear_dx", { in: { dy, weight }, rows }, { dx: x });
        const by = bias === undefined ? { dweight: weight } : { dweight: weight, dbias: bias };
        g.make("linear_dw", { in: { dy, x }, rows }, by);
      },
    ),
  },
  linear_dx: {
    makes: ({ in: i }, s) => ({ dx: [first(s(i.dy)), last(s(i.weight))] }),
    fits: ({ in: i, rows }, s) => [[s(i.weight).slice(0, 2), [rows.groups, last(s(i.dy))]]],
    formula: "2·N·K + K with a residual",
    flops: ({ in: i, out }, n) => 2 * n(i.dy) * n(out.dx) + when(i.residual, n(out.dx)),
    f16: { in: ["dy", "residual"], out: ["dx"] },
  },
  linear_dw: {
    makes: ({ in: i, rows }, s) => ({
      dweight: [rows.groups, last(s(i.dy)), last(s(i.x))],
      dbias: [rows.groups, last(s(i.dy))],
    }),
    fits: ({ in: i }, s) => [[[first(s(i.dy))], [first(s(i.x))]]],
    formula: "2·N·K + N with a bias",
    flops: ({ in: i, out }, n) => 2 * n(i.dy) * n(i.x) + when(out.dbias, n(i.dy)),
    f16: { in: ["dy", "x"] },
  },
};
