// A model with every op that has several variants on a CPU adapter. It is small enough to compile all of them.
import { type CompileOptions, programAfter, programsOf, type StageOutput, trainingOn } from "../../src/compile.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import type { Profile } from "../../src/ir/plan.js";
import { settingsFor } from "../../src/kernels/draft.js";
import { type TunableNode, tunableNodes } from "../../src/tune/nodes.js";
import { image, type SpecSketch, sketch, text } from "../support/spec.js";

const SIZES = {
  modalities: [text, image],
  vocabulary: 50,
  d_model: 16,
  layers: 1,
  block: { d_state: 4 },
  decouple: ["in_proj", "x_proj"],
  // More than the few rows of the float64 reference.
  length: 128,
} as const;

/** Lets a GPU also run the variants for CPU adapters, so that it has more candidates. */
export const asAnyKind = (opened: OpenDevice): OpenDevice =>
  opened.profile.kind === "cpu" ? opened : { ...opened, profile: { ...opened.profile, kind: "any" } };

export interface SmallModel {
  readonly spec: CheckedSpec;
  readonly options: CompileOptions;
  readonly stages: readonly StageOutput[];
  readonly nodes: readonly TunableNode[];
}

/**
 * @param kinds the kinds of ops that the model keeps; all by default
 * @param otherwise changes to the spec
 */
export function smallModel(
  profile: Profile,
  kinds: readonly string[] = [],
  otherwise: Partial<SpecSketch> = {},
): SmallModel {
  const spec = sketch({ ...SIZES, ...otherwise, train: { batch: 2, ...otherwise.train } });
  const options = trainingOn(spec, profile);
  const stages = programsOf(spec, options).map((stage): StageOutput => {
    const program = programAfter(stage, "narrow");
    const ops = program.ops.filter(({ kind }) => kinds.length === 0 || kinds.includes(kind));
    const passes = stage.passes.map((one) => (one.pass === "narrow" ? { ...one, program: { ...program, ops } } : one));
    return { ...stage, passes };
  });
  return { spec, options, stages, nodes: tunableNodes(stages, [profile], settingsFor(profile)) };
}
