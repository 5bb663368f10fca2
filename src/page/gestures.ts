// How a chart is zoomed and panned.
import type uPlot from "uplot";

/** Double click shows all; the wheel zooms while Ctrl or Shift is held, and a drag pans while Shift is held. */
export function gestures(
  host: HTMLElement,
  plotNow: () => uPlot | undefined,
  boundsNow: () => readonly [number, number],
  isLog: () => boolean,
  zoomed: (zoom: readonly [number, number] | undefined) => void,
): void {
  const scaled = (value: number): number => (isLog() ? Math.log10(value) : value);
  const back = (value: number): number => (isLog() ? 10 ** value : value);
  /** @param fixed the share of the width that stays in its place @param factor of the width @param shift in shares of it */
  const move = (fixed: number, factor: number, shift: number): void => {
    const [from, to] = boundsNow().map(scaled) as [number, number];
    const wide = to - from;
    const start = from + wide * (fixed - fixed * factor + shift);
    zoomed([back(start), back(start + wide * factor)]);
  };
  host.addEventListener("dblclick", () => zoomed(undefined));
  host.addEventListener(
    "wheel",
    (event) => {
      const plot = plotNow();
      if (plot === undefined || !(event.ctrlKey || event.shiftKey)) return;
      event.preventDefault();
      const { left, width } = plot.over.getBoundingClientRect();
      const turned = event.deltaY || event.deltaX;
      move((event.clientX - left) / width, 1.0015 ** turned, 0);
    },
    { passive: false },
  );
  host.addEventListener(
    "mousedown",
    (event) => {
      const plot = plotNow();
      if (plot === undefined || !event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation();
      let before = event.clientX;
      const { width } = plot.over.getBoundingClientRect();
      const pan = (moved: MouseEvent): void => {
        move(0, 1, (before - moved.clientX) / width);
        before = moved.clientX;
      };
      window.addEventListener("mousemove", pan);
      window.addEventListener("mouseup", () => window.removeEventListener("mousemove", pan), { once: true });
    },
    { capture: true },
  );
  host.tabIndex = 0;
  host.addEventListener("keydown", (event) => {
    const moves: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => move(0, 1, -0.1),
      ArrowRight: () => move(0, 1, 0.1),
      "+": () => move(0.5, 0.8, 0),
      "-": () => move(0.5, 1.25, 0),
      Escape: () => zoomed(undefined),
    };
    const action = moves[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
