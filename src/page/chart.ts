// A chart of curves: draws them with uPlot, zooms, pans, shows the values under the pointer and is saved as SVG.
import uPlot from "uplot";
import { fill, h } from "./dom.js";
import { figureSvg } from "./figure.js";
import { gestures } from "./gestures.js";
import { swatch } from "./marks.js";
import { type Line, NOISY, type PlotData, plotData, type View } from "./plot-data.js";
import { optionsOf } from "./plot-options.js";
import { inLight, saveFile } from "./svg.js";
import { tooltip } from "./tooltip.js";

export interface Chart {
  readonly element: HTMLElement;
  readonly show: (lines: readonly Line[], view: View) => void;
  /** Draws again, in other colours or at another size. */
  readonly redraw: () => void;
}

export interface ChartSetting {
  readonly title: string;
  readonly unit: string;
  readonly height: number;
  readonly zoomed: (zoom: readonly [number, number] | undefined) => void;
}

/** Milliseconds without a zoom after which raw points are drawn again. */
const REST_MS = 150;
/** Milliseconds after which a chart that is not in view is drawn, for a print or a picture of the whole page. */
const UNSEEN_MS = 1000;
/** Most lines that a legend names. */
const LEGEND = 3;
/** Pixels beside the columns. */
const BESIDE = 70;
/** Columns of a chart that is saved. */
const SAVED_COLUMNS = 600;

export function chart({ title, unit, height, zoomed }: ChartSetting): Chart {
  const plotted = h("div", { class: "plot", style: `min-height: ${height}px` });
  const tip = tooltip(plotted, height);
  const heading = h("h3", {}, title, " ", h("span", { class: "unit" }, unit));
  const legend = h("span", { class: "legend" });
  const save = h("button", { type: "button", class: "save", title: "Save this chart as SVG" }, "SVG");
  const caption = h("figcaption", {}, heading, legend, save);
  const element = h("figure", { class: "chart", "data-chart": title }, caption, plotted, tip.element);
  let shown: { readonly lines: readonly Line[]; readonly view: View } | undefined;
  let drawn: { readonly plot: uPlot; readonly data: PlotData; readonly key: string } | undefined;
  let isMoving = false;

  const draw = (): void => {
    const width = Math.floor(plotted.clientWidth);
    if (shown === undefined || width <= 0) return;
    const { lines, view } = shown;
    const key = keyOf(lines, view, width);
    const data = plotData(lines, view, width - BESIDE, isMoving);
    let { plot } = drawn ?? {};
    if (plot === undefined || drawn?.key !== key) {
      plot?.destroy();
      plot = new uPlot(
        optionsOf(lines, view, { width, height, zoomed, pointed: () => showValues() }),
        undefined,
        plotted,
      );
    }
    drawn = { plot, data, key };
    setData(plot, data);
  };
  const showValues = (): void => {
    if (shown !== undefined && drawn !== undefined) tip.show(drawn.plot, shown.lines, shown.view);
  };
  const when = drawnWhenSeen(element, draw, () => isMoving);
  new ResizeObserver(when.soon).observe(plotted);
  gestures(
    plotted,
    () => drawn?.plot,
    () => drawn?.data.bounds ?? [0, 1],
    () => shown?.view.logX ?? false,
    zoomed,
  );
  save.addEventListener("click", () => {
    if (shown === undefined) return;
    const { lines, view } = shown;
    const data = plotData(lines, view, SAVED_COLUMNS, false);
    saveFile(
      `${title}.svg`,
      "image/svg+xml",
      inLight(document, () => figureSvg({ title, unit, lines, view, data })),
    );
  });
  let resting: ReturnType<typeof setTimeout> | undefined;
  return {
    element,
    show(lines, view) {
      isMoving = shown !== undefined && view.zoom !== shown.view.zoom;
      clearTimeout(resting);
      if (isMoving)
        resting = setTimeout(() => {
          isMoving = false;
          when.soon();
        }, REST_MS);
      shown = { lines, view };
      // The table of runs is the legend of several.
      const named = lines.length > 1 && lines.length <= LEGEND ? lines : [];
      fill(legend, ...named.map(({ label, colour }) => h("span", {}, swatch(colour), label)));
      when.soon();
    },
    redraw() {
      if (drawn !== undefined) drawn = { ...drawn, key: "" };
      when.soon();
    },
  };
}

/** A plot is made again when this changes. */
const keyOf = (lines: readonly Line[], { logX, logY, axis }: View, width: number): string =>
  [
    width,
    logX,
    logY,
    axis,
    lines.length <= NOISY,
    ...lines.map(({ colour, kind, dashed }) => `${colour}${kind}${dashed}`),
  ].join();

function setData(plot: uPlot, { xs, behind, smooth, bounds, range }: PlotData): void {
  plot.setData([xs, ...behind, ...smooth] as uPlot.AlignedData, false);
  plot.batch(() => {
    plot.setScale("x", { min: bounds[0], max: bounds[1] });
    plot.setScale("y", { min: range[0], max: range[1] });
  });
}

/** Draws a chart in the next frame if it is in view, else when there is time. Paper shows what the screen does not. */
function drawnWhenSeen(element: HTMLElement, draw: () => void, isBusy: () => boolean): { readonly soon: () => void } {
  let seen = false;
  let due = false;
  let later: ReturnType<typeof setTimeout> | undefined;
  const now = (): void => {
    due = false;
    clearTimeout(later);
    later = undefined;
    draw();
  };
  const unseen = (): void => {
    later = undefined;
    if (isBusy()) soon();
    else if (element.isConnected) now();
  };
  const soon = (): void => {
    if (!seen) later ??= setTimeout(unseen, UNSEEN_MS);
    else if (!due) {
      due = true;
      requestAnimationFrame(now);
    }
  };
  new IntersectionObserver(
    (entries) => {
      seen = entries.some(({ isIntersecting }) => isIntersecting);
      if (seen) soon();
    },
    { rootMargin: "60px" },
  ).observe(element);
  window.addEventListener("beforeprint", () => {
    if (element.isConnected) now();
  });
  return { soon };
}
