// The page of `mom data look --html`: a data set as the model sees it, as one self-contained file without scripts.
import { escapeHtml } from "../../diagnostics/visible.js";
import { htmlPage, STYLE } from "../../inspect/page.js";
import { grouped } from "../../modalities/row.fields.js";
import { documentHtml, type PageDocument } from "./document.js";
import { type Packed, packedHtml } from "./packed.js";
import { colourOf, LOOK_STYLE } from "./style.js";

export interface LookPage {
  readonly title: string;
  /** Names and values for the head. */
  readonly facts: readonly (readonly [string, string])[];
  readonly modalities: readonly PageModality[];
  readonly sources: readonly PageSource[];
  readonly documents: readonly PageDocument[];
  readonly packed: Packed;
  /** The licences of what was fetched or is installed with mom. */
  readonly licences: readonly string[];
  readonly skipped: readonly PageSkipped[];
}

export interface PageModality {
  readonly name: string;
  /** A description: `256 byte values and 5 markers`. */
  readonly about: string;
  readonly objective: string;
  readonly segments: number;
  readonly positions: number;
  readonly longest: number;
  /** Positions in segments that are not in the loss. */
  readonly uncounted: number;
}

export interface PageSource {
  readonly name: string;
  /** What its documents are for: `training, weight 3`. */
  readonly use: string;
  readonly documents: number;
  readonly heldOut: number;
  readonly skipped: number;
  /** By modality, without markers; then all, with markers. */
  readonly positions: readonly number[];
  readonly all: number;
}

export interface PageSkipped {
  readonly source: string;
  /** The files that cannot be read, and why. */
  readonly reasons: readonly string[];
}

/** Most bytes of a page. The documents that would exceed it are left out. */
export const MOST_BYTES = 32 * 2 ** 20;
/** Most skipped documents that are listed. */
const MOST_SKIPPED = 500;

const share = (part: number, all: number): string => (all === 0 ? "–" : `${((100 * part) / all).toFixed(1)} %`);

/** @param most the most bytes */
export function lookPage(page: LookPage, most: number = MOST_BYTES): string {
  const { title, facts, documents, packed, skipped } = page;
  const rest = `${packedHtml(packed)}\n${skippedHtml(skipped)}`;
  const head = `<dl class="facts">${facts.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join("")}</dl>
${modalitiesHtml(page)}
${sourcesHtml(page)}`;
  const pageOf = (articles: string) =>
    htmlPage(
      title,
      `${STYLE}${LOOK_STYLE}`,
      `${head}
<section id="documents"><h2>Documents</h2>
<p>Each box is a token; point at it or tap it for its id. Outlined boxes are markers. Lines on a picture separate its patches. Segments with a dotted edge have no loss: the model only reads them.</p>
${articles}</section>
${rest}`,
      "media-src data:",
    );
  const articles: string[] = [];
  let room = most - bytesIn(pageOf(omittedNote(documents.length, documents.length, most)));
  for (const document of documents) {
    const article = documentHtml(document);
    const bytes = bytesIn(article) + 1;
    if (bytes > room) continue;
    articles.push(article);
    room -= bytes;
  }
  const omitted = documents.length - articles.length;
  return pageOf(articles.join("\n") + (omitted === 0 ? "" : omittedNote(omitted, documents.length, most)));
}

const bytesIn = (text: string): number => new TextEncoder().encode(text).length;

const omittedNote = (omitted: number, all: number, most: number): string =>
  `<p class="note">${omitted} of ${all} documents are left out, because the page would be larger than ${grouped(most)} bytes.</p>`;

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[]) =>
    row.map((cell, column) => `<td data-head="${heads[column]}">${cell}</td>`).join("");
  return `<div class="scroll"><table><thead><tr>${heads.map((head) => `<th>${head}</th>`).join("")}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("\n")}</tbody></table></div>`;
}

const key = (index: number, name: string) =>
  `<span><span class="swatch" style="background:var(--m${colourOf(index)})"></span>${escapeHtml(name)}</span>`;

function modalitiesHtml({ modalities }: LookPage): string {
  const all = modalities.reduce((sum, { positions }) => sum + positions, 0);
  const rows = modalities.map(({ name, about, objective, segments, positions, longest, uncounted }, index) => [
    key(index, name),
    escapeHtml(about),
    grouped(segments),
    grouped(positions),
    share(positions, all),
    grouped(longest),
    objective === "" ? "none" : escapeHtml(objective),
    share(uncounted, positions),
  ]);
  const heads = ["Modality", "Kind", "Segments", "Positions", "Share", "Longest", "Objective", "Outside the loss"];
  return `<section id="modalities"><h2>Modalities</h2>
${table(heads, rows)}
<p>Positions are tokens, codes and patches, without markers.</p></section>`;
}

function sourcesHtml({ sources, modalities, licences }: LookPage): string {
  const heads = [
    "Source",
    "Use",
    "Documents",
    "Held out",
    "Skipped",
    ...modalities.map(({ name }) => escapeHtml(name)),
    "Positions",
  ];
  const rows = sources.map(({ name, use, documents, heldOut, skipped, positions, all }) => [
    `<span class="path">${escapeHtml(name)}</span>`,
    escapeHtml(use),
    ...[documents, heldOut, skipped, ...positions, all].map(grouped),
  ]);
  return `<section id="sources"><h2>Sources</h2>
${table(heads, rows)}
<p>“Positions” are all positions, with markers.</p>${licences.map((line) => `<p>${escapeHtml(line)}</p>`).join("")}</section>`;
}

function skippedHtml(skipped: readonly PageSkipped[]): string {
  if (skipped.length === 0) return `<section id="skipped"><h2>Skipped documents</h2><p>None.</p></section>`;
  const rows = skipped
    .slice(0, MOST_SKIPPED)
    .map(({ source, reasons }) => [
      `<span class="path">${escapeHtml(source)}</span>`,
      reasons.map((reason) => `<span class="path">${escapeHtml(reason)}</span>`).join("<br>"),
    ]);
  const more =
    skipped.length > MOST_SKIPPED ? `<p>${grouped(skipped.length - MOST_SKIPPED)} more are not listed.</p>` : "";
  return `<section id="skipped" class="left"><h2>Skipped documents</h2>
<p>${skipped.length === 1 ? "1 document is" : `${grouped(skipped.length)} documents are`} skipped because of files that cannot be read.</p>
${table(["Source", "Reason"], rows)}${more}</section>`;
}
