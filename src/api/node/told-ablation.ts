// An ablation that tells how it goes and that signals stop, on workers that are processes.
import type { AdapterSource } from "../../gpu/dawn.js";
import { type AblationEvents, type AblationOutcome, ablationWords } from "../../report/ablation/progress.js";
import type { Terminal } from "../../report/progress.js";
import type { TuneMode } from "../../tune/tune.js";
import { type AblationRequest, ablationCommand, runAblation } from "../ablate/run.js";
import { workersOf } from "./ablation-workers.js";
import { stopBy } from "./interrupts.js";

export interface ToldAblation extends Omit<AblationRequest, "events" | "measures" | "workersOf" | "stopBy"> {
  readonly adapter?: AdapterSource | undefined;
  readonly tune: TuneMode;
  readonly keepWeights?: boolean | undefined;
  readonly allow?: readonly string[] | undefined;
  /** Leave out documents whose files cannot be read. */
  readonly skipBad?: boolean | undefined;
  readonly terminal: Terminal;
  readonly listener?: Partial<Pick<AblationEvents, "opened">>;
  /** Stops training instead of Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
}

export async function toldAblation(request: ToldAblation): Promise<AblationOutcome> {
  const { adapter, tune, keepWeights, allow, skipBad, terminal, listener, signal, ...ablation } = request;
  const settings = {
    folder: request.folder.path,
    specFile: request.file,
    adapter,
    allow: allow ?? [],
    skipBad: skipBad === true,
    keepWeights: keepWeights === true,
    tune,
  };
  const outcome = await runAblation({
    ...ablation,
    measures: tune === "full",
    events: { ...ablationWords(terminal, request.design, ablationCommand(request)), ...listener },
    workersOf: (...told) => workersOf(settings, ...told),
    stopBy: (first) => stopBy(signal, first),
  });
  terminal.write(`Report: ${outcome.report}\n`);
  return outcome;
}
