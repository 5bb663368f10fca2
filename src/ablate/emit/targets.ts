// How a job starts one run, for each target.

/** What the command of a run depends on. */
export interface Started {
  /** The ablation's name. */
  readonly name: string;
  /** The command that runs mom, for example Node and the path of mom's program. */
  readonly program: readonly string[];
  /** The ablation's folder. */
  readonly out: string;
  /** The spec's file. */
  readonly file: string;
  /** Other options of `mom ablate`, repeated for each run. */
  readonly options: readonly string[];
}

/** The words of a command before and after the options that choose a run: `--index` or `--report`. */
export interface RunCommand {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface RunTarget {
  readonly name: TargetName;
  /** The most GPUs of one run. */
  readonly mostGpus: number;
  readonly command: (sweep: Started) => RunCommand;
  /** How a run gets GPUs of its own on a machine without a queue: as the only ones that it sees, or by CUDA_VISIBLE_DEVICES. */
  readonly chooses: "mount" | "cuda";
}

export const TARGET_NAMES = ["wgsl", "torch"] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

const ablate = ({ program, out, file, name, options }: Started): RunCommand => ({
  before: [...program, "ablate", "--out", out, ...options],
  after: [file, name],
});

export const TARGETS: Readonly<Record<TargetName, RunTarget>> = {
  // The scheduler, the container or a mount namespace hides the other GPUs, since WebGPU cannot choose among equal ones.
  wgsl: { name: "wgsl", mostGpus: 1, command: ablate, chooses: "mount" },
  // mom starts torchrun itself, since it holds the lock of the run and reports how it ended.
  torch: { name: "torch", mostGpus: 1024, command: ablate, chooses: "cuda" },
};
