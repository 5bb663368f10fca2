// Trains a checked spec: prepares data, opens a device, chooses kernels and trains.
import { planned, programsOf, trainingOn } from "../compile.js";
import { decodersOf } from "../data/codecs.js";
import { prepare } from "../data/prepare.js";
import type { Reach } from "../data/reach.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import type { AdapterSource } from "../gpu/dawn.js";
import type { TrainingOutcome } from "../report/training-words.js";
import { recordedChoices } from "../train/choices.js";
import type { TuneMode } from "../tune/tune.js";
import type { Host } from "./host.js";
import { hyperparametersOf } from "./hyperparameters.js";
import { keptSpec } from "./kept-spec.js";
import { changesAtResume } from "./resume.js";
import { isRunFolder } from "./run-spec.js";
import { starting } from "./start.js";
import { runTraining, type TrainingRequest } from "./training.js";
import { tuned } from "./tuning.js";
import { updateCost } from "./update-cost.js";

export interface SpecToTrain extends Pick<TrainingRequest, "title" | "resume" | "events" | "track" | "stopWanted"> {
  readonly host: Host;
  readonly spec: CheckedSpec;
  /** The resolved spec. */
  readonly json: Json;
  /** The resolved spec without settings of `--set`, if there are any. */
  readonly written?: Json | undefined;
  /** The file of the spec, or a possible path if it was not read from a file. */
  readonly file: string;
  /** Paths in the spec are relative to this folder. */
  readonly folder: string;
  /** The run's folder. */
  readonly out: string;
  readonly tune: TuneMode;
  readonly adapter?: AdapterSource | undefined;
  /** The files that the spec and its data may read. */
  readonly reach: Reach;
  /** Skip documents whose files cannot be read. */
  readonly skipBad?: boolean | undefined;
}

/** @throws Failure, InputError or DeviceError if the data, the run's folder or the device are unusable */
export async function trainSpec(wanted: SpecToTrain): Promise<TrainingOutcome> {
  const {
    host,
    spec,
    json,
    written,
    file,
    folder,
    out,
    adapter,
    resume,
    tune,
    reach,
    skipBad,
    title,
    events,
    track,
    stopWanted,
  } = wanted;
  const notice = events.noted;
  const changes = resume && isRunFolder(host.disk, out) ? changesAtResume(host.disk, out, json) : undefined;
  const { dataSet, codecs } = await prepare(spec.data, spec.model, { host, folder, reach, skipBad, notice });
  const device = await host.openDevice(adapter);
  notice(`${title}: on ${device.description}`);
  const how = trainingOn(spec, device.profile);
  const stages = programsOf(spec, how);
  const recorded = resume ? recordedChoices({ path: out, disk: host.disk }) : undefined;
  // A changed batch has kernels that the run did not have.
  const choices =
    recorded === undefined || (changes !== undefined && changes.length > 0)
      ? { ...(await tuned(host, { mode: tune, spec, options: how, stages, opened: device, notice })), ...recorded }
      : recorded;
  const compiled = planned(stages, { ...how, choices });
  const kept = keptSpec(json, folder, out, reach);
  return await runTraining({
    host,
    title,
    events,
    track,
    stopWanted,
    spec,
    hyperparameters: hyperparametersOf({ spec, json }),
    specText: kept.text,
    specFiles: kept.files,
    specFile: file,
    ...(written !== undefined && { specWritten: keptSpec(written, folder, out, reach).text }),
    compiled,
    flopsPerStep: updateCost(spec, dataSet).flops,
    dataSet,
    device,
    decoders: decodersOf(codecs),
    folder: out,
    resume,
    changes,
    start: starting(spec, compiled, { folder, reach }),
  });
}
