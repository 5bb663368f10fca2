// Reads runs and ablations to their ends, for their page as one file and for tables.
import type { Disk } from "../../data/disk.js";
import { frozenPage } from "../../report/page/frozen.js";
import type { AblationView, RunView } from "../../report/page/view.js";
import { openRuns } from "./runs.js";

export interface ReadRuns {
  readonly views: readonly RunView[];
  /** The page as HTML. */
  readonly page: () => string;
}

function titleOf(views: readonly RunView[], [ablation, ...others]: readonly AblationView[]): string {
  const [run, second] = views;
  if (ablation !== undefined && others.length === 0 && views.every(({ variant }) => variant !== undefined))
    return `Ablation: ${ablation.name}`;
  return run !== undefined && second === undefined ? run.name : "Runs";
}

/** @param paths folders of runs and ablations, or folders that hold some */
export function readRuns(disk: Disk, paths: readonly string[]): ReadRuns {
  const runs = openRuns(disk, paths, () => 0);
  runs.find();
  runs.read(1);
  const { runs: views, ablations } = runs.state(0);
  return {
    views,
    page() {
      const readers = views.map(({ id }) => runs.run(id)).filter((run) => run !== undefined);
      const answers = ablations.map((view, i) => ({ view, answer: runs.ablation(i)?.answer() ?? "" }));
      return frozenPage(titleOf(views, ablations), readers, answers);
    },
  };
}
