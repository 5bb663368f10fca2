// Reads the spec in the folder of a run for the page of runs.
import { isError } from "../../diagnostics/diagnostic.js";
import { settingsOf } from "../../inspect/difference.js";
import { sentence } from "../../report/page/cached-file.js";
import type { GivenSpec } from "../../report/page/run-reader.js";
import { pathIn, RUN_FILES, type Run } from "../../train/run-folder.js";
import { checkFile, checkText } from "../read-spec.js";
import { isRunFolder } from "../run-spec.js";

/** The spec of a run. A spec that has errors, as those of other versions may, is shown as text only. */
export function specOf(run: Run, text: string): GivenSpec {
  const nothing = { text, steps: null, modalities: [], settings: {} };
  try {
    // A folder that is not copied completely is no run yet.
    const { spec, json, diagnostics } = isRunFolder(run.disk, run.path)
      ? checkFile(run.disk, run.path, { begun: true })
      : checkText(run.disk, text, pathIn(run, "spec"), { begun: true });
    if (spec === undefined || json === undefined) {
      const [first] = diagnostics.filter(isError);
      return { ...nothing, problem: `${RUN_FILES.spec} has an error: ${first?.message ?? "it cannot be read."}` };
    }
    return {
      text,
      steps: spec.train.steps,
      modalities: spec.model.modalities.map(({ name }) => name),
      settings: Object.fromEntries(settingsOf({ spec, json })),
    };
  } catch (error) {
    return { ...nothing, problem: `${RUN_FILES.spec}: ${sentence(error)}` };
  }
}
