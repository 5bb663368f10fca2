// The table of runs: selects which curves are shown, sorts, and opens the details of a run.
import { type RunColumn, runColumns } from "../report/page/columns.js";
import type { RunView } from "../report/page/view.js";
import { fill, h } from "./dom.js";
import { swatch } from "./marks.js";
import type { KnownRun } from "./store.js";

export interface RunTable {
  readonly element: HTMLElement;
  readonly show: (runs: readonly KnownRun[]) => void;
}

interface Actions {
  /** The selection of curves has changed. */
  readonly selected: () => void;
  readonly opened: (run: KnownRun) => void;
}

export function runTable({ selected, opened }: Actions): RunTable {
  const [head, body] = [h("thead"), h("tbody")];
  const rows = new Map<number, HTMLTableRowElement>();
  let runs: readonly KnownRun[] = [];
  let sorted: { readonly head: string; readonly down: boolean } | undefined;
  const element = h("div", { class: "scroll runs" }, h("table", {}, head, body));

  const selectAll = (shown: boolean): void => {
    for (const run of runs) run.shown = shown;
    update();
    selected();
  };
  const sortBy = (name: string): void => {
    sorted = { head: name, down: sorted?.head === name && !sorted.down };
    update();
  };
  const update = (): void => {
    const columns = runColumns(runs.map(({ view }) => view));
    heading(
      head,
      columns,
      sorted,
      sortBy,
      runs.every(({ shown }) => shown),
      selectAll,
    );
    const key = columns.map(keyOf).join();
    const by = columns.find((column) => keyOf(column) === sorted?.head);
    const ordered =
      by === undefined ? runs : [...runs].sort((a, b) => compared(by, a.view, b.view) * (sorted?.down ? -1 : 1));
    for (const [id, row] of rows)
      if (!runs.some(({ view }) => view.id === id)) {
        row.remove();
        rows.delete(id);
      }
    ordered.forEach((run, place) => {
      let row = rows.get(run.view.id);
      if (row === undefined) {
        row = rowOf(run, selected, opened);
        rows.set(run.view.id, row);
      }
      if (body.children[place] !== row) body.insertBefore(row, body.children[place] ?? null);
      fillRow(row, run, columns, key);
    });
  };
  return {
    element,
    show(others) {
      runs = others;
      update();
    },
  };
}

const keyOf = ({ group, head }: RunColumn): string => `${group} ${head}`;

function compared({ order }: RunColumn, a: RunView, b: RunView): number {
  const [one, other] = [order(a), order(b)];
  if (typeof one === "number" && typeof other === "number") return one - other || 0;
  return String(one).localeCompare(String(other), "en", { numeric: true });
}

function heading(
  head: HTMLElement,
  columns: readonly RunColumn[],
  sorted: { readonly head: string; readonly down: boolean } | undefined,
  sortBy: (name: string) => void,
  all: boolean,
  selectAll: (shown: boolean) => void,
): void {
  const key = JSON.stringify([columns.map(keyOf), sorted, all]);
  if (head.dataset.key === key) return;
  head.dataset.key = key;
  const groups: { name: string; count: number }[] = [];
  for (const { group } of columns) {
    const last = groups.at(-1);
    if (last?.name === group) last.count++;
    else groups.push({ name: group, count: 1 });
  }
  const sign = (column: RunColumn): string => (sorted?.head === keyOf(column) ? (sorted.down ? " ↓" : " ↑") : "");
  head.replaceChildren(
    h(
      "tr",
      { class: "groups" },
      h("th"),
      groups.map(({ name, count }) => h("th", { colspan: count, class: name === "" ? undefined : "group" }, name)),
    ),
    h(
      "tr",
      {},
      h(
        "th",
        {},
        h("input", {
          type: "checkbox",
          "aria-label": "show all runs",
          checked: all,
          change: ({ target }) => selectAll((target as HTMLInputElement).checked),
        }),
      ),
      columns.map((column) =>
        h(
          "th",
          { scope: "col", class: column.isNumber ? "number" : undefined },
          h("button", { type: "button", click: () => sortBy(keyOf(column)) }, `${column.head}${sign(column)}`),
        ),
      ),
    ),
  );
}

function rowOf(run: KnownRun, selected: () => void, opened: (run: KnownRun) => void): HTMLTableRowElement {
  const box = h("input", {
    type: "checkbox",
    "aria-label": `show ${run.view.name}`,
    change: ({ target }) => {
      run.shown = (target as HTMLInputElement).checked;
      selected();
    },
  });
  const name = h("button", { type: "button", class: "name", click: () => opened(run) }, run.view.name);
  return h("tr", {}, h("td", { class: "shown" }, h("label", {}, box, swatch(run.colour))), h("td", {}, name));
}

/** What each row shows. */
const filled = new WeakMap<HTMLTableRowElement, { readonly view: RunView; readonly key: string }>();

/** @param key of the columns */
function fillRow(row: HTMLTableRowElement, run: KnownRun, columns: readonly RunColumn[], key: string): void {
  const box = row.querySelector("input");
  if (box) box.checked = run.shown;
  const before = filled.get(row);
  if (before?.view === run.view && before.key === key) return;
  filled.set(row, { view: run.view, key });
  row.dataset.state = run.view.state;
  const [, ...others] = columns;
  while (row.cells.length > others.length + 2) row.deleteCell(-1);
  others.forEach((column, i) => {
    const cell = row.cells[i + 2] ?? row.insertCell();
    cell.className = column.isNumber ? "number" : i === 0 ? "state" : "";
    const text = column.text(run.view);
    if (i === 0 && run.view.problems.length > 0)
      fill(cell, text, h("span", { class: "problem", title: run.view.problems.join("\n") }, " ⚠"));
    else if (cell.textContent !== text) cell.textContent = text;
  });
}
