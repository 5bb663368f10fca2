// A document on the page: its facts and its segments in order.
import { escapeHtml } from "../../diagnostics/visible.js";
import { grouped } from "../../modalities/row.fields.js";
import { dataUrl } from "../data-url.js";
import { colourOf } from "./style.js";

export interface PageDocument {
  readonly number: number;
  readonly label: string;
  /** Its place in its source, if that is known. */
  readonly place: string | undefined;
  readonly source: string;
  /** `training`, `held out` or the name of a validation set. */
  readonly set: string;
  readonly positions: number;
  /** How it was made from a longer document, if it was. */
  readonly piece: string | undefined;
  readonly eitherOrder: boolean;
  /** Other keys of the document. */
  readonly extra: Readonly<Record<string, unknown>> | undefined;
  readonly segments: readonly PageSegment[];
  /** The marker at the end, and why it has no loss. */
  readonly end: PageToken;
  readonly endOutside: string | undefined;
}

/** A token: the text of its box, and what is shown on pointing at it. */
export interface PageToken {
  readonly text: string;
  readonly about: string;
}

export interface PageSegment {
  readonly modality: number;
  readonly name: string;
  /** `27 tokens`. */
  readonly size: string;
  /** Why it has no loss; undefined if it has one. */
  readonly outside: string | undefined;
  /** The markers around it. */
  readonly markers: readonly [PageToken, PageToken] | undefined;
  /** Its tokens: those of a text, or ids. `more` are not shown. */
  readonly tokens?: { readonly shown: readonly PageToken[]; readonly more: number; readonly kind: "text" | "ids" };
  readonly picture?: PagePicture;
  readonly sounds?: readonly PageSound[];
}

/** A part of a picture: its distances from the sides, in shares of the size. */
export interface Insets {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface PagePicture {
  /** The picture as the model sees it, as a PNG file, and its size in pixels. */
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Rows and columns of patches. */
  readonly rows: number;
  readonly columns: number;
  /** Descriptions under it. */
  readonly about: readonly string[];
  /** The part that the original fills, if it is padded. */
  readonly filled?: Insets;
  /** The original, reduced, as a PNG file. */
  readonly original?: {
    readonly png: Uint8Array;
    readonly about: string;
    readonly width: number;
    /** The part that is used, if it is cropped. */
    readonly used?: Insets;
  };
}

export interface PageSound {
  readonly about: string;
  readonly wav: Uint8Array;
}

export function documentHtml(document: PageDocument): string {
  const { number, label, place, source, set, positions, piece, eitherOrder, extra, segments, end, endOutside } =
    document;
  const facts: (readonly [string, string])[] = [
    ...(place === undefined ? [] : [["from", place] as const]),
    ["source", source],
    ["set", set],
    ["positions", grouped(positions)],
    ...(piece === undefined ? [] : [["too long", piece] as const]),
    ...(eitherOrder ? [["order", "either: as shown, or reversed"] as const] : []),
    ...Object.entries(extra ?? {}).map(([name, value]) => [JSON.stringify(name), textOf(value)] as const),
  ];
  const list = facts.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`);
  return `<article class="document" id="document-${number}"><h3>${number}: ${escapeHtml(label)}</h3>
<dl class="about">${list.join("")}</dl>
${segments.map(segmentHtml).join("\n")}
<div class="tokens${endOutside === undefined ? "" : " uncounted"}">${tokenHtml(end, "marker")}${outsideHtml(endOutside)}</div></article>`;
}

/** Characters of another key's value. */
const MOST_TEXT = 400;

function textOf(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
}

function segmentHtml({ modality, name, size, outside, markers, tokens, picture, sounds = [] }: PageSegment): string {
  const [begin = "", end = ""] = markers?.map((marker) => tokenHtml(marker, "marker")) ?? [];
  const more = tokens && tokens.more > 0 ? ` <span class="more">and ${grouped(tokens.more)} more</span>` : "";
  const boxes = tokens?.shown.map((token) => tokenHtml(token, tokens.kind)).join("") ?? "";
  const body =
    picture === undefined && sounds.length === 0
      ? `<div class="tokens">${begin}${boxes}${more}${end}</div>`
      : `<div class="tokens">${begin}</div>${picture === undefined ? "" : pictureHtml(picture)}${sounds.map(soundHtml).join("")}<div class="tokens">${boxes}${more}</div><div class="tokens">${end}</div>`;
  return `<div class="segment${outside === undefined ? "" : " uncounted"}" style="--own:var(--m${colourOf(modality)})">
<div class="name">${escapeHtml(name)} <span class="unit">${escapeHtml(size)}</span>${outsideHtml(outside)}</div>
${body}</div>`;
}

const outsideHtml = (outside: string | undefined) =>
  outside === undefined ? "" : ` <span class="outside">${escapeHtml(outside)}</span>`;

function tokenHtml({ text, about }: PageToken, kind: "text" | "ids" | "marker"): string {
  const shown = escapeHtml(text.replaceAll("\t", "⇥").replaceAll("\r", "␍").replaceAll("\n", "↵"));
  return `<span class="token ${kind}" tabindex="-1" title="${escapeHtml(about)}">${shown === "" ? "∅" : shown}</span>${text.endsWith("\n") ? "<br>" : ""}`;
}

/** The smallest side of a shown picture, in pixels of the page. */
const LEAST_SIDE = 224;

function outlineHtml(part: Insets | undefined): string {
  if (part === undefined) return "";
  const sides = (["left", "top", "right", "bottom"] as const).map(
    (side) => `${side}:${(100 * part[side]).toFixed(3)}%`,
  );
  return `<span class="outline" style="${sides.join(";")}"></span>`;
}

function pictureHtml({ png, width, height, rows, columns, about, filled, original }: PagePicture): string {
  const zoom = Math.max(1, Math.round(LEAST_SIDE / Math.max(width, height)));
  const seen = `<figure><span class="seen" style="width:${width * zoom}px;aspect-ratio:${width}/${height};--columns:${columns};--rows:${rows}"><img src="${dataUrl("image/png", png)}" alt="the picture as the model sees it"><span class="grid-lines"></span>${outlineHtml(filled)}</span>
<figcaption>${about.map((line) => escapeHtml(line)).join("<br>")}</figcaption></figure>`;
  const before =
    original === undefined
      ? ""
      : `<figure><span class="original" style="width:${original.width}px"><img src="${dataUrl("image/png", original.png)}" alt="the original">${outlineHtml(original.used)}</span><figcaption>${escapeHtml(original.about)}</figcaption></figure>`;
  return `<div class="seen-and-original">${seen}${before}</div>`;
}

const soundHtml = ({ about, wav }: PageSound): string =>
  `<figure class="sound"><audio controls preload="metadata" src="${dataUrl("audio/wav", wav)}"></audio><figcaption>${escapeHtml(about)}</figcaption></figure>`;
