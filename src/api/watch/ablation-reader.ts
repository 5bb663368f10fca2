// Reads the folder of an ablation for the page of runs: how far it is, and its answer so far.
import { answer } from "../../ablate/analyse.js";
import { collect } from "../../ablate/collect.js";
import { type AblationDesign, designIn } from "../../ablate/design-file.js";
import { type AblationFolder, runOf, stateOf, type VariantState } from "../../ablate/folder.js";
import { escapeHtml } from "../../diagnostics/visible.js";
import { ablationPart } from "../../report/ablation/render.js";
import { sentence } from "../../report/page/cached-file.js";
import type { RunPlace } from "../../report/page/run-reader.js";
import type { AblationView, ArmRun, RunState } from "../../report/page/view.js";

export interface AblationReader {
  readonly view: () => AblationView;
  /** The answer so far, as HTML. */
  readonly answer: () => string;
  /** The variants that have begun, as runs. */
  readonly runs: () => readonly Omit<RunPlace, "id" | "specOf">[];
}

/**
 * @param index among the ablations of the page
 * @param idOf the id of the run with this path
 */
export function openAblationReader(
  folder: AblationFolder,
  name: string,
  index: number,
  idOf: (path: string) => number | undefined,
): AblationReader {
  let design: AblationDesign | undefined;
  let seen = "";
  let version = 0;
  let made: { readonly version: number; readonly html: string } | undefined;
  let problem: string | undefined;

  const designNow = (): AblationDesign | undefined => {
    if (design !== undefined) return design;
    try {
      const found = designIn(folder);
      problem = "wrong" in found ? found.wrong : undefined;
      if (!("wrong" in found)) design = found;
    } catch (error) {
      problem = sentence(error);
    }
    return design;
  };
  const begun = (id: string): boolean => folder.disk.exists(runOf(folder, id).path);
  const armRun = ({ id, seed }: AblationDesign["runs"][number]): ArmRun => {
    const run = idOf(runOf(folder, id).path);
    return { seed, ...runState(stateOf(folder, id)), ...(run !== undefined && { run }) };
  };
  return {
    view() {
      const found = designNow();
      const arms = (found?.arms ?? []).map(({ label }, arm) => ({
        label,
        runs: (found?.runs ?? []).filter((run) => run.arm === arm).map(armRun),
      }));
      const states = JSON.stringify(arms.map(({ runs }) => runs.map(({ state }) => state)));
      if (states !== seen) version++;
      seen = states;
      return { name: found?.name ?? name, problems: problem === undefined ? [] : [problem], arms, version };
    },
    answer() {
      const found = designNow();
      if (found === undefined) return "";
      if (made?.version !== version) made = { version, html: answerOf(folder, found) };
      return made.html;
    },
    runs() {
      const { arms = [], modalities = [], runs = [] } = designNow() ?? {};
      const units = Object.fromEntries(modalities.map(({ name, unit }) => [name, unit]));
      return runs
        .filter(({ id }) => begun(id))
        .map(({ id, arm, seed }) => {
          const { label = "", flops = 0 } = arms[arm] ?? {};
          const about = { title: label, facts: [], units, flops_per_step: flops };
          const state = () => runState(stateOf(folder, id));
          return {
            name: `${label}, seed ${seed}`,
            run: runOf(folder, id),
            variant: { ablation: index, arm, about, state },
          };
        });
    },
  };
}

function answerOf(folder: AblationFolder, design: AblationDesign): string {
  try {
    const results = collect(folder, design);
    return ablationPart(results, answer(results));
  } catch (error) {
    return `<p>There is no answer: ${escapeHtml(sentence(error))}</p>`;
  }
}

function runState(state: VariantState): { readonly state: RunState; readonly reason?: string } {
  switch (state.state) {
    case "done":
      return { state: "finished" };
    case "failed":
      return { state: "failed", reason: state.reason };
    case "running":
      return { state: "running" };
    case "pending":
      return { state: state.step === undefined ? "pending" : "stopped" };
  }
}
