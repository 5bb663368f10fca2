// Ops of the update, which change arenas in place.
import { BLOCK } from "../arena.js";
import { ANY, alike, type Family, type Shape } from "./row.js";

/** Matrices of a stack are padded with zeros: their rows to whole tiles, their columns to multiples of four. */
const PADDED = { rows: 64, columns: 4 } as const;

/** The shape of the padded stack of matrices [n, rows, columns], with the shorter side first. */
export function paddedStack([n = 0, rows = 0, columns = 0]: Shape): [number, number, number] {
  const [r, c] = [Math.min(rows, columns), Math.max(rows, columns)];
  return [n, PADDED.rows * Math.ceil(r / PADDED.rows), PADDED.columns * Math.ceil(c / PADDED.columns)];
}

/** The numbers from one parameter of a stack to the next in its arena. */
export const strideOf = (groups: number, [, rows = 0, columns = 0]: Shape): number =>
  BLOCK * Math.ceil((groups * rows * columns) / BLOCK);

export const UPDATE: Family<"gradient_norm" | "adamw" | "muon_sums" | "muon_begin" | "muon_end" | "matmul"> = {
  gradient_norm: {
    makes: () => ({ norm: [2], scale: [3] }),
    formula: "2 for each parameter",
    flops: ({ in: i }, n) => 2 * n(i.gradients),
    inPlace: true,
  },
  adamw: {
    makes: ({ in: i }, s) => ({ parameters: s(i.gradients), m: s(i.gradients), v: s(i.gradients) }),
    fits: ({ in: i }, s) => [[s(i.norm), [2]]],
    // The clipped gradient, 1; both means, 3 and 4; both corrections, the root, + eps, ÷, · lr, −, and the decay.
    formula: "15 for each parameter",
    flops: ({ in: i }, n) => 15 * n(i.gradients),
    inPlace: true,
  },
  muon_sums: {
    makes: ({ in: i }, s) => ({ sums: [s(i.gradient)[0] as number, 2] }),
    fits: ({ in: i }, s) => alike(s, [i.gradient, i.momentum]),
    formula: "9 for each parameter",
    flops: ({ in: i }, n, height) => 9 * n(i.gradient) * height(i.gradient),
  },
  muon_begin: {
    makes: ({ in: i }, s) => ({ momentum: s(i.gradient), x: paddedStack(s(i.gradient)) }),
    fits: ({ in: i }, s) => [[s(i.sums), [s(i.gradient)[0] as number, 2]]],
    formula: "9 for each parameter",
    flops: ({ in: i }, n, height) => 9 * n(i.gradient) * height(i.gradient),
    inPlace: true,
  },
  muon_end: {
    makes: ({ in: i }, s) => ({ parameter: [s(i.sums)[0] as number, ANY, ANY] }),
    fits: ({ in: i, out }, s) => [[s(i.x), paddedStack(s(out.parameter))]],
    formula: "3 for each parameter",
    flops: ({ out }, n, height) => 3 * n(out.parameter) * height(out.parameter),
    inPlace: true,
  },
  matmul: {
    makes: ({ in: i, transposed }, s) => {
      const [n = 0, rows = 0] = s(i.a);
      return { y: [n, rows, s(i.b)[transposed ? 1 : 2] as number] };
    },
    fits: ({ in: i, out, transposed }, s) => [
      [
        [s(i.b)[0] as number, s(i.b)[transposed ? 2 : 1] as number, (s(i.a)[1] as number) % PADDED.rows],
        [s(i.a)[0] as number, s(i.a)[2] as number, 0],
      ],
      ...(i.c === undefined ? [] : [[s(i.c), s(out.y)] as const]),
    ],
    formula: "2·K·N for each row of a, + 2·N with a c",
    flops: ({ in: i, out }, n, height) => height(i.a) * n(out.y) * (2 * n(i.a) + (i.c === undefined ? 0 : 2)),
  },
};
