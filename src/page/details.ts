// What is known about one run: its problems, facts, final losses and spec.

import { type RunView, WEIGHTED } from "../report/page/view.js";
import { formatLoss } from "../report/progress.js";
import { h } from "./dom.js";
import type { KnownRun } from "./store.js";

/** The details that a click on the name of a run opens. */
export const details = ({ view }: KnownRun): HTMLElement =>
  h(
    "section",
    { class: "details", "data-details": view.name },
    h("h2", {}, view.name, " ", h("button", { type: "button" }, "Close")),
    facts(view),
    h("details", {}, h("summary", {}, "Spec"), h("pre", {}, view.spec.trimEnd())),
  );

/** Problems, facts and final losses. */
export function facts({ reason, notes, problems, facts, losses }: RunView): HTMLElement {
  const sentences = [reason, ...problems, ...notes].filter((text) => text !== undefined);
  return h(
    "div",
    {},
    sentences.map((text) => h("p", { class: "note" }, text)),
    h(
      "dl",
      { class: "facts" },
      facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    ),
    Object.keys(losses).length === 0 ? undefined : finalLosses(losses),
  );
}

const loss = (value: number | null): string => (value === null ? "–" : formatLoss(value));

const HEADS = ["Modality", "Training", "Validation", "Best validation", "Best at step"];

function finalLosses(losses: RunView["losses"]): HTMLElement {
  const rows = Object.entries(losses).map(([modality, { training, validation, best, bestStep }]) => [
    modality,
    loss(training),
    loss(validation),
    loss(best),
    bestStep === null ? "–" : String(bestStep),
  ]);
  const weighted = WEIGHTED in losses ? ` The ${WEIGHTED} is what training minimizes: each loss times its weight.` : "";
  return h(
    "section",
    { class: "final" },
    h("h3", {}, "Final losses"),
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            HEADS.map((text) => h("th", {}, text)),
          ),
        ),
        h(
          "tbody",
          {},
          rows.map((row) =>
            h(
              "tr",
              {},
              row.map((text) => h("td", {}, text)),
            ),
          ),
        ),
      ),
    ),
    h("p", {}, `Training is the mean of the last 4 % of the steps.${weighted}`),
  );
}
