// Drafts shared by several ops equal the drafts of each op, after their tensors are replaced.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compile, programsOf, TRAINING_PHASES } from "../../src/compile.js";
import { PROFILES } from "../../src/ir/profiles.js";
import type { Program } from "../../src/ir/program.js";
import type { TensorId } from "../../src/ir/tensor.js";
import { DEFAULT_SETTINGS, type DraftChoice } from "../../src/kernels/draft.js";
import { selectKernels } from "../../src/kernels/select.js";
import { sharedDrafts, tensorInPlace } from "../../src/kernels/shared-drafts.js";
import { image, sketch, text } from "../support/spec.js";
import { randomSpec } from "./random-spec.js";

/** The drafts with their tensors replaced. */
const withTensors = (choices: readonly DraftChoice[], of: (id: TensorId) => TensorId): unknown =>
  choices.map((choice) => ({
    ...choice,
    dispatches: choice.dispatches.map((dispatch) => ({
      ...dispatch,
      bindings: dispatch.bindings.map(({ target, ...binding }) => ({
        ...binding,
        target:
          target.kind === "tensor"
            ? { ...target, tensor: of(target.tensor) }
            : target.kind === "span"
              ? { ...target, first: of(target.first), last: of(target.last) }
              : target,
      })),
    })),
  }));

function sharedIn(program: Program): number {
  const drafted = sharedDrafts(program, (op) => selectKernels(program, op, DEFAULT_SETTINGS));
  let shared = 0;
  for (const op of program.ops) {
    const { choices, madeFor } = drafted(op);
    if (madeFor === op) continue;
    shared++;
    expect(withTensors(choices, (id) => tensorInPlace(madeFor, op, id))).toEqual(
      selectKernels(program, op, DEFAULT_SETTINGS),
    );
  }
  return shared;
}

test("shared drafts equal the separate drafts of each op", () => {
  let shared = 0;
  fc.assert(
    fc.property(randomSpec, ({ spec, options }) => {
      for (const { final } of programsOf(spec, { ...options, phases: TRAINING_PHASES, variants: "all" }))
        shared += sharedIn(final);
    }),
    { numRuns: Number(process.env.MOM_CASES ?? 8), seed: 5 },
  );
  expect(shared).toBeGreaterThan(100);
});

const [profile] = PROFILES;
const stack = (layers: number) =>
  sketch({ modalities: [text, image], vocabulary: 50, d_model: 12, layers, decouple: ["in_proj", "A"] });
const options = {
  profile: profile as (typeof PROFILES)[number],
  batch: 2,
  length: 40,
  phases: TRAINING_PHASES,
  variants: "all" as const,
};

test("a deep stack has as many drafts and kernels as a shallow one", () => {
  const drafts = (layers: number): number[] =>
    programsOf(stack(layers), options).map(({ final }) => {
      let count = 0;
      const drafted = sharedDrafts(final, (op) => {
        count++;
        return selectKernels(final, op, DEFAULT_SETTINGS);
      });
      final.ops.forEach(drafted);
      return count;
    });
  expect(drafts(20)).toEqual(drafts(4));
  const kernels = (layers: number): number => compile(stack(layers), options).plan.kernels.length;
  expect(kernels(20)).toBe(kernels(4));
});
