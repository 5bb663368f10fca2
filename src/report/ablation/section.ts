// Pieces of an ablation's page: sections that are not there when they hold nothing, figures side by side, titled tables.
import type { Answer, ModalityAnswer } from "../../ablate/answer.js";
import { escapeHtml } from "../html.js";
import { htmlTable, type Table } from "./table.js";

export interface Section {
  readonly id: string;
  readonly title: string;
  /** Before the content, in plain text. */
  readonly intro?: string;
  /** HTML. */
  readonly content: string;
  /** After it, in plain text. */
  readonly notes?: readonly string[];
}

/** Empty where its content is. */
export function section({ id, title, intro, content, notes = [] }: Section): string {
  if (content === "") return "";
  return `<section id="${id}"><h2>${escapeHtml(title)}</h2>
${intro === undefined ? "" : paragraphs([intro])}${content}${paragraphs(notes)}</section>`;
}

export const paragraphs = (texts: readonly string[]): string =>
  texts.map((text) => `<p>${escapeHtml(text)}</p>\n`).join("");

export function charts(figures: readonly string[]): string {
  const drawn = figures.filter((figure) => figure !== "");
  return drawn.length === 0 ? "" : `<div class="charts">${drawn.join("")}</div>\n`;
}

/** A table for each modality that has one. */
export function tables({ modalities }: Answer, make: (modality: ModalityAnswer) => Table | undefined): string {
  const made = modalities.flatMap((answer) => {
    const table = make(answer);
    return table === undefined ? [] : [`<div>${heading(answer)}\n${htmlTable(table)}</div>`];
  });
  return made.length === 0 ? "" : `<div class="tables">${made.join("\n")}</div>\n`;
}

export const heading = ({ modality, unit }: { readonly modality: string; readonly unit: string }): string =>
  `<h3>${escapeHtml(modality)} <span class="unit">${escapeHtml(unit)}</span></h3>`;
