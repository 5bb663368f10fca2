// Kernels of the update: gradient norm, clipping and AdamW over entire arenas, whatever tensors they hold.
import { numbersOf } from "../ir/arena.js";
import type { OpOf } from "../ir/op.js";
import { type Program, tensorOf } from "../ir/program.js";
import type { ArenaStretch, Stretch, TensorId } from "../ir/tensor.js";
import {
  type DraftBinding,
  type DraftChoice,
  type DraftDispatch,
  type FlagsOf,
  flat,
  grid,
  scratch,
  stepBinding,
} from "./draft.js";

/** Numbers that one invocation squares and sums. */
const RUN = 64;
/** More partial sums than these are first summed to this many: a single workgroup would take long. */
const PARTIALS = 8192;

/** As in PyTorch's GradScaler, this many good updates in a row double the scale. It is limited to MOST. */
const LOSS_SCALING = { GROWS_AFTER: 2000, MOST: 2 ** 24 } as const;

const OFF: FlagsOf<"update"> = { SQUARES: false, SUMS: false, NORM: false, ADAMW: false, SCALED: false };

/** The regions of the arenas, if one binding could hold each arena. */
export const unsplitRegions = ({ arenas = [] }: Program): Stretch[] => {
  let first = 0;
  return arenas.map(({ runs }) => {
    const size = runs.flat().reduce((sum, parameter) => sum + numbersOf(parameter), 0);
    first += size;
    return { first: first - size, size };
  });
};

function stretchOf(program: Program, tensor: TensorId): ArenaStretch {
  const { name, stretch } = tensorOf(program, tensor);
  if (stretch === undefined) throw new Error(`${name} is not an arena`);
  return stretch;
}

/** The regions in a tensor's stretch of the arenas. */
function regionsOf(
  program: Program,
  tensor: TensorId,
  regions: readonly Stretch[],
): (Stretch & { readonly region: number })[] {
  const stretch = stretchOf(program, tensor);
  return regions.flatMap(({ first, size }, region) =>
    first >= stretch.first && first + size <= stretch.first + stretch.size ? [{ first, size, region }] : [],
  );
}

/** A region of an arena. `name` is the name in the shader. */
const arena = (
  program: Program,
  name: string,
  access: "read" | "write",
  tensor: TensorId,
  region: number,
  type = "array<f32>",
): DraftBinding => ({
  name,
  access,
  type,
  target: { kind: "arena", name: stretchOf(program, tensor).arena, region },
});
const VEC4S = "array<vec4<f32>>";

export function gradientNorm(
  program: Program,
  { in: { gradients }, out: { norm, scale } }: OpOf<"gradient_norm">,
  regions: readonly Stretch[],
): DraftChoice[] {
  let partials = 0;
  const squares = regionsOf(program, gradients, regions).map(({ size, region }): DraftDispatch => {
    const runs = 64 * Math.ceil(size / (64 * RUN));
    const { workgroups, GRID_X } = grid(runs, 64);
    const first = partials;
    partials += runs;
    return {
      template: "update",
      label: "gradient_squares",
      flags: { ...OFF, SQUARES: true },
      constants: { SIZE: size, RUN, RUNS: runs, FIRST: first, GRID_X },
      bindings: [arena(program, "gradient", "read", gradients, region), scratch("partial", "write")],
      workgroups,
    };
  });
  const many = partials > PARTIALS;
  const { workgroups, GRID_X } = grid(PARTIALS, 64);
  const sums: DraftDispatch = {
    template: "update",
    label: "gradient_sums",
    flags: { ...OFF, SUMS: true },
    constants: { COUNT: partials, RUNS: PARTIALS, FIRST: partials, GRID_X },
    bindings: [scratch("partial", "write")],
    workgroups,
  };
  const total: DraftDispatch = {
    template: "update",
    label: "gradient_norm",
    flags: { ...OFF, NORM: true, SCALED: scale !== undefined },
    constants: { COUNT: many ? PARTIALS : partials, FIRST: many ? partials : 0, ...LOSS_SCALING },
    bindings: [
      scratch("partial", "read"),
      flat(program, "norm", "write", norm),
      ...(scale === undefined ? [] : [flat(program, "scale", "write", scale)]),
    ],
    workgroups: [1, 1, 1],
  };
  const scratchBytes = 4 * (many ? partials + PARTIALS : partials);
  const dispatches = [...squares, ...(many ? [sums] : []), total];
  return [{ variant: "plain", requires: {}, scratch: [scratchBytes], dispatches }];
}

/** The inputs of an op that works on entire arenas. */
interface Reads {
  readonly gradients: TensorId;
  readonly decay: TensorId;
  readonly norm: TensorId;
  readonly scale?: TensorId;
}

/**
 * One kernel for each region of an arena, with four numbers per invocation. It binds `gradient`, `norm`, `decay`, `scale`
 * if there is one, the tensors that it changes, and `step`.
 * @param changes tensors, by name in the shader
 */
function perRegion(
  program: Program,
  reads: Reads,
  changes: Readonly<Record<string, TensorId>>,
  regions: readonly Stretch[],
  kernel: (constants: {
    readonly VEC4S: number;
    readonly FIRST: number;
    readonly GRID_X: number;
  }) => Omit<DraftDispatch, "bindings" | "workgroups">,
): DraftChoice[] {
  const { gradients, norm, decay, scale } = reads;
  const dispatches = regionsOf(program, gradients, regions).map(({ first, size, region }): DraftDispatch => {
    const { workgroups, GRID_X } = grid(size / 4, 64);
    const bindings = [
      arena(program, "gradient", "read", gradients, region, VEC4S),
      flat(program, "norm", "read", norm),
      flat(program, "decay", "read", decay),
      ...(scale === undefined ? [] : [flat(program, "scale", "read", scale)]),
      ...Object.entries(changes).map(([name, tensor]) => arena(program, name, "write", tensor, region, VEC4S)),
      stepBinding(program),
    ];
    return { ...kernel({ VEC4S: size / 4, FIRST: first, GRID_X }), bindings, workgroups } as DraftDispatch;
  });
  return [{ variant: "plain", requires: {}, scratch: [], dispatches }];
}

export const adamw = (program: Program, { in: i, out }: OpOf<"adamw">, regions: readonly Stretch[]): DraftChoice[] =>
  perRegion(program, i, { parameter: out.parameters, moment1: out.m, moment2: out.v }, regions, (constants) => ({
    template: "update",
    label: "adamw",
    flags: { ...OFF, ADAMW: true, SCALED: i.scale !== undefined },
    constants,
  }));
