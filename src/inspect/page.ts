// The frame and style sheet of every page: one self-contained file without scripts, for phones, wide screens and paper, light
// and dark. Also the page of an inspection: the drawing of the model and its tables.
import { escapeHtml } from "../diagnostics/visible.js";
import { drawing } from "./drawing/drawing.js";
import type { DrawnModel } from "./drawing/model.js";
import { PAGE_STYLE } from "./drawing/style.js";
import type { Inspection } from "./inspection.js";
import { exact, recomputes, size, tokenRows } from "./inspection-text.js";

/** @param more what else the page may show: `media-src data:` for sounds */
export function htmlPage(title: string, style: string, main: string, more = ""): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'${more === "" ? "" : `; ${more}`}">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${main}
</main>
</body>
</html>
`;
}

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f5f1; --surface: #fdfdfb; --ink: #14130f; --quiet: #5b5953; --line: #dfddd5; --strong-line: #b9b6ab;
  --color-1: #2a78d6; --color-2: #d9591f; --color-3: #1b8f68;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111110; --surface: #1a1a19; --ink: #f3f2ee; --quiet: #b0aea5; --line: #31302d; --strong-line: #55534d;
    --color-1: #5b9ff0; --color-2: #f08a55; --color-3: #3fbf94;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 16px; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 40px 0 12px; }
h3 { font-size: 1rem; margin: 0; }
p { margin: 8px 0; color: var(--quiet); max-width: 70ch; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 12px 24px; margin: 0; }
.facts dt { color: var(--quiet); font-size: 0.82rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 16px; }
.charts.small { grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); }
.chart { margin: 0; padding: 14px 16px 8px; background: var(--surface); border: 1px solid var(--line); border-radius: 8px;
  container-type: inline-size; }
.chart figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px; margin-bottom: 6px; }
.unit { color: var(--quiet); font-weight: normal; font-size: 0.85rem; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 0.82rem; color: var(--quiet); align-items: center; }
.key { display: inline-flex; align-items: center; gap: 6px; }
.key svg { width: 22px; height: 10px; }
.key .faint { opacity: 0.6; }
.chart > svg { display: block; overflow: visible; width: 100%; height: auto; max-height: 420px; }
.chart text { fill: var(--quiet); font-size: 12px; font-variant-numeric: tabular-nums; }
@container (max-width: 430px) { .chart text { font-size: 16px; } }
.chart .up { text-anchor: end; dominant-baseline: middle; }
.chart .across { text-anchor: middle; }
.chart .cut { dominant-baseline: middle; }
.grid { stroke: var(--line); fill: none; }
.axis { stroke: var(--strong-line); fill: none; }
.faint, .line, .marked { fill: none; stroke-linejoin: round; stroke-linecap: round; stroke-width: 2; }
.faint { stroke-width: 1; opacity: 0.35; }
.dot { stroke: var(--surface); stroke-width: 1.5; }
${[1, 2, 3].map((n) => `.color-${n} { stroke: var(--color-${n}); }\n.dot.color-${n} { fill: var(--color-${n}); stroke: var(--surface); }`).join("\n")}
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 20px 6px 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; font-size: 0.85rem; color: var(--quiet); }
@media (max-width: 520px) { table { font-size: 0.88rem; } th, td { padding-right: 12px; white-space: normal; } }
th:first-child, td:first-child { text-align: left; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(184px, 1fr)); gap: 14px; }
.pictures figure { margin: 0; padding: 10px; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; }
.pictures figcaption { font-size: 0.85rem; margin-bottom: 6px; overflow-wrap: anywhere; }
.pair { display: flex; flex-wrap: wrap; gap: 8px; }
.pair span { font-size: 0.72rem; color: var(--quiet); line-height: 1.3; }
.pair img { display: block; width: 76px; height: 76px; object-fit: contain; image-rendering: pixelated; border-radius: 3px;
  border: 1px solid var(--line); }
.texts table { width: 100%; table-layout: fixed; }
.texts th, .texts td { text-align: left; vertical-align: top; white-space: pre-wrap; overflow-wrap: anywhere; }
.texts img { display: block; width: 48px; height: 48px; object-fit: contain; image-rendering: pixelated; border-radius: 3px; }
pre { margin: 0; padding: 14px 16px; background: var(--surface); border: 1px solid var(--line); border-radius: 8px;
  overflow-x: auto; font: 13px/1.5 ui-monospace, monospace; }
@media print { body { background: none; } .chart, .pictures figure, tr { break-inside: avoid; } }
`;

type Row = readonly string[];

/** A table whose first column is aligned left and the others right. */
function table(title: string, heads: Row, rows: readonly Row[], note = ""): string {
  const cells = (tag: string, row: Row): string => row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("");
  return `<section>
<h2>${escapeHtml(title)}</h2>
${note === "" ? "" : `<p>${escapeHtml(note)}</p>\n`}<div class="scroll"><table>
<thead><tr>${cells("th", ["", ...heads])}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("\n")}
</tbody>
</table></div>
</section>
`;
}

/** @param title the name of the model */
export function inspectionPage(inspection: Inspection, model: DrawnModel, title: string): string {
  const { parameters, stack, memory, kernels } = inspection;
  const share = (n: number): string => `${((100 * n) / parameters.total).toFixed(1)} %`;
  const counted = ["total", "active", "share"];
  const main = [
    `<div class="drawn">${drawing(model, title, "wide")}${drawing(model, title, "narrow")}</div>`,
    table("Parameters by part", counted, [
      ...parameters.parts.map(({ part, total, active }) => [part, exact(total), exact(active), share(total)]),
      ["total", exact(parameters.total), exact(parameters.active), ""],
    ]),
    table(
      "Layers by kind",
      counted,
      parameters.layers
        .filter(({ layers }) => layers > 0)
        .map(({ block, kind, layers, total, active }) => [
          `${layers} × ${block} (${kind})`,
          exact(total),
          exact(active),
          share(total),
        ]),
    ),
    table(
      "Cost per token",
      ["parameters", "FLOPs forward", "FLOPs forward and backward", ...(recomputes(inspection) ? ["recomputed"] : [])],
      tokenRows(inspection),
      "A product of m × k by k × n counts 2·m·n·k; a position uses only its own group's weights; a patch includes its share of its picture's timestep.",
    ),
    table(
      "Stack",
      ["block", "copies of parts"],
      stack.map(({ first, last, block, copies }) => [
        first === last ? `layer ${first}` : `layers ${first} to ${last}`,
        block,
        Object.entries(copies)
          .map(([part, groups]) => `${part} × ${groups}`)
          .join(", ") || "all shared",
      ]),
    ),
    table(
      `Memory on ${inspection.profile}`,
      ["", "bytes", "buffers"],
      [
        ...memory.roles.map(({ role, bytes, buffers }) => [role, size(bytes), exact(bytes), exact(buffers)]),
        ["total", size(memory.total), exact(memory.total), ""],
      ],
      `Batch ${inspection.batch}, length ${exact(inspection.length)}.${"pieces" in memory ? ` It does not fit: a binding is limited to ${size(memory.limit)}, and a buffer is larger.` : ""}`,
    ),
    ...(kernels === undefined
      ? []
      : [
          table(
            "Dispatches",
            ["dispatches"],
            [
              ...kernels.phases.map(({ phase, dispatches }) => [phase, exact(dispatches)]),
              ["one step", exact(kernels.step)],
            ],
            `${exact(kernels.count)} kernels for ${inspection.profile}.`,
          ),
        ]),
  ];
  return htmlPage(title, `${STYLE}${PAGE_STYLE}`, main.join("\n"));
}
