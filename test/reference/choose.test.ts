// Choosing a token: which ids temperature, top-k and top-p leave, and how often each is drawn.
import { describe, expect, test } from "vitest";
import { chooseId } from "../../src/reference/choose.js";
import { idOf } from "../../src/sample/choosing.js";

interface Choosing {
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
}

const chooseToken = (
  of: ArrayLike<number>,
  ranges: readonly { readonly first: number; readonly end: number }[],
  { temperature, topK = Number.POSITIVE_INFINITY, topP = 1 }: Choosing,
  uniform: number,
): number => {
  const ids = ranges.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, i) => first + i));
  return chooseId((id) => of[id] as number, ids, { temperature, topK, topP }, uniform);
};

const logits = [1, 3, 2, 3, -1, 9];
/** All ids except the last, which has the highest logit. */
const allowed = [
  { first: 0, end: 2 },
  { first: 2, end: 5 },
];

/** How often each id is chosen. */
function shares(choosing: Choosing, draws = 3000): number[] {
  const counts = logits.map(() => 0);
  for (let i = 0; i < draws; i++) {
    const id = chooseToken(logits, allowed, choosing, (i + 0.5) / draws);
    counts[id] = (counts[id] as number) + 1;
  }
  return counts.map((count) => count / draws);
}

/** The probabilities of some ids at a temperature. */
function softmax(ids: readonly number[], temperature: number): number[] {
  const weights = logits.map((logit, id) => (ids.includes(id) ? Math.exp(logit / temperature) : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

const expectShares = (choosing: Choosing, wanted: readonly number[]): void =>
  shares(choosing).forEach((share, id) => {
    const probability = wanted[id] as number;
    if (probability === 0) expect(share).toBe(0);
    else expect(Math.abs(share - probability)).toBeLessThan(0.001);
  });

describe("the choice of an id", () => {
  test("draws from the softmax over the allowed ids, at a temperature", () => {
    expectShares({ temperature: 1 }, softmax([0, 1, 2, 3, 4], 1));
    expectShares({ temperature: 2.5 }, softmax([0, 1, 2, 3, 4], 2.5));
  });
  test("temperature 0 takes the most likely id, the lowest among equals", () => {
    for (const uniform of [0, 0.5, 1 - 2 ** -24])
      expect(chooseToken(logits, allowed, { temperature: 0 }, uniform)).toBe(1);
  });
  test("probabilities lie in the order of ids", () => {
    const { temperature } = { temperature: 1 };
    const shares = softmax([0, 1, 2, 3, 4], temperature);
    let sum = 0;
    for (const [id, share] of shares.entries()) {
      if (share === 0) continue;
      for (const inside of [0.01, 0.99]) {
        expect(chooseToken(logits, allowed, { temperature }, sum + inside * share)).toBe(id);
      }
      sum += share;
    }
  });
  test("top-k keeps the k most likely ids", () => {
    expectShares({ temperature: 1, topK: 3 }, softmax([1, 2, 3], 1));
    expectShares({ temperature: 1, topK: 1 }, softmax([1], 1));
    expectShares({ temperature: 1, topK: 100 }, softmax([0, 1, 2, 3, 4], 1));
  });
  test("top-p keeps the fewest ids that reach the sum, after temperature and top-k", () => {
    // The two most likely ids have 0.40 each.
    expectShares({ temperature: 1, topP: 0.3 }, softmax([1], 1));
    expectShares({ temperature: 1, topP: 0.5 }, softmax([1, 3], 1));
    expectShares({ temperature: 1, topP: 0.9 }, softmax([1, 2, 3], 1));
    expectShares({ temperature: 1, topP: 0.99, topK: 2 }, softmax([1, 3], 1));
    expectShares({ temperature: 100, topP: 0.5 }, softmax([1, 2, 3], 100));
  });
  test("top-k and top-p leave the lowest ids among equals", () => {
    const equal = new Float32Array(9).map((_, id) => (id === 7 ? 0 : -0));
    const drawn = (choosing: Partial<Choosing>): number[] => {
      const uniforms = Array.from({ length: 90 }, (_, i) => (i + 0.5) / 90);
      const choose = (uniform: number) =>
        chooseToken(equal, [{ first: 2, end: 9 }], { temperature: 1, ...choosing }, uniform);
      return [...new Set(uniforms.map(choose))];
    };
    expect(drawn({ topK: 3 })).toEqual([2, 3, 4]);
    expect(drawn({ topP: 0.5 })).toEqual([2, 3, 4, 5]);
    expect(drawn({ topP: 0.5, topK: 5 })).toEqual([2, 3, 4]);
    expect(drawn({})).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });
  test("a logit that is not finite is refused", () => {
    const bad = [0, Number.NaN, 1];
    expect(chooseToken(bad, [{ first: 0, end: 3 }], { temperature: 1 }, 0)).toBe(-6);
    expect(chooseToken(bad, [{ first: 2, end: 3 }], { temperature: 1 }, 0)).toBe(2);
    expect(() => idOf(-6)).toThrow("The logit of token 1 is NaN");
    expect(() => idOf(-2 - 4 * 7 - 2)).toThrow("The logit of token 7 is -Infinity");
    expect(idOf(0)).toBe(0);
  });
});
