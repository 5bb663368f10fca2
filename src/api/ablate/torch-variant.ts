// Trains one variant of an ablation through a PyTorch project in the folder of its run. This process holds the run's lock, and
// the project's processes write the records and checkpoints.
import { type AblationFolder, dropWeights, EXITS, runOf, writeEnding } from "../../ablate/folder.js";
import type { Ended } from "../../ablate/schedule.js";
import { takeRun } from "../../ablate/take-run.js";
import { COUNT, jsonReader } from "../../data/checked-json.js";
import type { DataSet } from "../../data/data-set.js";
import type { DataHost } from "../../data/host.js";
import type { Reach } from "../../data/reach.js";
import type { CheckedSpec, Json } from "../../front/spec.js";
import { checkpointSteps } from "../../train/checkpoint.js";
import { otherData, runTakenOver } from "../../train/errors.js";
import { startHeartbeat } from "../../train/heartbeat.js";
import { ownText } from "../../train/lock-holder.js";
import { writeEventHead } from "../../train/recorder.js";
import { closeRun, dataOf, dataText, pathIn, type Run } from "../../train/run-folder.js";
import { holdsLock } from "../../train/run-lock.js";
import { recordSession } from "../../train/sessions.js";
import { checkTeaches } from "../../train/teaching.js";
import { hyperparametersOf } from "../hyperparameters.js";
import { keptSpec } from "../kept-spec.js";
import { writeTorchProject } from "../torch-folder.js";

export interface TorchVariant {
  readonly id: string;
  readonly spec: CheckedSpec;
  /** The resolved spec. */
  readonly json: Json;
  readonly specFile: string;
  /** Paths in the spec are relative to this folder. */
  readonly folder: string;
  readonly reach: Reach;
  readonly dataSet: DataSet;
  readonly keepWeights: boolean;
  readonly skipBad: boolean;
}

/** What train.py of a project is started with. */
export interface ProjectRun {
  readonly project: string;
  /** The run's folder. */
  readonly out: string;
  /** The path of the run's lock, and its contents while this process holds it. */
  readonly lock: readonly [path: string, contents: string];
  /** The file for what it prints. */
  readonly log: string;
}

export interface TorchTrainer {
  readonly host: DataHost;
  /** What it trains on, for the report. */
  readonly device: string;
  /** Runs train.py until it ends. @returns why it ended, if it has recorded nothing: a sentence */
  readonly start: (run: ProjectRun) => Promise<string>;
}

/** The project, in the folder of the run. */
const PROJECT = "project";

const readEnded = jsonReader<{ readonly how: "finished" | "stopped" | "diverged"; readonly step: number }>({
  type: "object",
  properties: { how: { enum: ["finished", "stopped", "diverged"] }, step: COUNT },
  required: ["how", "step"],
  additionalProperties: false,
});

/** @throws Failure if another process holds the run or its data have changed; InputError for a spec that PyTorch cannot train */
export async function runTorchVariant(
  folder: AblationFolder,
  variant: TorchVariant,
  trainer: TorchTrainer,
): Promise<Ended> {
  const { id, spec, json, dataSet, specFile } = variant;
  const { device } = trainer;
  checkTeaches(spec, dataSet);
  const hyperparameters = hyperparametersOf({ spec, json });
  const kept = keptSpec(json, variant.folder, runOf(folder, id).path, variant.reach);
  const { run, begun } = takeRun(folder, { id, ...kept, specFile }, "torch", () => ({
    plan: undefined,
    data: dataText(dataSet.fingerprint, dataSet.documents.length),
  }));
  const own: AblationFolder = { path: folder.path, disk: run.disk };
  const endHeartbeat = startHeartbeat(run.disk, pathIn(run, "lock"));
  try {
    writeEnding(own, id, undefined);
    // The variants are compared, so their data must stay.
    if (begun && dataOf(run) !== dataSet.fingerprint) throw otherData(run.path);
    recordSession(run, { step: lastCheckpoint(run), device, dataSet });
    const close = writeEventHead(run, kept.text, hyperparameters);
    const ended = await trained(run, variant, trainer);
    if (ended.kind === "done" || ended.kind === "failed") close(ended.kind === "done" ? "success" : "failure");
    if (ended.kind !== "done") return ended;
    writeEnding(own, id, { state: "done", device });
    if (!variant.keepWeights) {
      dropWeights(own, id);
      run.disk.remove(run.disk.paths.join(run.path, PROJECT));
    }
    return ended;
  } finally {
    endHeartbeat();
    closeRun(run);
  }
}

/** Writes the project unless an earlier process has, and runs it. */
async function trained(run: Run, variant: TorchVariant, { host, start }: TorchTrainer): Promise<Ended> {
  const { disk } = run;
  const { basename, join } = disk.paths;
  const project = join(run.path, PROJECT);
  if (!disk.exists(project)) {
    const { spec, json, folder, reach, skipBad, specFile } = variant;
    const where = { file: basename(specFile), folder, reach, out: project, force: false, skipBad };
    await writeTorchProject({ ...host, disk }, { spec, json, ...where, notice: () => {} });
  }
  disk.remove(pathIn(run, "ended"));
  const lock = pathIn(run, "lock");
  const why = await start({
    project,
    out: run.path,
    lock: [lock, ownText(disk)],
    log: pathIn(run, "printed"),
  });
  if (!holdsLock(disk, lock)) throw runTakenOver(run.path);
  return endedOf(run) ?? { kind: "failed", reason: why, exit: EXITS.device };
}

/** How the project ended by its own record; undefined if it has none, as after a crash. */
function endedOf(run: Run): Ended | undefined {
  const path = pathIn(run, "ended");
  const found = run.disk.exists(path) ? readEnded(run.disk.read(path)) : undefined;
  if (found === undefined || "wrong" in found) return undefined;
  const { how, step } = found.value;
  switch (how) {
    case "finished":
      return { kind: "done" };
    case "stopped":
      return { kind: "stopped" };
    case "diverged":
      return { kind: "failed", reason: `The gradients of step ${step} are not finite.`, exit: EXITS.diverged };
  }
}

/** The step of the last complete checkpoint; 0 without one. */
function lastCheckpoint(run: Run): number {
  const { disk } = run;
  const whole = (step: number) => disk.exists(disk.paths.join(pathIn(run, "checkpoints"), `step-${step}`, ".metadata"));
  return checkpointSteps(run).filter(whole).at(-1) ?? 0;
}
