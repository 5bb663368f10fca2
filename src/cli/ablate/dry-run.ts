// `mom ablate --dry-run`: what the variants are, what they cost, and what they will take here.
import type { Costs } from "../../ablate/collect.js";
import type { Arm, Design } from "../../ablate/design.js";
import { type AblationFolder, stateOf } from "../../ablate/folder.js";
import type { DataSet } from "../../data/data-set.js";
import type { CheckedSpec } from "../../front/spec.js";
import { type AdapterSource, openDevice } from "../../gpu/dawn.js";
import type { Pipelines } from "../../gpu/pipelines.js";
import { size } from "../../report/inspection-text.js";
import type { Terminal } from "../../report/progress.js";
import { formatDuration } from "../../report/progress.js";
import type { TuneMode } from "../../tune/tune.js";
import { EXIT, type ExitCode } from "../verb.js";
import { armsToMeasure, type Estimate, estimate, type Measured, measure } from "./estimate.js";
import { armsText, listingJson, listingText } from "./listing.js";

export interface DryRun {
  readonly design: Design;
  readonly folder: AblationFolder;
  readonly costs: Costs;
  readonly dataSetOf: (spec: CheckedSpec) => Promise<DataSet>;
  readonly jobs: number;
  readonly keepWeights?: true;
  readonly json?: true;
  readonly adapter?: AdapterSource;
  readonly tune: TuneMode;
  readonly terminal: Terminal;
}

export async function dryRun(request: DryRun): Promise<ExitCode> {
  const { design, folder, costs, terminal } = request;
  const states = design.variants.map(({ id }) => stateOf(folder, id));
  const left = design.variants.filter((_, i) => states[i]?.state !== "done");
  const device = await openDevice(request.adapter ? { adapter: request.adapter } : {});
  const pipelines: Pipelines = new Map();
  const measured = new Map<number, Measured>();
  for (const index of armsToMeasure(design, costs)) {
    const arm = design.arms[index] as Arm;
    terminal.write(`Measuring a few steps of \`${arm.label}\` on ${device.description}\n`);
    measured.set(index, await measure(arm, await request.dataSetOf(arm.spec), device, pipelines, request.tune));
  }
  const keepWeights = request.keepWeights === true;
  const found = estimate(costs, measured, left, { jobs: request.jobs, keepWeights });
  const listing = { design, states, costs };
  process.stdout.write(
    request.json
      ? `${JSON.stringify({ ...(listingJson(listing) as object), device: device.description, estimate: found }, null, 2)}\n`
      : `${armsText(design, costs)}\n${listingText(listing)}${estimateText(found, left.length, request)}`,
  );
  return EXIT.done;
}

function estimateText({ seconds, bytes, peakBytes }: Estimate, left: number, { jobs, keepWeights }: DryRun): string {
  if (left === 0) return "Nothing is left to train.\n";
  const weights = keepWeights
    ? "with their weights"
    : "weights are dropped when a variant is done; --keep-weights keeps them";
  const at = jobs === 1 ? "one at a time" : `${jobs} at a time, if that slows none of them down`;
  return (
    `The ${left} that are left will take about ${formatDuration(seconds)} here, ${at}, ` +
    `and ${size(Math.round(bytes))} of disk, at most ${size(Math.round(peakBytes))} on the way (${weights}).\n`
  );
}
