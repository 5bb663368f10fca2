// `mom ablate --emit`: writes an ablation as job files for a queue. Runs nothing.
import { realpathSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import type { Design } from "../ablate/design.js";
import { kubernetesFiles } from "../ablate/emit/kubernetes.js";
import { shellFiles } from "../ablate/emit/shell.js";
import { slurmFiles } from "../ablate/emit/slurm.js";
import type { JobFiles, Sweep } from "../ablate/emit/sweep.js";
import { TARGET_NAMES, TARGETS, type TargetName } from "../ablate/emit/targets.js";
import { unfitJobs } from "../ablate/errors.js";
import { nodeDisk } from "../api/node/disk.js";
import { countParameters } from "../compile.js";
import { SKIP_BAD } from "../data/bad-files.js";
import { packageFolder } from "../data/project-folder.js";
import { writeWhole } from "../data/write-whole.js";
import { printSpec } from "../front/print-spec.js";
import type { Json } from "../front/spec.js";

const QUEUES = ["slurm", "k8s", "shell"] as const;
type Queue = (typeof QUEUES)[number];

export interface EmitOptions {
  readonly emit?: Queue;
  readonly o?: string;
  readonly target: TargetName;
  readonly gpus: number;
  readonly python: string;
  readonly image?: string;
}

const MOST_GPUS = 1024;

function gpus(text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || n > MOST_GPUS) throw new InvalidArgumentError(`Expected 0 to ${MOST_GPUS}.`);
  return n;
}

export const emitOptions = (): Option[] => [
  new Option("--emit <queue>", "write job files for a cluster's queue, and train nothing").choices(QUEUES),
  new Option("-o <folder>", "with --emit: the folder for the job files"),
  new Option("--target <target>", "what trains a run: mom itself, or a PyTorch project for each")
    .choices(TARGET_NAMES)
    .default("wgsl"),
  new Option("--gpus <n>", "with --emit or --target torch: GPUs of a run; 0 for a CPU").argParser(gpus).default(1),
  new Option("--python <program>", "with --target torch: the Python that has PyTorch").default("python3"),
  new Option("--image <name>", "with --emit k8s: a container image in which `mom` is a command"),
];

/** What the jobs repeat of the command line, and what it read. */
export interface Emission {
  readonly file: string;
  readonly json: Json;
  readonly design: Design;
  readonly out: string;
  readonly jobs: number | undefined;
  readonly options: EmitOptions & {
    readonly adapter?: string;
    readonly tune: string;
    readonly set?: readonly string[];
    readonly allow?: readonly string[];
    readonly skipBad?: true;
    readonly keepWeights?: true;
  };
}

/**
 * Writes the files and returns the command that submits them.
 * @throws Failure if the ablation does not fit the queue; InputError if writing fails
 */
export function emitJobs(emission: Emission): string {
  const { options } = emission;
  const folder = options.o;
  if (folder === undefined) throw unfitJobs("--emit needs a folder for the job files.", "Name one: -o jobs");
  const target = TARGETS[options.target];
  if (options.gpus > target.mostGpus)
    throw unfitJobs(
      `A run uses at most one GPU, not ${options.gpus}.`,
      "Train more runs at a time with --jobs, or with PyTorch: --target torch.",
    );
  const queue = options.emit as Queue;
  for (const [name, text] of filesFor(queue, emission))
    writeWhole(nodeDisk, join(folder, name), new TextEncoder().encode(text), "Choose another folder with -o.");
  return join(folder, queue === "shell" ? "run.sh" : "submit.sh");
}

function filesFor(queue: Queue, emission: Emission): JobFiles {
  switch (queue) {
    case "slurm":
      return slurmFiles(sweepHere(emission));
    case "shell":
      return shellFiles(sweepHere(emission));
    case "k8s":
      return forKubernetes(emission);
  }
}

function sweepOf({ design, out, jobs, file, options }: Emission, repeated: readonly string[]): Omit<Sweep, "program"> {
  const { skipBad, keepWeights } = options;
  return {
    name: design.name,
    runs: design.variants.length,
    jobs,
    gpus: options.gpus,
    target: TARGETS[options.target],
    project: process.cwd(),
    out,
    file,
    options: [
      ...TRAINER_OPTIONS[options.target](options),
      ...repeated,
      ...(skipBad ? [SKIP_BAD] : []),
      ...(keepWeights ? ["--keep-weights"] : []),
    ],
  };
}

/** The options of each target about training itself. */
const TRAINER_OPTIONS: Readonly<Record<TargetName, (options: Emission["options"]) => readonly string[]>> = {
  wgsl: ({ adapter, tune }) => [...(adapter === undefined ? [] : ["--adapter", adapter]), "--tune", tune],
  torch: ({ gpus, python }) => ["--target", "torch", "--gpus", String(gpus), "--python", python],
};

/** For machines that share this one's folders: the same paths, and the same installation of mom. */
function sweepHere(emission: Emission): Sweep {
  const { set = [], allow = [] } = emission.options;
  const repeated = [...set.flatMap((one) => ["--set", one]), ...allow.flatMap((one) => ["--allow", one])];
  const program = [process.execPath, realpathSync(process.argv[1] as string)];
  return { ...sweepOf(emission, repeated), program };
}

function forKubernetes(emission: Emission): JobFiles {
  const { file, json, design, out, options } = emission;
  const { image, allow } = options;
  if (image === undefined)
    throw unfitJobs("Kubernetes needs a container image.", "Name one in which `mom` is a command: --image NAME");
  if (allow !== undefined)
    throw unfitJobs(
      "The pods see only the project's volume, so --allow has no meaning.",
      "Copy the files into the project.",
    );
  const project = packageFolder(nodeDisk, resolve(file, "..")) ?? resolve(file, "..");
  const within = relative(project, resolve(file, "..")) || ".";
  if (within.includes(":"))
    throw unfitJobs(`Kubernetes cannot mount a file in ${within}, because of the colon.`, "Rename the folder.");
  if (isAbsolute(out) || out.split(/[/\\]/).includes(".."))
    throw unfitJobs(`${out} is outside the project, and the pods share only that.`, "Use --out with a folder in it.");
  const { ablate, ...rest } = json as { readonly [key: string]: Json };
  const chosen = (ablate as { readonly [name: string]: Json })[design.name] as Json;
  const spec = printSpec({ ...rest, ablate: { [design.name]: chosen } });
  return kubernetesFiles(
    { ...sweepOf(emission, []), program: ["mom"] },
    { image, spec, specFolder: within.replaceAll("\\", "/"), bytes: checkpointBytes(emission) },
  );
}

/** A bound for the checkpoints that exist at the same time: weights and at most two moments of each, four bytes a number. */
function checkpointBytes({ design, jobs, options }: Emission): number {
  const sizes = design.arms.map(({ spec }) => countParameters(spec) * 3 * 4 * (spec.train.keep + 1));
  const together = options.keepWeights
    ? design.variants.length
    : Math.min(design.variants.length, jobs ?? Number.POSITIVE_INFINITY);
  return Math.max(...sizes) * together;
}
