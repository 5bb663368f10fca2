// The sequences of a batch as bars: which documents they hold, their modalities, and padding.
import type { PackedRow } from "../../data/first-batch.js";
import { escapeHtml } from "../../diagnostics/visible.js";
import { grouped } from "../../modalities/row.fields.js";
import { colourOf } from "./style.js";

export interface Packed {
  /** How documents get into sequences, in a sentence. */
  readonly how: string;
  readonly length: number;
  /** The sequences that are shown, of all in the batch. */
  readonly rows: readonly PackedRow[];
  readonly sequences: number;
  /** Positions of padding in all of them. */
  readonly padding: number;
  readonly modalities: readonly string[];
}

/** Documents that are named under a bar. */
const NAMED = 12;
const HEIGHT = 20;
/** The opacity of parts without a loss. */
const PALE = 0.35;

export function packedHtml({ how, length, rows, sequences, padding, modalities }: Packed): string {
  const all = sequences * length;
  const percent = (part: number, of: number) => `${((100 * part) / of).toFixed(1)} %`;
  const legend = [
    ...modalities.map((name, index) => [`background:var(--m${colourOf(index)})`, name] as const),
    ["background:var(--marker)", "markers"] as const,
    ["background:var(--surface);outline:1px solid var(--strong-line)", "padding"] as const,
    [`background:var(--m1);opacity:${PALE}`, "pale: no loss"] as const,
  ].map(([style, name]) => `<span><span class="swatch" style="${style}"></span>${escapeHtml(name)}</span>`);
  const bars = rows.map(({ runs, documents, padding: own }, index) => {
    const rects = runs
      .filter(({ of }) => of !== "padding")
      .map(({ begin, end, of, counted }) => {
        const fill = of === "marker" ? "marker" : `m${colourOf(of as number)}`;
        return `<rect x="${begin}" width="${end - begin}" height="${HEIGHT}" style="fill:var(--${fill})"${counted ? "" : ` opacity="${PALE}"`}/>`;
      });
    const areas = documents.map(
      ({ number, label, begin, end }) =>
        `<rect class="document-area" x="${begin}" width="${end - begin}" height="${HEIGHT}"><title>${escapeHtml(`${number}: ${label}, positions ${begin} to ${end - 1}`)}</title></rect>`,
    );
    const share = (part: number) => `${((100 * part) / length).toFixed(3)}%`;
    const starts = documents.map(
      ({ number, begin, end }) =>
        `<span style="left:${share(begin)};width:${share(end - begin)}"><i></i><b>${number}</b></span>`,
    );
    const names = documents.slice(0, NAMED).map(({ number, label }) => escapeHtml(`${number}: ${label}`));
    const more = documents.length > NAMED ? ` · and ${documents.length - NAMED} more` : "";
    return `<div class="bar"><div class="bar-head">sequence ${index} <span class="unit">${documents.length} ${documents.length === 1 ? "document" : "documents"}, ${percent(own, length)} padding</span></div>
<svg viewBox="0 0 ${length} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="sequence ${index}">${rects.join("")}${areas.join("")}</svg>
<div class="bar-starts" aria-hidden="true">${starts.join("")}</div>
<div class="bar-names">${names.join(" · ")}${more}</div></div>`;
  });
  const rest = sequences > rows.length ? `<p>${sequences - rows.length} more sequences are not shown.</p>` : "";
  return `<section id="packing"><h2>Packing</h2>
<p>The first batch of training: ${sequences} sequences of ${grouped(length)} positions, of which ${percent(padding, all)} are padding. ${escapeHtml(how)} A line with a number shows where a document begins.</p>
<div class="legend">${legend.join("")}</div>
${bars.join("\n")}${rest}</section>`;
}
