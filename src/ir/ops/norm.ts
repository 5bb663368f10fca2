// The RMS norm in two steps, 1/√(mean(x²) + eps) and the scaling, and the gradient of both.
import { type Family, first, last, through, when } from "./row.js";

export const NORM: Family<"rms" | "rescale" | "norm_grad"> = {
  rms: {
    makes: ({ in: i }, s) => ({ rstd: [first(s(i.x))] }),
    formula: "2d + 4",
    flops: ({ in: i }, n) => 2 * n(i.x) + 4,
  },
  rescale: {
    makes: ({ in: i }, s) => ({ y: s(i.x) }),
    fits: ({ in: i, rows }, s) => [[s(i.scale), [rows.groups, last(s(i.x))]]],
    formula: "2d",
    flops: ({ in: i }, n) => 2 * n(i.x),
    cheap: true,
    f16: { out: ["y"] },
    gradient: through<"rescale">(
      (op) => op.out.y,
      ({ in: i, rows }, dy, g) => g.make("norm_grad", { in: { ...i, dy }, rows }, { dx: i.x, dscale: i.scale }),
    ),
  },
  norm_grad: {
    makes: ({ in: i }, s) => ({ dx: s(i.x), dscale: s(i.scale) }),
    fits: ({ in: i, rows }, s) => [
      [s(i.scale), [rows.groups, last(s(i.x))]],
      [s(i.dy), s(i.x)],
    ],
    formula: "9d + 3 + d with a residual",
    flops: ({ in: i }, n) => 9 * n(i.x) + 3 + when(i.residual, n(i.x)),
    f16: { in: ["dy"] },
  },
};
