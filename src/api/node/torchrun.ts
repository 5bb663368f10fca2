// Starts PyTorch projects: finds out what a Python has, and runs train.py with as many processes as GPUs.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync } from "node:fs";
import { resolve, sep } from "node:path";
import { DeviceError } from "../../gpu/device-error.js";
import { lastRecords } from "../../report/page/follow.js";
import type { ProjectRun } from "../ablate/torch-variant.js";
import { nodeDisk } from "./disk.js";

export interface Python {
  /** A program with PyTorch, by its name or path. */
  readonly program: string;
  /** GPUs of a run; 0 for a CPU. */
  readonly gpus: number;
}

const PROBE = `
import json, torch, numpy, safetensors
names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
print(json.dumps({"version": torch.__version__, "names": names}))
`;
const OLDEST = [2, 6] as const;
const INSTALL = "Name a Python with PyTorch 2.6 or later, NumPy and safetensors: --python PATH.";

/** A path is relative to the folder of this process, not to that of a project. */
const programOf = ({ program }: Python): string => (program.includes(sep) ? resolve(program) : program);

/** A run on a CPU sees no GPU. */
const environmentOf = ({ gpus }: Python): NodeJS.ProcessEnv =>
  gpus === 0 ? { ...process.env, CUDA_VISIBLE_DEVICES: "" } : process.env;

/**
 * A description of what a run trains on.
 * @throws DeviceError if there is no such program, or it lacks PyTorch or GPUs
 */
export function probe(python: Python): string {
  const { program, gpus } = python;
  const found = spawnSync(programOf(python), ["-c", PROBE], { encoding: "utf8", env: environmentOf(python) });
  if (found.error) throw new DeviceError(`${program} does not start: ${found.error.message}.`, INSTALL);
  if (found.status !== 0) throw new DeviceError(`${program} has no PyTorch: ${lastLine(found.stderr)}.`, INSTALL);
  const { version, names } = JSON.parse(found.stdout) as {
    readonly version: string;
    readonly names: readonly string[];
  };
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    throw new DeviceError(`${program} has PyTorch ${version}, and projects need ${OLDEST.join(".")}.`, INSTALL);
  if (names.length < gpus)
    throw new DeviceError(
      `A run needs ${gpus} ${gpus === 1 ? "GPU" : "GPUs"}, and PyTorch finds ${names.length}.`,
      "Change --gpus; 0 trains on a CPU.",
    );
  if (gpus === 0) return `a CPU, by PyTorch ${version}`;
  return `${gpus > 1 ? `${gpus} × ` : ""}${names[0]}, by PyTorch ${version}`;
}

/** A project that runs. */
export interface Started {
  /** Why it ended, as a sentence. */
  readonly ended: Promise<string>;
  /** Makes it save and stop. */
  readonly stop: () => void;
}

/** torchrun as a module, since a Python may not have the command beside it. Its port is a free one. */
const TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node"];

/** @param stepped receives the last step from time to time */
export function startProject(python: Python, run: ProjectRun, stepped: (step: number) => void): Started {
  const log = openSync(run.log, "a");
  const start = fstatSync(log).size;
  const many = python.gpus > 1 ? [...TORCHRUN, String(python.gpus)] : [];
  const [lock, contents] = run.lock;
  const options = ["--out", resolve(run.out), "--resume", "--lock", resolve(lock), contents];
  const child = spawn(programOf(python), [...many, "train.py", ...options], {
    cwd: run.project,
    env: environmentOf(python),
    stdio: ["pipe", log, log],
    // Ctrl-C in a terminal is for this process, which asks the project to stop.
    detached: true,
  });
  closeSync(log);
  // The project may end before it reads.
  child.stdin?.on("error", () => {});
  const timer = setInterval(() => {
    const step = lastRecords({ path: run.out, disk: nodeDisk }, RECORD_BYTES).timing.steps.at(-1);
    if (step !== undefined) stepped(step);
  }, REPORT_MS);
  const ended = new Promise<string>((done) => {
    child.on("error", (error) => done(`${python.program} does not start: ${error.message}.`));
    child.on("exit", (code, signal) => {
      // All of its processes end when stdin closes, also if torchrun was killed.
      child.stdin?.end();
      const how = signal ? `was killed (${signal})` : `ended with code ${code}`;
      done(`Its process ${how}: ${reasonIn(tailOf(run.log, start, TAIL_BYTES))}`);
    });
  }).finally(() => {
    clearInterval(timer);
    killGroup(child);
  });
  return { ended, stop: () => void child.stdin?.write("\n") };
}

const REPORT_MS = 1000;
/** The end of a file of records that has the last one of its times. */
const RECORD_BYTES = 1024;
/** How much of what a project printed may hold the reason of a crash. */
const TAIL_BYTES = 2 ** 14;

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // None of its processes is left.
  }
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.trim() ?? "";

/** The last exception in what Python printed, or its last line. torchrun's own exception has no reason. */
function reasonIn(text: string): string {
  const exceptions = text
    .split("\n")
    .map((line) => line.replace(/^\[rank\d+\]: */, "").trim())
    .filter((line) => /^[\w.]*(?:Error|Exception|Interrupt)\b/.test(line) && !line.includes("ChildFailedError"));
  return exceptions.at(-1) ?? (lastLine(text) || "it printed nothing.");
}

/** The end of a file, from a position. */
function tailOf(path: string, from: number, bytes: number): string {
  const file = nodeDisk.openFile(path);
  try {
    const size = file.size();
    return new TextDecoder().decode(file.read(Math.max(from, size - bytes), size));
  } finally {
    file.close();
  }
}
