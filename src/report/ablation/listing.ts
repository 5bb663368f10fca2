// Lists an ablation's variants as a table or as JSON.

import type { Design } from "../../ablate/design.js";
import type { Costs } from "../../ablate/design-file.js";
import type { VariantState, VariantWorker } from "../../ablate/folder.js";
import { visibleLine } from "../../diagnostics/visible.js";
import { short } from "../../inspect/inspection-text.js";
import { columns } from "../columns.js";

export interface Listing {
  readonly design: Design;
  /** One for each variant. */
  readonly states: readonly VariantState[];
  readonly costs?: Costs;
}

/** For example "failed: The gradient norm of step 12 is not finite." */
function stateText(state: VariantState): string {
  switch (state.state) {
    case "failed":
      return `failed: ${state.reason.split("\n")[0]}`;
    case "running":
      return `running in ${workerText(state)}`;
    case "pending": {
      const saved = state.step === undefined ? "pending" : `pending, saved at step ${state.step}`;
      return state.vanished === undefined ? saved : `${saved}; ${vanishedText(state.vanished)}`;
    }
    case "done":
      return "done";
  }
}

const workerText = ({ pid, host }: VariantWorker): string =>
  `process ${pid}${host === undefined ? "" : ` on ${visibleLine(host)}`}`;

/** For example "process 4711 on node3 vanished after 2026-03-01 10:15:02 UTC". */
export const vanishedText = (worker: VariantWorker): string =>
  `${workerText(worker)} vanished after ${worker.seen.slice(0, 19).replace("T", " ")} UTC`;

export function listingText({ design, states }: Listing): string {
  const rows = design.variants.map(({ index, id, arm, seed }) => [
    String(index),
    id,
    design.arms[arm]?.label ?? "",
    String(seed),
    stateText(states[index] as VariantState),
  ]);
  return `${columns(["index", "id", "arm", "seed", "state"], rows, new Set([0, 3]))}\n${tallyText(states)}\n`;
}

/** For example "51 variants: 48 done, 2 failed, 1 pending". */
export function tallyText(states: readonly VariantState[]): string {
  const counts = (["done", "failed", "running", "pending"] as const).flatMap((name) => {
    const count = states.filter(({ state }) => state === name).length;
    return count === 0 ? [] : [`${count} ${name}`];
  });
  return `${states.length} variant${states.length === 1 ? "" : "s"}: ${counts.join(", ")}`;
}

/** A table of the arms with their costs. */
export function armsText(design: Design, costs: Costs): string {
  const base = design.baseline === undefined ? undefined : costs.arms[design.baseline];
  const rows = design.arms.map(({ label, kind }, i) => {
    const { parameters, flops } = costs.arms[i] as Costs["arms"][number];
    const against = base === undefined ? "" : `${((100 * flops) / base.flops).toFixed(1)} %`;
    const note =
      i === design.baseline ? "baseline" : kind === "extra" ? "the baseline, widened to the largest arm's size" : "";
    return [label, short(parameters.total), short(parameters.active), short(flops), against, note];
  });
  return `${columns(["arm", "parameters", "active", "FLOPs per step", "", ""], rows, new Set([1, 2, 3, 4]))}\n`;
}

export function listingJson({ design, states, costs }: Listing): unknown {
  return {
    name: design.name,
    baseline: design.baseline === undefined ? null : design.arms[design.baseline]?.label,
    arms: design.arms.map(({ label, kind, settings }, i) => ({ label, kind, settings, ...costs?.arms[i] })),
    variants: design.variants.map(({ index, id, arm, seed }) => ({
      index,
      id,
      arm: design.arms[arm]?.label,
      seed,
      ...states[index],
    })),
  };
}
