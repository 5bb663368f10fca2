// An inspection as one HTML page: the model drawn, and the tables that `mom inspect` prints.

import { escapeHtml } from "../diagnostics/visible.js";
import { drawing } from "./drawing/drawing.js";
import type { DrawnModel } from "./drawing/model.js";
import { PAGE_STYLE } from "./drawing/style.js";
import type { Inspection } from "./inspection.js";
import { exact, recomputes, size, tokenRows } from "./inspection-text.js";
import { htmlPage, STYLE } from "./page.js";

type Row = readonly string[];

/** First column to the left, the others to the right. */
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

/** @param title what the model is called */
export function inspectionPage(inspection: Inspection, model: DrawnModel, title: string): string {
  const { parameters, stack, memory, kernels } = inspection;
  const share = (n: number): string => `${((100 * n) / parameters.total).toFixed(1)} %`;
  const counted = ["total", "active", "share"];
  const main = [
    `<div class="drawn">${drawing(model, title, "wide")}${drawing(model, title, "narrow")}</div>`,
    table("Parameters by part", counted, [
      ...parameters.parts.map(({ part, total, active }) => [part, exact(total), exact(active), share(total)]),
      ["in all", exact(parameters.total), exact(parameters.active), ""],
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
      "A token",
      [
        "parameters",
        "FLOPs forward",
        "FLOPs forward and backward",
        ...(recomputes(inspection) ? ["recomputed besides"] : []),
      ],
      tokenRows(inspection),
      "A product of m × k by k × n counts 2·m·n·k; a position uses its own group's weights only; a patch bears its share of its picture's timestep.",
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
        ["in all", size(memory.total), exact(memory.total), ""],
      ],
      `Batch ${inspection.batch}, length ${exact(inspection.length)}.${"pieces" in memory ? ` One binding holds ${size(memory.limit)}, and more is needed in one piece: it does not fit.` : ""}`,
    ),
    ...(kernels === undefined
      ? []
      : [
          table(
            "Dispatches",
            ["dispatches"],
            [
              ...kernels.phases.map(({ phase, dispatches }) => [phase, exact(dispatches)]),
              ["a step", exact(kernels.step)],
            ],
            `${exact(kernels.count)} kernels for ${inspection.profile}.`,
          ),
        ]),
  ];
  return htmlPage(title, `${STYLE}${PAGE_STYLE}`, main.join("\n"));
}
