// Kernels of the update: gradient norm, clipping and AdamW over whole arenas, whatever tensors stand in them.
import { type DraftBinding, type DraftDispatch, grid, STEP, scratch } from "./draft.js";

/** Numbers that one invocation squares and adds up. */
const RUN = 64;

/** As PyTorch's GradScaler: the scale is doubled after so many good updates in a row; of powers of two up to a limit. */
const LOSS_SCALING = { GROWS_AFTER: 2000, MOST: 2 ** 24 } as const;

/** One arena of parameters, cut into parts that one binding can hold; sizes in numbers. */
export interface ArenaPart {
  /** Number of the first element among all parameters. */
  readonly first: number;
  readonly size: number;
}

export interface Update {
  readonly dispatches: readonly DraftDispatch[];
  readonly scratchBytes: number;
}

const arena = (name: string, access: "read" | "write", role: string, part: number): DraftBinding => ({
  name,
  access,
  type: "array<f32>",
  target: { kind: "arena", role: role as "parameters", part },
});

export interface UpdateFields {
  /** Where the gradient norm goes, and whether one was ever not finite. */
  readonly norm: DraftBinding;
  /** One bit for each 64 numbers of the arenas. */
  readonly decay: DraftBinding;
  /** The scale of the losses, where the gradients are scaled. */
  readonly scale: DraftBinding | undefined;
}

export function updateKernels(parts: readonly ArenaPart[], { norm, decay, scale }: UpdateFields): Update {
  const SCALED = scale !== undefined;
  const scaling = (access: "read" | "write"): DraftBinding[] => (scale === undefined ? [] : [{ ...scale, access }]);
  let partials = 0;
  const squares = parts.map(({ size }, part): DraftDispatch => {
    const runs = 64 * Math.ceil(size / (64 * RUN));
    const { workgroups, GRID_X } = grid(runs, 64);
    const first = partials;
    partials += runs;
    return {
      template: "update",
      label: "gradient_squares",
      constants: { SQUARES: true, SIZE: size, RUN, RUNS: runs, FIRST: first, GRID_X },
      bindings: [arena("gradient", "read", "gradients", part), scratch("partial", "write")],
      workgroups,
    };
  });
  const total: DraftDispatch = {
    template: "update",
    label: "gradient_norm",
    constants: { NORM: true, COUNT: partials, SCALED, ...LOSS_SCALING },
    bindings: [scratch("partial", "read"), { ...norm, access: "write" }, ...scaling("write")],
    workgroups: [1, 1, 1],
  };
  const adamw = parts.map(({ first, size }, part): DraftDispatch => {
    const { workgroups, GRID_X } = grid(size, 64);
    return {
      template: "update",
      label: "adamw",
      constants: { ADAMW: true, SIZE: size, FIRST: first, GRID_X, SCALED },
      bindings: [
        arena("gradient", "read", "gradients", part),
        { ...norm, access: "read" },
        decay,
        ...scaling("read"),
        arena("parameter", "write", "parameters", part),
        arena("moment1", "write", "moment1", part),
        arena("moment2", "write", "moment2", part),
        STEP,
      ],
      workgroups,
    };
  });
  return { dispatches: [...squares, total, ...adamw], scratchBytes: 4 * partials };
}
