// Random specs and devices for property tests of plans.
import fc from "fast-check";
import { ATTENTION_PARTS } from "../../src/blocks/attention.fields.js";
import { MAMBA_PARTS } from "../../src/blocks/mamba.fields.js";
import type { CompileOptions } from "../../src/compile.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import type { Ownership } from "../../src/ir/ownership.js";
import { PROFILES } from "../../src/ir/profiles.js";
import { image, sketch, speech, text } from "../support/spec.js";

export interface RandomSpec {
  readonly spec: CheckedSpec;
  readonly options: Omit<CompileOptions, "phases" | "variants">;
}

/** Groups are numbered in the order of their first modality. */
function numbered(owners: readonly number[]): Ownership {
  const order = [...new Set(owners)];
  return { groups: order.length, of: owners.map((group) => order.indexOf(group)) };
}

const modalitySets = [[text], [text, speech], [text, image], [image, text, speech], [text, image, speech]];

export const randomSpec: fc.Arbitrary<RandomSpec> = fc
  .record({
    modalities: fc.constantFrom(...modalitySets),
    owners: fc.array(fc.array(fc.nat(2), { minLength: 3, maxLength: 3 }), { minLength: 8, maxLength: 8 }),
    d_model: fc.integer({ min: 1, max: 40 }),
    d_state: fc.integer({ min: 1, max: 100 }),
    d_conv: fc.integer({ min: 2, max: 8 }),
    expand: fc.integer({ min: 1, max: 3 }),
    layers: fc.integer({ min: 1, max: 3 }),
    vocabulary: fc.integer({ min: 41, max: 700 }),
    batch: fc.integer({ min: 1, max: 4 }),
    length: fc.integer({ min: 1, max: 200 }),
    chunk: fc.integer({ min: 1, max: 70 }),
    reset: fc.boolean(),
    profile: fc.constantFrom(...PROFILES),
    storageBuffers: fc.constantFrom(8, 9, 10, 11, 12, 16),
    fuse: fc.boolean(),
    recompute: fc.constantFrom("none", "cheap", "block"),
    attention: fc.option(
      fc.record({
        kv_heads: fc.constantFrom(1, 2, 3),
        share: fc.constantFrom(1, 2, 3),
        ffn: fc.constantFrom(0, 1, 30),
        spans: fc.constantFrom("both", "causal"),
      }),
    ),
  })
  .map(
    ({ modalities, owners, d_model, d_state, d_conv, expand, layers, vocabulary, attention, ...rest }): RandomSpec => {
      const of = owners.map((groups) => numbered(groups.slice(0, modalities.length)));
      const spec = sketch({
        modalities,
        vocabulary,
        // A multiple of the number of heads.
        d_model: attention ? attention.kv_heads * attention.share * Math.ceil(d_model / 6) : d_model,
        layers,
        reset: rest.reset,
        train: { recompute: rest.recompute },
        block: { d_state, d_conv, expand },
        groups: Object.fromEntries(MAMBA_PARTS.map((part, i) => [part, of[i] as Ownership])),
        ...(attention && {
          attention: {
            heads: attention.kv_heads * attention.share,
            kv_heads: attention.kv_heads,
            ffn: attention.ffn,
            spans: attention.spans,
            groups: Object.fromEntries(ATTENTION_PARTS.map((part, i) => [part, of[i] as Ownership])),
          },
        }),
      });
      const { batch, length, chunk, profile, storageBuffers, fuse } = rest;
      const limits = { ...profile.limits, storageBuffers };
      return { spec, options: { batch, length, chunk, fuse, profile: { ...profile, limits } } };
    },
  );
