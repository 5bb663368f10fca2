// The selective scan and its gradient.
import type { OpOf } from "../op.js";
import { ACTIVATION, SLOPE } from "./activation.js";
import { type Call, type Family, last, type Shape, type ShapeOf, type Size, through, when } from "./row.js";
import { stateIsConstant } from "./state.js";

type Inputs = Call<"scan">["in"] | Call<"scan_grad">["in"];

/** h between positions, [batch, N, E]. */
const stateOf = (i: Inputs, s: ShapeOf, { batch }: Size): Shape => [batch, last(s(i.B)), last(s(i.u))];

/** h before each chunk, [batch·chunks, N, E]. */
const carryOf = (i: Inputs, s: ShapeOf, { batch, length, chunk }: Size): Shape => [
  batch * Math.ceil(length / chunk),
  last(s(i.B)),
  last(s(i.u)),
];

function fits({ in: i, rowsA, rowsD }: OpOf<"scan"> | OpOf<"scan_grad">, s: ShapeOf, { batch, length }: Size) {
  const E = last(s(i.u));
  const pairs: (readonly [Shape, Shape])[] = [
    [s(i.delta), s(i.u)],
    [s(i.C), s(i.B)],
    [s(i.A_log), [rowsA.groups, E, last(s(i.B))]],
    [s(i.D), [rowsD.groups, E]],
  ];
  if (i.z !== undefined) pairs.push([s(i.z), s(i.u)]);
  if (i.reset !== undefined) pairs.push([s(i.reset), [batch * length]]);
  return pairs;
}

export const SCAN: Family<"scan" | "scan_grad"> = {
  scan: {
    makes: ({ in: i }, s, size) => ({ y: s(i.u), carry: carryOf(i, s, size), h_end: stateOf(i, s, size) }),
    fits: (op, s, size) => [
      ...fits(op, s, size),
      ...(op.in.h0 === undefined ? [] : [[s(op.in.h0), stateOf(op.in, s, size)] as const]),
    ],
    // Per state: Δ·A, exp, ·h, (Δu)·B, +, C·h, +. Per channel: Δ·u, D·u, +.
    formula: "E·(7N + 3 + 5 with a gate)",
    flops: ({ in: i }, n) => n(i.u) * (7 * n(i.B) + 3 + when(i.z, ACTIVATION.silu + 1)),
    cheap: true,
    f16: { in: ["u", "delta", "z"], out: ["y"] },
    gradient: through<"scan">(
      (op) => op.out.y,
      ({ in: i, out, rowsA, rowsD }, dy, g) => {
        const { u, delta, B, C, A_log, D, reset } = i;
        stateIsConstant(g, i.h0, out.h_end);
        g.make(
          "scan_grad",
          {
            in: { dy, u, delta, B, C, A_log, D, carry: out.carry, ...(reset === undefined ? {} : { reset }) },
            rowsA,
            rowsD,
          },
          { du: u, ddelta: delta, dB: B, dC: C, dA_log: A_log, dD: D },
        );
      },
    ),
  },
  scan_grad: {
    makes: ({ in: i }, s) => ({
      du: s(i.u),
      ddelta: s(i.u),
      dB: s(i.B),
      dC: s(i.B),
      dA_log: s(i.A_log),
      dD: s(i.D),
      dz: s(i.u),
    }),
    fits: (op, s, size) => [...fits(op, s, size), [s(op.in.dy), s(op.in.u)], [s(op.in.carry), carryOf(op.in, s, size)]],
    // Per state: Δ·A and exp; g = g·decay + dy·C; dB, dC, Σ g·B: 2 each; dΔ: ·h, ·A, +; dA_log: ·Δ, +.
    // Per channel: Δ·u, D·dy, + to du, dD (2), du = Δ·Σ (2), dΔ += u·Σ (2). Gate: dy·silu(z), and dz.
    formula: "E·(16N + 9 + 11 with a gate + 4 with softplus)",
    flops: ({ in: i, activation }, n) =>
      n(i.u) * (16 * n(i.B) + 9 + when(i.z, 2 + SLOPE.silu) + (activation === undefined ? 0 : SLOPE.softplus)),
    f16: { in: ["dy", "u", "delta", "z"], out: ["du", "ddelta", "dz"] },
  },
};
