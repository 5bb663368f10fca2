// Finds the tunable nodes: the distinct nodes of a model's phases for which a device supports several variants.
import { programAfter, type StageOutput } from "../compile.js";
import { digest } from "../ir/digest.js";
import type { Op } from "../ir/op.js";
import { opKey } from "../ir/op-key.js";
import { admits, type Kernel, type Profile } from "../ir/plan.js";
import type { Program } from "../ir/program.js";
import type { DraftChoice, KernelSettings } from "../kernels/draft.js";
import { kernelFor } from "../kernels/emit.js";
import { selectKernels } from "../kernels/select.js";

/** Replaces a kernel, for example by one that a user has edited or a test has broken. */
export type Rewrite = (kernel: Kernel) => Kernel;

export interface TunableNode {
  /** Its op's key (ir/op-key.ts). */
  readonly key: string;
  readonly phase: string;
  readonly program: Program;
  readonly op: Op;
  /** At least two, with the preferred one first. */
  readonly candidates: readonly DraftChoice[];
}

/** @param profiles all of them must support a variant for it to be a candidate */
export function tunableNodes(
  stages: readonly StageOutput[],
  profiles: readonly Profile[],
  settings: KernelSettings,
): TunableNode[] {
  const found = new Map<string, TunableNode>();
  const seen = new Set<string>();
  for (const stage of stages) {
    const [phase, program] = [stage.name, programAfter(stage, "narrow")];
    for (const op of program.ops) {
      const key = opKey(program, op);
      if (seen.has(key)) continue;
      seen.add(key);
      const candidates = selectKernels(program, op, settings).filter(({ requires }) =>
        profiles.every((profile) => admits(profile, requires)),
      );
      if (candidates.length > 1) found.set(key, { key, phase, program, op, candidates });
    }
  }
  return [...found.values()];
}

/** A node's key with a digest of its candidates' kernels. A measured choice is valid for exactly these. */
export function measuredAs({ key, candidates }: TunableNode, rewrite: Rewrite): string {
  const run = candidates.map(({ variant, dispatches }) => [
    variant,
    dispatches.map((dispatch) => [rewrite(kernelFor(dispatch, variant)).source, dispatch.workgroups]),
  ]);
  return `${key} ${digest(JSON.stringify(run))}`;
}
