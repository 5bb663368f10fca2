// The page of runs: asks for what has changed, and shows it.

import type { PageState } from "../report/page/view.js";
import { ablations } from "./ablations.js";
import { details, facts } from "./details.js";
import { fill, h } from "./dom.js";
import { panel } from "./panel.js";
import { samples } from "./samples.js";
import { source } from "./source.js";
import { addViews, getRecords, type KnownRun, type Store } from "./store.js";
import { runTable } from "./table.js";

const PERIOD_MS = 500;
/** While files are still being read. */
const READING_MS = 150;

const from = source();
const store: Store = { runs: new Map(), version: 0 };
const status = h("p", { class: "status", role: "status" }, "Reading …");
const opened = h("div");
let open: KnownRun | undefined;

const curves = panel();
const pictures = samples(from);
const compared = ablations(from, (id) => {
  const run = store.runs.get(id);
  if (run === undefined) return;
  run.shown = !run.shown;
  showRuns();
  void showCurves();
});
const table = runTable({
  selected: () => void showCurves(),
  opened: (run) => showDetails(open === run ? undefined : run),
});
const page = document.getElementById("page") as HTMLElement;
const specText = h("section", { id: "spec", hidden: true });
const head = [h("h1", {}, from.title), status];
const list = [table.element, opened];
page.replaceChildren(...head, ...list, compared.states, curves.element, pictures.element, compared.answers, specText);

const runs = (): KnownRun[] => [...store.runs.values()];

function showDetails(run: KnownRun | undefined): void {
  open = run;
  fill(opened, ...(run === undefined ? [] : [details(run)]));
  const close = opened.querySelector("h2 button");
  close?.addEventListener("click", () => showDetails(undefined));
}

/** If all runs belong to ablations, their answers come first. */
function orderParts({ ablations }: PageState): void {
  if (ablations.length === 0 || page.dataset.order === "answers") return;
  if (runs().some(({ view }) => view.variant === undefined)) return;
  page.dataset.order = "answers";
  const runsHere = [h("h2", {}, "Runs"), ...list];
  page.replaceChildren(
    ...head,
    compared.states,
    compared.answers,
    ...runsHere,
    curves.element,
    pictures.element,
    specText,
  );
}

/** A run that is alone needs no table. */
function showRuns(): void {
  const [only, second] = runs();
  const alone = second === undefined && !from.live ? only : undefined;
  table.element.hidden = store.runs.size === 0 || alone !== undefined;
  status.hidden = alone !== undefined;
  specText.hidden = alone === undefined;
  if (alone !== undefined) {
    fill(opened, facts(alone.view));
    fill(specText, h("h2", {}, "Spec"), h("pre", {}, alone.view.spec.trimEnd()));
  } else table.show(runs());
}

/** While records come, the curves are drawn this often. */
const DRAW_MS = 300;

/** Gets the records of the shown runs, and draws them as they come. */
async function showCurves(): Promise<void> {
  const shown = runs().filter((run) => run.shown);
  curves.show(shown);
  pictures.show(shown);
  let drawn = performance.now();
  let isNew = false;
  for (const run of shown)
    while (run.shown && (await getRecords(run, from))) {
      isNew = true;
      if (performance.now() - drawn < DRAW_MS) continue;
      curves.show(runs().filter((one) => one.shown));
      drawn = performance.now();
    }
  if (isNew) curves.show(runs().filter((one) => one.shown));
  status.dataset.drawn = String(shown.length);
}

function statusText(reading: boolean): string {
  const count = store.runs.size;
  const running = runs().filter(({ view }) => view.state === "running").length;
  if (count === 0) return reading ? "Reading …" : "There are no runs here yet. They appear when they start.";
  return `${count} ${count === 1 ? "run" : "runs"}${from.live ? `, ${running} running` : ""}${reading ? "; reading …" : ""}`;
}

async function update(): Promise<number> {
  try {
    const state = await from.state(store.version);
    store.version = state.version;
    addViews(store, state);
    orderParts(state);
    status.textContent = statusText(state.reading);
    showRuns();
    compared.show(state.ablations);
    if (open !== undefined && state.runs.some(({ id }) => id === open?.view.id)) showDetails(open);
    await showCurves();
    return state.reading ? READING_MS : PERIOD_MS;
  } catch (error) {
    status.textContent = `mom watch does not answer: ${error instanceof Error ? error.message : error}. The page tries again.`;
    return PERIOD_MS;
  }
}

async function follow(): Promise<void> {
  // A hidden page rests.
  const wait = document.hidden ? PERIOD_MS : await update();
  if (from.live) setTimeout(follow, wait);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => curves.redraw());
void follow();
