// The charts of the shown runs, by modality, and the controls that they share.
import { RANGE, WEIGHTED } from "../report/page/view.js";
import { type Chart, chart } from "./chart.js";
import { type Curve, curveOf } from "./curve.js";
import { fill, h } from "./dom.js";
import type { Line, View } from "./plot-data.js";
import { AXES, type AxisName, type KnownRun, placesOn } from "./store.js";

interface Panel {
  readonly element: HTMLElement;
  /** Shows these runs, which may have more records than before. */
  readonly show: (runs: readonly KnownRun[]) => void;
  readonly redraw: () => void;
}

interface Choices {
  axis: AxisName;
  logX: boolean;
  logY: boolean;
  smoothing: number;
  training: boolean;
  validation: boolean;
}

interface Plotted {
  readonly title: string;
  readonly unit: string;
  readonly chart: Chart;
}

/** Charts besides those of losses. */
const OTHERS = [
  { table: "train", column: "gradient_norm", title: "Gradient norm", unit: "before clipping" },
  { table: "train", column: "lr", title: "Learning rate", unit: "" },
  { table: "timing", column: "tokens_per_second", title: "Speed", unit: "tokens per second" },
  { table: "train", column: "loss_scale", title: "Loss scale", unit: "" },
] as const;

const HEIGHT = { losses: 280, others: 190 } as const;

export function panel(): Panel {
  const choices: Choices = {
    axis: "steps",
    logX: false,
    logY: false,
    smoothing: 0.04,
    training: true,
    validation: true,
  };
  const charts = new Map<string, Plotted>();
  const [losses, others] = [h("div", { class: "charts" }), h("div", { class: "charts small" })];
  const note = h("p", { class: "note", hidden: true });
  const reset = h("button", { type: "button", class: "reset", click: () => zoomTo(undefined) }, "Show all");
  let zoom: View["zoom"];
  let runs: readonly KnownRun[] = [];
  const curves = new Map<string, { readonly version: string; readonly curve: Curve }>();

  const update = (): void => {
    const lacking = runs.filter(
      (run) => run.tables.train.steps.length > 0 && placesOn(choices.axis, run, [1]) === undefined,
    );
    note.hidden = lacking.length === 0;
    fill(
      note,
      `${lacking.map(({ view }) => view.name).join(", ")}: without ${AXES[choices.axis]}, which ${lacking.length === 1 ? "it does" : "they do"} not record.`,
    );
    const view: View = { ...choices, axis: AXES[choices.axis], zoom };
    reset.hidden = zoom === undefined;
    const wanted = chartsOf(runs, choices, (key, version, make) => {
      const known = curves.get(key);
      if (known?.version === version) return known.curve;
      const curve = make();
      curves.set(key, { version, curve });
      return curve;
    });
    for (const [key, { chart: old }] of charts) {
      if (wanted.some((one) => one.key === key)) continue;
      old.element.remove();
      charts.delete(key);
    }
    for (const { key, title, unit, lines, isLoss } of wanted) {
      let known = charts.get(key);
      if (known === undefined || known.unit !== unit) {
        known?.chart.element.remove();
        const made = chart({ title, unit, height: isLoss ? HEIGHT.losses : HEIGHT.others, zoomed: zoomTo });
        known = { title, unit, chart: made };
        charts.set(key, known);
        (isLoss ? losses : others).append(made.element);
      }
      known.chart.show(lines, view);
    }
  };
  const zoomTo = (wanted: View["zoom"]): void => {
    zoom = wanted;
    update();
  };
  const set = (change: Partial<Choices>): void => {
    Object.assign(choices, change);
    if (change.axis !== undefined || change.logX !== undefined) zoom = undefined;
    update();
  };
  const element = h(
    "section",
    { id: "losses" },
    h("h2", {}, "Losses"),
    controls(choices, set, reset),
    note,
    losses,
    h("h2", {}, "Training"),
    others,
  );
  return {
    element,
    show(others) {
      runs = others;
      element.hidden = runs.every(({ tables }) => tables.train.steps.length + tables.validation.steps.length === 0);
      update();
    },
    redraw() {
      for (const { chart } of charts.values()) chart.redraw();
    },
  };
}

function controls(choices: Choices, set: (change: Partial<Choices>) => void, reset: HTMLElement): HTMLElement {
  const check = (label: string, name: "logX" | "logY" | "training" | "validation"): HTMLElement =>
    h(
      "label",
      {},
      h("input", {
        type: "checkbox",
        name,
        checked: choices[name],
        change: ({ target }) => set({ [name]: (target as HTMLInputElement).checked }),
      }),
      label,
    );
  const amount = h("output", {}, percent(choices.smoothing));
  return h(
    "div",
    { class: "controls" },
    h(
      "label",
      {},
      "Over",
      h(
        "select",
        { name: "axis", change: ({ target }) => set({ axis: (target as HTMLSelectElement).value as AxisName }) },
        Object.entries(AXES).map(([value, label]) => h("option", { value }, label)),
      ),
    ),
    check("log x", "logX"),
    check("log y", "logY"),
    h(
      "label",
      { title: "The share of the steps that a smoothed loss averages" },
      "Smoothing",
      h("input", {
        type: "range",
        name: "smoothing",
        min: 0,
        max: 100,
        value: Math.round(Math.sqrt(choices.smoothing / MOST_SMOOTHING) * 100),
        input: ({ target }) => {
          // Squared, so that small shares can be set precisely.
          const smoothing = MOST_SMOOTHING * (Number((target as HTMLInputElement).value) / 100) ** 2;
          amount.textContent = percent(smoothing);
          set({ smoothing });
        },
      }),
      amount,
    ),
    check("training", "training"),
    check("validation", "validation"),
    h(
      "span",
      { class: "help", title: "Also: arrow keys, + and − on a chart" },
      "Drag to zoom, Shift and drag to pan, Shift and wheel to zoom, double-click to show all.",
    ),
    reset,
  );
}

const MOST_SMOOTHING = 0.3;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const isRange = (column: string): boolean => Object.values(RANGE).some((suffix) => column.endsWith(suffix));

interface WantedChart {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly isLoss: boolean;
  readonly lines: readonly Line[];
}

/** The colours of training and validation, if a single run is shown. */
const ALONE = { train: 0, validation: 1 } as const;

/** @param cached returns the curve of a key, which it makes if the version is another */
function chartsOf(
  runs: readonly KnownRun[],
  { axis, training, validation }: Choices,
  cached: (key: string, version: string, make: () => Curve) => Curve,
): WantedChart[] {
  const alone = runs.length === 1;
  const linesOf = (
    table: "train" | "validation" | "timing",
    column: string,
    label: (run: KnownRun) => string,
    dashed: boolean,
  ): Line[] =>
    runs.flatMap((run): Line[] => {
      const values = run.tables[table].columns.get(column);
      if (values === undefined) return [];
      const version = `${run.generation} ${run.version} ${axis}`;
      const curve = cached(`${run.view.id} ${table} ${column}`, version, () => {
        const places = placesOn(axis, run, run.tables[table].steps);
        if (places === undefined) return curveOf([], []);
        const { columns } = run.tables[table];
        const [low, high] = [columns.get(column + RANGE.low), columns.get(column + RANGE.high)];
        return curveOf(places, values, low && high && { low, high });
      });
      if (curve.y.length === 0) return [];
      const colour = alone ? ALONE[table === "validation" ? "validation" : "train"] : run.colour;
      return [
        { curve, label: label(run), colour, kind: table === "validation" ? "checks" : "raw", dashed: dashed && !alone },
      ];
    });
  const named =
    (words: string) =>
    ({ view }: KnownRun) =>
      alone ? words : `${view.name}, ${words}`;
  const columns = new Set(
    runs
      .flatMap(({ tables }) => [...tables.train.columns.keys(), ...tables.validation.columns.keys()])
      .filter((name) => (name.startsWith("loss/") || name === "loss") && !isRange(name)),
  );
  const modalities = [...new Set([...columns].flatMap((name) => name.split("/")[1] ?? []))];
  const lossLines = (column: string): Line[] => [
    ...(training ? linesOf("train", column, named("training"), false) : []),
    ...(validation ? linesOf("validation", column, named("validation"), true) : []),
    ...(validation && column !== "loss"
      ? [...columns]
          .filter((name) => name.startsWith(`${column}/`))
          .flatMap((name) => linesOf("validation", name, named(`validation ${name.slice(column.length + 1)}`), true))
      : []),
  ];
  const losses = [
    ...modalities.map((name) => [name, `loss/${name}`] as const),
    ...(modalities.length > 1 ? [[WEIGHTED, "loss"] as const] : []),
  ].map(
    ([title, column]): WantedChart => ({
      key: column,
      title,
      unit: runs.map(({ view }) => view.units[title]).find((unit) => unit !== undefined) ?? "",
      isLoss: true,
      lines: lossLines(column),
    }),
  );
  const others = OTHERS.map(
    ({ table, column, title, unit }): WantedChart => ({
      key: column,
      title,
      unit,
      isLoss: false,
      lines: linesOf(table, column, ({ view }) => (alone ? title.toLowerCase() : view.name), false),
    }),
  );
  return [...losses, ...others].filter(({ lines }) => lines.length > 0);
}
