// The style of a drawing: colours that people with any colour vision can distinguish, and a pattern for each that prints in grey.

/** The colours of modalities, in turn: a muted version of Okabe and Ito's palette. */
export const COLOURS = ["#2f74b5", "#d5763c", "#2b9a7a", "#a55f9c", "#d8bd4a", "#84c1e4"] as const;
export const AT_NIGHT = ["#6aa7e0", "#eb9a68", "#56bf9f", "#c27fba", "#f5e39a", "#b5dcf2"] as const;

const DAY = { page: "#ffffff", ink: "#1b1a17", quiet: "#5b5953", line: "#8d8a82", fill: "#f3f2ee", frame: "#c9c6bd" };
const NIGHT = { page: "#1a1a19", ink: "#f0efeb", quiet: "#b0aea5", line: "#8b887f", fill: "#272624", frame: "#4a4843" };
type Tone = keyof typeof DAY;

export const FONT = 'system-ui, -apple-system, "Segoe UI", Helvetica, Arial, "DejaVu Sans", sans-serif';

/** The patterns on 6 × 6 tiles: none, stripes, dots, opposite stripes, lines, a grid, columns. */
export const MARKS = [
  "",
  "M-1 7L7 -1M-1 1L1 -1M5 7L7 5",
  "M1 1h2v2h-2zM4 4h2v2h-2z",
  "M-1 -1L7 7M5 -1L7 1M-1 5L1 7",
  "M0 1.5H6M0 4.5H6",
  "M0 3H6M3 0V6",
  "M1.5 0V6M4.5 0V6",
] as const;

export const colourOf = (modality: number): number => modality % COLOURS.length;
export const patternOf = (modality: number): number => modality % MARKS.length;

function rules(tone: (name: Tone) => string, colour: (n: number) => string): string {
  return [
    `.drawing{font-family:${FONT}}`,
    `.drawing text{fill:${tone("ink")};font-variant-numeric:tabular-nums}`,
    `.drawing .d-title{font-size:15px;font-weight:600}.drawing .d-name{font-size:13px;font-weight:600}`,
    `.drawing .d-plain{font-size:12px}.drawing .d-quiet{font-size:11px;fill:${tone("quiet")}}`,
    `.d-page{fill:${tone("page")}}.d-shared{fill:${tone("fill")};stroke:${tone("line")}}`,
    `.d-empty{fill:none;stroke:${tone("line")};stroke-dasharray:3 3}`,
    `.d-mixing{fill:none;stroke:${tone("ink")};stroke-width:1.4}`,
    `.d-frame{fill:none;stroke:${tone("frame")};stroke-width:1.4}.d-again{stroke-dasharray:6 4}`,
    `.d-box,.d-row{fill:none;stroke:${tone("line")}}`,
    `.d-wire{fill:none;stroke:${tone("quiet")};stroke-width:1.3}.d-head{fill:${tone("quiet")}}`,
    `.d-node{fill:${tone("page")};stroke:${tone("quiet")};stroke-width:1.3}`,
    `.d-mark{fill:none;stroke:${tone("page")};stroke-width:1.3}.d-dots{fill:${tone("page")}}`,
    `.d-tint{fill-opacity:.13}`,
    ...COLOURS.map((_, n) => `.d-m${n}{fill:${colour(n)}}`),
  ].join("\n");
}

/** For a separate file: light, with colours that every SVG viewer supports. */
export const OWN_STYLE = rules(
  (name) => DAY[name],
  (n) => COLOURS[n] ?? "",
);

const variables = (tones: Readonly<Record<Tone, string>>, colours: readonly string[]): string =>
  [
    ...Object.entries(tones).map(([name, value]) => `--d-${name}:${value};`),
    ...colours.map((value, n) => `--d-m${n}:${value};`),
  ].join("");

/** For drawings in a page: light and dark, and light on paper. */
export const PAGE_STYLE = `:root{${variables(DAY, COLOURS)}}
@media screen and (prefers-color-scheme:dark){:root{${variables(NIGHT, AT_NIGHT)}}}
${rules(
  (name) => `var(--d-${name})`,
  (n) => `var(--d-m${n})`,
)}
.drawn{margin:0 0 8px}
.drawn .drawing{display:block;width:100%;height:auto;margin:0 auto}
.drawn .wide{max-width:900px}
.drawn .narrow{display:none;max-width:460px}
@media screen and (max-width:760px){.drawn .wide{display:none}.drawn .narrow{display:block}}
`;
