// Choosing a token: which ids temperature, top-k and top-p leave, and how often each is drawn.
import { describe, expect, test } from "vitest";
import { stream } from "../../src/random/stream.js";
import { type Choosing, chooseToken } from "../../src/sample/choose-token.js";

const logits = [1, 3, 2, 3, -1, 9];
/** All ids except the last, which has the highest logit. */
const allowed = [
  { first: 0, end: 2 },
  { first: 2, end: 5 },
];

/** How often each id is chosen. */
function shares(choosing: Choosing, draws = 20_000): number[] {
  const draw = stream("sample", 3);
  const counts = logits.map(() => 0);
  for (let i = 0; i < draws; i++) {
    const id = chooseToken(logits, allowed, choosing, draw);
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
    else expect(Math.abs(share - probability)).toBeLessThan(0.015);
  });

describe("chooseToken", () => {
  test("draws from the softmax over the allowed ids, at a temperature", () => {
    expectShares({ temperature: 1 }, softmax([0, 1, 2, 3, 4], 1));
    expectShares({ temperature: 2.5 }, softmax([0, 1, 2, 3, 4], 2.5));
  });
  test("temperature 0 takes the most likely id, the lowest among equals, and draws no random number", () => {
    const draw = stream("sample", 1);
    expect(chooseToken(logits, allowed, { temperature: 0 }, draw)).toBe(1);
    expect(draw.word()).toBe(stream("sample", 1).word());
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
  test("the same seed chooses the same", () => {
    expect(shares({ temperature: 1 }, 100)).toEqual(shares({ temperature: 1 }, 100));
  });
  test("a logit that is not finite is refused", () => {
    const bad = [0, Number.NaN, 1];
    const choose = () => chooseToken(bad, [{ first: 0, end: 3 }], { temperature: 1 }, stream("sample", 1));
    expect(choose).toThrow("The logit of token 1 is NaN");
    expect(chooseToken(bad, [{ first: 2, end: 3 }], { temperature: 1 }, stream("sample", 1))).toBe(2);
  });
});
