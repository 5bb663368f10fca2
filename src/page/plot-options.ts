// How uPlot draws a chart: its axes, scales and series.
import type uPlot from "uplot";
import { colourOf, short } from "./marks.js";
import { type Line, NOISY, type View } from "./plot-data.js";

/** Lines with more points in view have no marks. */
const MARKED = 80;

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly zoomed: (zoom: readonly [number, number]) => void;
  /** The pointer moves over the chart. */
  readonly pointed: () => void;
}

export function optionsOf(
  lines: readonly Line[],
  view: View,
  { width, height, zoomed, pointed }: Frame,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const [quiet, line] = [style.getPropertyValue("--quiet"), style.getPropertyValue("--line")];
  const axis: uPlot.Axis = {
    stroke: quiet,
    font: "12px system-ui, sans-serif",
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
  };
  const labels = (_: uPlot, values: number[]): string[] => values.map((value) => (value === null ? "" : short(value)));
  return {
    width,
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: "runs" },
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      bind: { dblclick: () => null },
    },
    scales: {
      x: { time: false, auto: false, distr: view.logX ? 3 : 1 },
      y: { auto: false, distr: view.logY ? 3 : 1 },
    },
    axes: [
      { ...axis, grid: { show: false }, values: labels, size: 34 },
      { ...axis, values: labels, size: 58 },
    ],
    series: [
      {},
      // All raw points are behind all lines.
      ...(lines.length <= NOISY ? lines : []).map(
        ({ colour, kind }): uPlot.Series => ({
          stroke: colourOf(colour),
          width: 1,
          alpha: 0.28,
          spanGaps: true,
          points: { show: false },
          show: kind === "raw",
        }),
      ),
      ...lines.map(({ colour, kind, dashed }): uPlot.Series => {
        const stroke = colourOf(colour);
        return {
          stroke,
          width: 2,
          spanGaps: true,
          ...(dashed && { dash: [6, 4] }),
          points: {
            show: kind === "checks" && lines.length <= NOISY ? fewPoints : false,
            size: 6,
            fill: stroke,
            stroke,
          },
        };
      }),
    ],
    hooks: {
      setCursor: [pointed],
      setSelect: [
        (plot) => {
          const { left, width: wide } = plot.select;
          if (wide < 4) return;
          const ends = [plot.posToVal(left, "x"), plot.posToVal(left + wide, "x")] as const;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          zoomed(ends);
        },
      ],
    },
  };
}

const fewPoints = (plot: uPlot, series: number): boolean =>
  (plot.data[series] as (number | null)[]).filter((value) => value !== null).length <= MARKED;
