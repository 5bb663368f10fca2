// Kernels of the update: gradient norm, clipping and AdamW over whole arenas, whatever tensors stand in them.
import { type DraftBinding, type DraftDispatch, type FlagsOf, grid, STEP, scratch, type Target } from "./draft.js";

/** Numbers that one invocation squares and adds up. */
const RUN = 64;
/** More partial sums than these are added up to so many first: one workgroup alone would take long. */
const PARTIALS = 8192;

/** As PyTorch's GradScaler: the scale is doubled after so many good updates in a row; of powers of two up to a limit. */
const LOSS_SCALING = { GROWS_AFTER: 2000, MOST: 2 ** 24 } as const;

const OFF: FlagsOf<"update"> = { SQUARES: false, SUMS: false, NORM: false, ADAMW: false, SCALED: false };

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

const arena = (
  name: string,
  access: "read" | "write",
  role: Extract<Target, { readonly kind: "arena" }>["role"],
  part: number,
  type = "array<f32>",
): DraftBinding => ({ name, access, type, target: { kind: "arena", role, part } });
const FOURS = "array<vec4<f32>>";

export interface UpdateFields {
  /** Where the gradient norm goes, and whether one was ever not finite. */
  readonly norm: DraftBinding;
  /** One bit for each 64 numbers of the arenas. */
  readonly decay: DraftBinding;
  /** The scale of the losses, where the gradients are scaled. */
  readonly scale: DraftBinding | undefined;
}

export function updateKernels(parts: readonly ArenaPart[], { norm, decay, scale }: UpdateFields): Update {
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
      flags: { ...OFF, SQUARES: true },
      constants: { SIZE: size, RUN, RUNS: runs, FIRST: first, GRID_X },
      bindings: [arena("gradient", "read", "gradients", part), scratch("partial", "write")],
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
    bindings: [scratch("partial", "read"), { ...norm, access: "write" }, ...scaling("write")],
    workgroups: [1, 1, 1],
  };
  const adamw = parts.map(({ first, size }, part): DraftDispatch => {
    const { workgroups, GRID_X } = grid(size / 4, 64);
    return {
      template: "update",
      label: "adamw",
      flags: { ...OFF, ADAMW: true, SCALED: scale !== undefined },
      constants: { FOURS: size / 4, FIRST: first, GRID_X },
      bindings: [
        arena("gradient", "read", "gradients", part, FOURS),
        { ...norm, access: "read" },
        decay,
        ...scaling("read"),
        arena("parameter", "write", "parameters", part, FOURS),
        arena("moment1", "write", "moment1", part, FOURS),
        arena("moment2", "write", "moment2", part, FOURS),
        STEP,
      ],
      workgroups,
    };
  });
  return {
    dispatches: [...squares, ...(many ? [sums] : []), total, ...adamw],
    scratchBytes: 4 * (many ? partials + PARTIALS : partials),
  };
}
