// The style sheet of the page of a data set, besides that of every page.

const COLOURS = 6;
/** The colour of a modality, from 1. */
export const colourOf = (modality: number): number => 1 + (modality % COLOURS);

export const LOOK_STYLE = `
:root { --m1: #2a78d6; --m2: #d9591f; --m3: #1b8f68; --m4: #9a4fc4; --m5: #b8860b; --m6: #c2366f; --marker: #8d8a80; --box: #e9e7df; }
@media (prefers-color-scheme: dark) {
  :root { --m1: #5b9ff0; --m2: #f08a55; --m3: #3fbf94; --m4: #bd86e0; --m5: #d9ac3f; --m6: #ec74a4; --marker: #817e76; --box: #2b2a27; }
}
.facts { grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); }
.swatch { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 2px; margin-right: 0.45em; }
.path { overflow-wrap: anywhere; }
#modalities td:nth-child(2), #modalities th:nth-child(2), #sources td:nth-child(2), #sources th:nth-child(2),
#modalities td:nth-child(7), #modalities th:nth-child(7), .left th, .left td { text-align: left; }
.left td { white-space: normal; vertical-align: top; }
#modalities td:nth-child(2), #sources td:first-child { white-space: normal; min-width: 14ch; }
.document { margin: 0 0 18px; padding: 14px 16px; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; }
.document h3 { overflow-wrap: anywhere; }
.about { display: flex; flex-wrap: wrap; gap: 2px 20px; margin: 4px 0 12px; font-size: 0.85rem; }
.about div { display: flex; gap: 6px; min-width: 0; }
.about dt { color: var(--quiet); }
.about dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.segment { margin: 0 0 10px; padding: 2px 0 4px 12px; border-left: 4px solid var(--own); }
.uncounted { border-left-color: transparent; border-image: repeating-linear-gradient(0deg, var(--own) 0 4px, transparent 4px 8px) 4; }
.name { font-size: 0.85rem; font-weight: 600; margin-bottom: 4px; }
.outside { font-weight: normal; color: var(--quiet); border: 1px dashed var(--strong-line); border-radius: 4px; padding: 0 6px; }
.tokens { position: relative; font: 13px/1.9 ui-monospace, monospace; overflow-wrap: anywhere; }
.token { display: inline-block; max-width: 100%; min-width: 1ch; min-height: 1.5em; line-height: 1.5; padding: 0 1px; margin: 0 2px 2px 0; border-radius: 3px;
  background: var(--box); white-space: pre-wrap; vertical-align: top; }
.token:hover { outline: 2px solid var(--own, var(--strong-line)); }
.token:focus { outline: 2px solid var(--ink); }
.token:focus::after { content: attr(title); position: absolute; left: 0; width: max-content; max-width: 100%; margin-top: 1.8em; padding: 2px 8px;
  z-index: 1; border-radius: 4px; background: var(--ink); color: var(--page); font: 12px/1.5 system-ui, sans-serif; white-space: normal; }
.token.marker { background: none; border: 1px solid var(--strong-line); color: var(--quiet); font-size: 12px; padding: 0 4px; }
.uncounted .token.text, .uncounted .token.ids { background: none; border-bottom: 2px dotted var(--strong-line); border-radius: 0; }
.uncounted .token.marker { border-style: dotted; }
.more { color: var(--quiet); }
.seen-and-original { display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-start; margin: 4px 0; }
.seen-and-original figure, .sound { margin: 0; max-width: 100%; }
.seen-and-original figcaption, .sound figcaption { font-size: 0.82rem; color: var(--quiet); max-width: 34ch; }
.sound figcaption { max-width: 60ch; }
.seen { display: block; position: relative; max-width: 100%; border: 1px solid var(--strong-line); background: #fff; }
.seen img { display: block; width: 100%; height: 100%; image-rendering: pixelated; }
.grid-lines { position: absolute; inset: 0; pointer-events: none; opacity: 0.6;
  background-image: linear-gradient(to right, #000 1px, #fff 1px 2px, transparent 2px), linear-gradient(to bottom, #000 1px, #fff 1px 2px, transparent 2px);
  background-size: calc(100% / var(--columns)) calc(100% / var(--rows)); }
.outline { position: absolute; outline: 2px dashed #d9591f; outline-offset: -2px; pointer-events: none; }
.original { display: block; position: relative; max-width: 100%; border: 1px solid var(--line); background: #fff; }
.original img { display: block; width: 100%; image-rendering: pixelated; }
.sound { margin: 4px 0 8px; }
.sound audio { display: block; width: 320px; max-width: 100%; height: 40px; }
.bar { margin: 12px 0; }
.bar-head { font-size: 0.85rem; }
.bar svg { display: block; width: 100%; height: 22px; border: 1px solid var(--strong-line); border-radius: 3px; background: var(--surface); }
.document-area { fill: transparent; stroke: var(--surface); stroke-width: 2; vector-effect: non-scaling-stroke; pointer-events: all; }
.bar-starts { position: relative; height: 18px; font-size: 12px; line-height: 18px; }
.bar-starts span { position: absolute; display: flex; flex-wrap: wrap; height: 18px; overflow: hidden; border-left: 2px solid var(--ink); }
.bar-starts i { width: 3px; height: 18px; }
.bar-starts b { font-weight: 600; }
.bar-names { font-size: 0.8rem; color: var(--quiet); overflow-wrap: anywhere; }
#packing .legend > span { display: inline-flex; align-items: center; }
@media (max-width: 720px) {
  table, tbody, tr, td { display: block; }
  thead { display: none; }
  tr { padding: 8px 0; border-bottom: 1px solid var(--line); }
  td, #modalities td, #sources td, .left td { display: flex; justify-content: space-between; gap: 16px; min-width: 0; padding: 1px 0; border: 0; text-align: right; }
  td::before { content: attr(data-head); flex: none; color: var(--quiet); font-weight: normal; }
  td:first-child { font-weight: 600; }
}
@media (max-width: 520px) { .document { padding: 12px 10px; } .segment { padding-left: 8px; } }
@media print { .document { break-inside: avoid; } }
`;
