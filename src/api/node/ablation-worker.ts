// A worker process of `mom ablate`: opens a device and trains its variants on it, one after another. A variant that crashes
// its process affects no other process.
import { dirname, resolve } from "node:path";
import { runOf } from "../../ablate/folder.js";
import { runVariant, type Trainer } from "../../ablate/run-variant.js";
import { type Compiled, programsOf, trainingOn } from "../../compile.js";
import { reachOf } from "../../data/reach.js";
import { Failure } from "../../diagnostics/failure.js";
import { render } from "../../diagnostics/render.js";
import type { CheckedSpec, Json } from "../../front/spec.js";
import type { OpenDevice } from "../../gpu/dawn.js";
import { DeviceError } from "../../gpu/device-error.js";
import type { Pipelines } from "../../gpu/pipelines.js";
import { dataSetsIn } from "../ablate/data-sets.js";
import { failureOf, isTaken } from "../ablate/failures.js";
import { hyperparametersOf } from "../hyperparameters.js";
import { keptSpec } from "../kept-spec.js";
import { checkText } from "../read-spec.js";
import { starting } from "../start.js";
import { measuredBefore, tuned } from "../tuning.js";
import type { FromWorker, ToWorker, WorkerSettings } from "./ablation-messages.js";
import { nodeDisk } from "./disk.js";
import { nodeHost } from "./host.js";

/** Milliseconds between reports of progress. */
const REPORT_MS = 200;

const settings = JSON.parse(process.argv[2] ?? "{}") as WorkerSettings;
const folder = dirname(resolve(settings.specFile));
const reach = reachOf(nodeDisk, settings.specFile, settings.allow);
const pipelines: Pipelines = new Map();
const dataSetFor = dataSetsIn({ host: nodeHost, folder, reach, skipBad: settings.skipBad }, () => {});
let stopping = false;

const say = (message: FromWorker): void => {
  process.send?.(message);
};

function checked(text: string): { readonly spec: CheckedSpec; readonly json: Json } {
  const { spec, json, diagnostics } = checkText(nodeDisk, text, settings.specFile, { allow: settings.allow });
  if (spec === undefined || json === undefined) throw new Failure(diagnostics);
  return { spec, json };
}

/** Measures the kernels that are not in the cache, in one process and while nothing is trained here. */
async function tune(device: OpenDevice, texts: readonly string[]): Promise<void> {
  try {
    for (const { spec } of texts.map(checked)) {
      const options = trainingOn(spec, device.profile);
      const stages = programsOf(spec, options);
      const notice = (line: string) => say({ kind: "notice", line });
      const stopWanted = () => stopping;
      await tuned(nodeHost, {
        mode: settings.tune,
        spec,
        options,
        stages,
        opened: device,
        pipelines,
        notice,
        stopWanted,
      });
    }
    say({ kind: "tuned" });
  } catch (error) {
    say({ kind: "failed", ...failureOf(error), lasting: error instanceof DeviceError });
  }
}

async function train(device: OpenDevice, id: string, text: string): Promise<void> {
  let reported = 0;
  try {
    const { spec, json } = checked(text);
    const dataSet = await dataSetFor(spec);
    const start = (compiled: Compiled) => starting(spec, compiled, { folder, reach })?.();
    const choices: Trainer["choices"] = (of, options, stages) =>
      // With `full`, the missing kernels were measured before the first variant started.
      tuned(nodeHost, {
        mode: measuredBefore(settings.tune),
        spec: of,
        options,
        stages,
        opened: device,
        notice: () => {},
      });
    const warned: Trainer["warned"] = (warnings) =>
      say({ kind: "notice", line: render(warnings, [], { colour: false }).trimEnd() });
    const variants = { path: settings.folder, disk: nodeDisk };
    const kept = keptSpec(json, folder, runOf(variants, id).path, reach);
    const how = await runVariant(
      variants,
      {
        id,
        spec,
        hyperparameters: hyperparametersOf({ spec, json }),
        ...kept,
        specFile: settings.specFile,
        keepWeights: settings.keepWeights,
      },
      { device, pipelines, dataSet, start, choices, warned },
      {
        stepped: ({ step }) => {
          if (Date.now() - reported < REPORT_MS) return;
          reported = Date.now();
          say({ kind: "stepped", step });
        },
        validated: () => {},
        stopWanted: () => stopping,
      },
    );
    say({ kind: "ended", how });
  } catch (error) {
    if (isTaken(error)) say({ kind: "ended", how: "taken" });
    else say({ kind: "failed", ...failureOf(error), lasting: error instanceof DeviceError });
  }
}

// A terminal sends Ctrl-C to all processes. The parent process decides what to do, so the worker ignores it.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
process.on("SIGTERM", () => {
  stopping = true;
});
process.on("disconnect", () => process.exit(0));

const device = await nodeHost.openDevice(settings.adapter).catch((error: unknown) => {
  if (!(error instanceof DeviceError)) throw error;
  say({ kind: "unfit", reason: error.message, remedy: error.remedy });
  return undefined;
});
if (device) {
  process.on("message", (message: ToWorker) => {
    if (message.kind === "stop") stopping = true;
    else if (message.kind === "tune") void tune(device, message.texts);
    else void train(device, message.id, message.text);
  });
  say({ kind: "ready", device: device.description });
}
