// The samples of the shown runs: one run's steps side by side, or the runs beside each other.
import type { SampleGroupView, SamplesView } from "../report/page/view.js";
import { h } from "./dom.js";
import type { Source } from "./source.js";
import type { KnownRun } from "./store.js";

interface Samples {
  readonly element: HTMLElement;
  readonly show: (runs: readonly KnownRun[]) => void;
}

/** A column: the samples of a run after some steps. */
interface Column {
  readonly key: string;
  readonly head: string;
  readonly run: KnownRun;
  readonly step: number;
}

/** The latest steps of a run, or the first of the runs, that have a column. */
const MOST_COLUMNS = 10;
/** The choice of all runs beside each other. */
const ALL = "all";

export function samples(source: Source): Samples {
  const known = new Map<string, SamplesView>();
  const runSelect = h("select", { name: "samples-run", change: () => update() });
  const groupSelect = h("select", { name: "samples-group", change: () => draw() });
  const grid = h("div");
  const element = h(
    "section",
    { id: "samples", hidden: true },
    h("h2", {}, "Samples"),
    h("div", { class: "controls" }, h("label", {}, "Of", runSelect), h("label", {}, "Group", groupSelect)),
    grid,
  );
  let runs: readonly KnownRun[] = [];
  let columns: readonly Column[] = [];
  let drawn = "";

  const draw = (): void => {
    const groups = columns.map(({ key }) => known.get(key));
    const labels = [
      ...new Set(groups.flatMap((view) => (view && "groups" in view ? view.groups.map(({ label }) => label) : []))),
    ];
    options(
      groupSelect,
      labels.map((label) => [label, label]),
    );
    const chosen = labels.includes(groupSelect.value) ? groupSelect.value : (labels[0] ?? "");
    const text = JSON.stringify([chosen, columns.map(({ key, head }) => [key, head, known.has(key)])]);
    if (text === drawn) return;
    drawn = text;
    grid.replaceChildren(
      table(
        columns,
        groups.map((view) =>
          view && "groups" in view ? view.groups.find(({ label }) => label === chosen) : undefined,
        ),
      ),
      ...groups.flatMap((view, i) =>
        view && "problem" in view ? [h("p", { class: "note" }, `${columns[i]?.head}: ${view.problem}`)] : [],
      ),
    );
  };
  const update = (): void => {
    const having = runs.filter(({ view }) => view.samples.length > 0);
    element.hidden = having.length === 0;
    if (having.length === 0) return;
    options(runSelect, [
      ...having.map(({ view }): [string, string] => [String(view.id), view.name]),
      ...(having.length > 1 ? [[ALL, "all shown runs, last step"] as const] : []),
    ]);
    columns = columnsOf(having, runSelect.value);
    draw();
    for (const { key, run, step } of columns)
      if (!known.has(key))
        void source.samples(run.view, step).then(
          (view) => {
            known.set(key, view);
            draw();
          },
          // They are asked for again with the next change.
          () => {},
        );
  };
  return {
    element,
    show(others) {
      runs = others;
      update();
    },
  };
}

function columnsOf(runs: readonly KnownRun[], chosen: string): Column[] {
  const column = (run: KnownRun, step: number, head: string): Column => ({
    key: `${run.view.id}/${step}`,
    head,
    run,
    step,
  });
  if (chosen === ALL)
    return runs.slice(0, MOST_COLUMNS).map((run) => {
      const step = run.view.samples.at(-1) as number;
      return column(run, step, `${run.view.name}, step ${step}`);
    });
  const run = runs.find(({ view }) => String(view.id) === chosen) ?? (runs[0] as KnownRun);
  return run.view.samples.slice(-MOST_COLUMNS).map((step) => column(run, step, `step ${step}`));
}

/** Sets the options of a list, and keeps what is chosen if it still is one. */
function options(select: HTMLSelectElement, wanted: readonly (readonly [value: string, label: string])[]): void {
  const key = JSON.stringify(wanted);
  if (select.dataset.key === key) return;
  const { value } = select;
  select.dataset.key = key;
  select.replaceChildren(...wanted.map(([value, label]) => h("option", { value }, label)));
  if (wanted.some(([one]) => one === value)) select.value = value;
}

interface Row {
  readonly name: string;
  readonly truth: readonly Node[];
  /** For each column. */
  readonly cells: (readonly Node[])[];
}

/** A row for each sample; its true item is the same in all columns. */
function rowsOf(groups: readonly (SampleGroupView | undefined)[]): Row[] {
  const rows = new Map<string, Row>();
  groups.forEach((group, i) => {
    const add = (key: string, name: string, truth: readonly Node[], sampled: readonly Node[]): void => {
      const row = rows.get(key) ?? { name, truth, cells: groups.map(() => []) };
      row.cells[i] = sampled;
      rows.set(key, row);
    };
    for (const { name, truth, sampled } of group?.samples ?? [])
      add(
        name,
        name,
        [picture(truth, `${name}, true`)],
        sampled.map((one) => picture(one, `${name}, sampled`)),
      );
    for (const { name, given, picture: shown, truth, sampled } of group?.texts ?? [])
      add(
        `${name} ${given}`,
        name,
        [
          ...(shown === undefined ? [] : [picture(shown, name)]),
          ...(given === "" ? [] : [h("span", { class: "given" }, given)]),
          h("span", {}, truth),
        ],
        [h("span", {}, sampled)],
      );
  });
  return [...rows.values()];
}

/** Pictures as cards, texts as a table. */
function table(columns: readonly Column[], groups: readonly (SampleGroupView | undefined)[]): HTMLElement {
  const rows = rowsOf(groups);
  const heads = ["true", ...columns.map(({ head }) => head)];
  if (groups.every((group) => (group?.texts.length ?? 0) === 0))
    return h(
      "div",
      { class: "pictures" },
      rows.map(({ name, truth, cells }) =>
        h(
          "figure",
          {},
          h("figcaption", {}, name),
          h(
            "div",
            { class: "pair" },
            [truth, ...cells].map((nodes, i) => (nodes.length === 0 ? undefined : h("span", {}, nodes, heads[i]))),
          ),
        ),
      ),
    );
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      { class: "samples" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["", ...heads].map((head) => h("th", { scope: "col" }, head)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map(({ name, truth, cells }) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, name),
            [truth, ...cells].map((nodes) => h("td", {}, nodes)),
          ),
        ),
      ),
    ),
  );
}

const picture = (src: string, alt: string): HTMLElement => h("img", { src, alt, title: alt });
