// A spec that is checked with the arms of its last check gives what a fresh check gives.
import { expect, test } from "vitest";
import { noArms } from "../../src/front/arms.js";
import { check } from "../../src/front/check.js";
import { stream } from "../../src/random/stream.js";

/** Each field's values. Some make other values invalid, or the spec itself. */
const VALUES = {
  modalities: ["modality image: patches(size: 16x16, patch: 4x4)", "modality image: codes(vocab: 300)"],
  d_model: ["16", "24", "20"],
  seen: ["mamba { d_state: 8 }", "mamba { d_state: 4, decouple: [in_proj] }", "attention { heads: 4 }"],
  other: [
    "mamba { d_state: 8 }",
    "mamba { d_state: 2, dt_rank: 3 }",
    "attention { heads: 2 }",
    "attention { heads: 5 }",
  ],
  layers: ["seen + other", "2 * (seen + other)", "seen"],
  objective: ["ddpm", "cross_entropy"],
  carry: ["false", "true"],
  steps: ["100", "5"],
  vary: [
    "vary seen.decouple: subsets([in_proj, norm])",
    "vary seen.d_state: [4, 8, 8]",
    "vary seen: [mamba, attention(heads: 3), attention(heads: 4)]",
    "vary seen.heads: [2, 4, 3, 5]",
    "vary other.expand: range(from: 1, to: 3)",
    "vary other.decouple: [[], [in_proj(groups: [[text], [image]])], [in_proj]], vary train.schedule.warmup: [1, 50]",
    "vary d_model: [16]",
    "vary model.d_model: [16, 24, 15], vary seen.d_conv: [2, 4]",
    "vary data.carry: [true, false]",
  ],
  baseline: [
    "",
    "baseline { seen.decouple: [norm, in_proj] }",
    "baseline { seen.heads: 4 }",
    "baseline { seen.d_state: 8 }",
  ],
} as const;
type Field = keyof typeof VALUES;
const FIELDS = Object.keys(VALUES) as Field[];

function specOf(chosen: Readonly<Record<Field, string>>): string {
  return `model {
  modality text: bytes
  ${chosen.modalities}
  d_model: ${chosen.d_model}
  block seen: ${chosen.seen}
  block other: ${chosen.other}
  layers: ${chosen.layers}
}
objective { text: cross_entropy, image: ${chosen.objective} }
data { source: emoji, length: 64, carry: ${chosen.carry} }
train { steps: ${chosen.steps}, batch: 2, schedule: cosine(warmup: 1) }
ablate one { ${chosen.vary}, ${chosen.baseline} }
ablate two { vary seen.decouple: [[norm], [in_proj]], vary other.d_state: [1, 2] }
`;
}

test("1000 checks, each after another value of one field", () => {
  const random = stream("sample", 1);
  const drawn = <T>(values: readonly T[]): T => values[random.below(values.length)] as T;
  const chosen = Object.fromEntries(FIELDS.map((field) => [field, VALUES[field][0]])) as Record<Field, string>;
  const known = noArms();
  const reached = { valid: 0, invalid: 0 };
  for (let i = 0; i < 1000; i++) {
    const field = drawn(FIELDS);
    // The first values fit together.
    const values: readonly string[] = VALUES[field];
    chosen[field] = random.below(2) === 0 ? VALUES[field][0] : drawn(values);
    const source = { path: "spec.mom", text: specOf(chosen) };
    const { spec, json, partial, diagnostics } = check(source, () => undefined, undefined, undefined, known);
    const fresh = check(source, () => undefined);
    expect({ spec, json, partial, diagnostics }, source.text).toEqual({
      spec: fresh.spec,
      json: fresh.json,
      partial: fresh.partial,
      diagnostics: fresh.diagnostics,
    });
    reached[spec === undefined ? "invalid" : "valid"]++;
  }
  expect(reached.valid).toBeGreaterThan(100);
  expect(reached.invalid).toBeGreaterThan(100);
});
