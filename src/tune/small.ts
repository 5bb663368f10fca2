// The same op with few rows: what float64 takes on a host in a moment.
import { type CompileOptions, programAfter, programsOf } from "../compile.js";
import type { CheckedSpec } from "../front/spec.js";
import { flopsOf } from "../ir/cost.js";
import { widthKey } from "../ir/op-key.js";
import { patchesPerPicture } from "../modalities/modality.fields.js";
import type { HostBatch } from "../train/host-array.js";
import { countsOf, hostBatch } from "../train/host-batch.js";
import type { TunableNode } from "./nodes.js";
import { raggedBatch } from "./ragged-batch.js";
import type { Small } from "./right.js";

const BATCH = 2;
/** Positions of a sequence besides a picture, the most that the work allows: the longest takes two tiles and two chunks. */
const LENGTHS = [68, 36, 12, 4];
/** Floating-point operations that float64 is given for an op. */
const FLOPS = 6e8;

/** Everything that phases read of a made-up batch. */
export function madeUpBatch(spec: CheckedSpec, batch: number, length: number): HostBatch {
  const made = raggedBatch(spec, batch, length);
  return hostBatch(spec, made, countsOf(spec, [made]), { kind: "training", seed: spec.train.seed });
}

/** Finds the small sibling of a node; undefined where a model of few rows has no such op. */
export function smallFinder(spec: CheckedSpec, options: CompileOptions): (node: TunableNode) => Small | undefined {
  const picture = Math.max(0, ...spec.model.modalities.map((m) => (m.kind === "patches" ? patchesPerPicture(m) : 0)));
  const made = new Map<number, { readonly programs: ReturnType<typeof programsOf>; readonly batch: HostBatch }>();
  const at = (length: number) => {
    const found = made.get(length) ?? {
      programs: programsOf(spec, { ...options, batch: BATCH, length }),
      batch: madeUpBatch(spec, BATCH, length),
    };
    made.set(length, found);
    return found;
  };
  return ({ phase, program, op }) => {
    const flops = flopsOf(program, op);
    const fits = LENGTHS.find((length) => BATCH * (length + picture) * flops <= FLOPS) ?? (LENGTHS.at(-1) as number);
    const { programs, batch } = at(Math.min(options.length, fits + picture));
    const stage = programs.find(({ name }) => name === phase);
    const small = stage && programAfter(stage, "narrow");
    const wanted = widthKey(program, op);
    const sibling = small?.ops.find((other) => widthKey(small, other) === wanted);
    return small && sibling && { program: small, op: sibling, batch };
  };
}
