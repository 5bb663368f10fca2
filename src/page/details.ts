// What is known about one run: its problems, facts, final losses and spec.
import { formatLoss } from "../report/progress.js";
import { h } from "./dom.js";
import type { KnownRun } from "./store.js";

const loss = (value: number | null): string => (value === null ? "–" : formatLoss(value));

/** @param closed called by its button; absent if it cannot be closed */
export function details({ view }: KnownRun, closed?: () => void): HTMLElement {
  const { name, reason, problems, facts, losses, spec } = view;
  const rows = Object.entries(losses).map(([modality, { training, validation, best, bestStep }]) =>
    h(
      "tr",
      {},
      [modality, loss(training), loss(validation), loss(best), bestStep === null ? "–" : String(bestStep)].map((text) =>
        h("td", {}, text),
      ),
    ),
  );
  const heads = ["Modality", "Training", "Validation", "Best validation", "Best at step"];
  return h(
    "section",
    { class: "details", "data-details": name },
    ...(closed === undefined ? [] : [h("h2", {}, name, " ", h("button", { type: "button", click: closed }, "Close"))]),
    ...[reason, ...problems].filter((text) => text !== undefined).map((text) => h("p", { class: "note" }, text)),
    h(
      "dl",
      { class: "facts" },
      facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    ),
    ...(rows.length === 0
      ? []
      : [
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
                  heads.map((text) => h("th", {}, text)),
                ),
              ),
              h("tbody", {}, rows),
            ),
          ),
        ]),
    h("details", {}, h("summary", {}, "Spec"), h("pre", {}, spec.trimEnd())),
  );
}
