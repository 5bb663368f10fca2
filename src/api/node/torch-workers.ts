// Workers that train the variants of an ablation through PyTorch projects, each in processes of its own.
import { dirname, resolve } from "node:path";
import type { Variant } from "../../ablate/design.js";
import type { Ended, Worker } from "../../ablate/schedule.js";
import { reachOf } from "../../data/reach.js";
import { Failure } from "../../diagnostics/failure.js";
import { dataSetsIn } from "../ablate/data-sets.js";
import { failureOf, isTaken } from "../ablate/failures.js";
import type { Workers } from "../ablate/run.js";
import { runTorchVariant } from "../ablate/torch-variant.js";
import { checkText } from "../read-spec.js";
import type { WorkerSettings } from "./ablation-messages.js";
import { nodeDisk } from "./disk.js";
import { nodeHost } from "./host.js";
import { type Python, probe, type Started, startProject } from "./torchrun.js";

/** @param stepped receives the progress of a variant from time to time */
export function torchWorkers(
  settings: WorkerSettings,
  python: Python,
  variantAt: (index: number) => Variant,
  stepped: (index: number, step: number) => void,
): Workers {
  const { specFile, allow, skipBad, keepWeights } = settings;
  const folder = dirname(resolve(specFile));
  const reach = reachOf(nodeDisk, specFile, allow);
  const dataSetFor = dataSetsIn({ host: nodeHost, folder, reach, skipBad }, () => {});
  const running = new Set<Started>();
  let stopping = false;
  let device: string | undefined;

  async function train(index: number): Promise<Ended> {
    const { id, text } = variantAt(index);
    const { spec, json, diagnostics } = checkText(nodeDisk, text, specFile, { allow });
    if (spec === undefined || json === undefined) throw new Failure(diagnostics);
    const dataSet = await dataSetFor(spec);
    const variant = { id, spec, json, specFile, folder, reach, dataSet, keepWeights, skipBad };
    return await runTorchVariant({ path: settings.folder, disk: nodeDisk }, variant, {
      host: nodeHost,
      device: device as string,
      async start(run) {
        const started = startProject(python, run, (step) => stepped(index, step));
        running.add(started);
        if (stopping) started.stop();
        return await started.ended.finally(() => running.delete(started));
      },
    });
  }

  const ended = (error: unknown): Ended =>
    isTaken(error) ? { kind: "taken" } : { kind: "failed", ...failureOf(error) };
  const worker: Worker = {
    alive: () => true,
    close: () => {},
    train: (index) => train(index).catch(ended),
  };
  return {
    async open() {
      device ??= probe(python);
      return worker;
    },
    tune: async () => {},
    stop() {
      stopping = true;
      for (const started of running) started.stop();
    },
  };
}
