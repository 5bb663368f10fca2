// The map of a design as inline SVG: in each cell an arm's final loss and gain, as text and as a colour around the baseline,
// and along its sides what rows and columns have in common.
import type { MeasureAnswer } from "../../ablate/answer.js";
import type { AblationResults } from "../../ablate/results.js";
import { escapeHtml } from "../../diagnostics/visible.js";
import { cut, round } from "../../inspect/drawing/shapes.js";
import type { MapLayout, Strip } from "./map-layout.js";
import { decimalsOf, fixed, isSure, loss, percent, signed } from "./numbers.js";
import { armAnswer, meanOf, ranked } from "./reading.js";

const WIDTH = 560;
const CELL = 74;
const GAP = 4;
const LEGEND = 36;
/** Above so many columns cells keep their size, and the page scrolls. */
const COLUMNS = 4;
/** The most that a colour covers of the page's own: text stays readable on it. */
const DEEPEST = 0.62;

/** How cells are coloured: by per cent below `centre`; without a baseline that is the highest loss. */
interface Scale {
  readonly centre: number;
  readonly most: number;
  readonly worse: boolean;
}

export interface MapData {
  readonly title: string;
  readonly unit: string;
  readonly layout: MapLayout;
  readonly results: AblationResults;
  readonly measure: MeasureAnswer;
}

/** Empty where no arm of the design has a loss. */
export function mapFigure(data: MapData): string {
  const { layout, results, measure } = data;
  const means = layout.arms
    .flatMap((row) => row.map((arm) => meanOf(measure, arm)))
    .filter((mean) => mean !== undefined);
  if (means.length === 0) return "";
  const centre = meanOf(measure, results.baseline) ?? Math.max(...means);
  const gains = means.map((mean) => below(mean, centre));
  const scale = { centre, most: Math.max(...gains.map(Math.abs)), worse: gains.some((gain) => gain < 0) };
  const sizes = mapSizes(layout, WIDTH, CELL);
  const { left, top, cell } = sizes;
  const cells = layout.arms.flatMap((arms, row) =>
    arms.map((arm, column) => cellOf(data, scale, arm, left + column * cell.wide, top + row * CELL, cell.wide)),
  );
  const bottom = top + CELL * layout.arms.length;
  const heading = escapeHtml(data.title);
  return `<figure class="chart map${(layout.arms[0]?.length ?? 0) > COLUMNS ? " dense" : ""}">
<figcaption><h3>${heading} <span class="unit">${escapeHtml(data.unit)}</span></h3></figcaption>
<svg viewBox="0 0 ${WIDTH} ${bottom + LEGEND}" role="img" aria-label="${heading}: final loss of each arm">
${mapStrips(layout, sizes)}
${cells.join("\n")}
${legend(scale, results.baseline !== undefined, (WIDTH + left) / 2, bottom + 14)}
</svg>
</figure>
`;
}

const below = (mean: number, centre: number): number => (centre === 0 ? 0 : (100 * (centre - mean)) / Math.abs(centre));

function cellOf(
  { results, measure }: MapData,
  { centre, most }: Scale,
  index: number | undefined,
  x: number,
  y: number,
  wide: number,
): string {
  const box = `x="${round(x)}" y="${round(y)}" width="${round(wide - GAP)}" height="${CELL - GAP}" rx="4"`;
  const text = (look: string, down: number, what: string): string =>
    what === "" ? "" : `<text class="${look}" x="${round(x + (wide - GAP) / 2)}" y="${round(y + down)}">${what}</text>`;
  const label = escapeHtml(results.arms[index ?? -1]?.label ?? "no arm");
  const mean = meanOf(measure, index);
  if (mean === undefined)
    return `<g><title>${label}: no loss</title><rect class="cell empty" ${box}/>${text("gain", 40, "no loss")}</g>`;
  const [best] = ranked(measure, results);
  const tags = [...(index === results.baseline ? ["baseline"] : []), ...(index === best ? ["lowest"] : [])];
  const gain = armAnswer(measure, index)?.gainPercent;
  const number = gain === undefined ? "" : `${signed(gain.estimate, Math.min(1, decimalsOf(gain)))} %`;
  const sure = gain !== undefined && isSure(gain);
  const told = `${label}: ${loss(mean)}${gain === undefined ? "" : `, gain ${percent(gain)}`}`;
  const look = `${below(mean, centre) >= 0 ? "better" : "worse"}${tags.length > 0 ? " tagged" : ""}`;
  return `<g><title>${told}</title><rect class="cell" ${box}/><rect class="cell ${look}" fill-opacity="${shade(below(mean, centre), most)}" ${box}/>
${text("tag", 16, tags.join(", "))}${text("loss", 41, loss(mean))}${text(sure ? "gain sure" : "gain", 61, number)}</g>`;
}

const shade = (gain: number, most: number): number =>
  most === 0 ? 0 : Math.round(((100 * Math.abs(gain)) / most) * DEEPEST) / 100;

const SWATCH = { wide: 22, tall: 12, each: 4 } as const;

function legend({ most, worse }: Scale, compared: boolean, middle: number, y: number): string {
  if (most === 0) return "";
  const { wide, tall, each } = SWATCH;
  const shares = Array.from({ length: 2 * each + 1 }, (_, i) => (i - each) / each).filter(
    (share) => share >= 0 || worse,
  );
  const from = middle - (shares.length * wide) / 2;
  const boxes = shares.map((share, i) => {
    const box = `x="${round(from + i * wide)}" y="${y}" width="${wide}" height="${tall}"`;
    return `<rect class="cell" ${box}/><rect class="cell ${share >= 0 ? "better" : "worse"}" fill-opacity="${shade(share, 1)}" ${box}/>`;
  });
  const start = worse ? `${fixed(most, 1)} % higher` : compared ? "baseline" : "highest";
  const end = round(from + shares.length * wide + 8);
  return `<g>${boxes.join("")}<text class="before" x="${round(from - 8)}" y="${y + 10}">${start}</text><text x="${end}" y="${y + 10}">${fixed(most, 1)} % lower</text></g>`;
}

/** Sizes in the figure's own units. */
interface MapSizes {
  readonly left: number;
  readonly top: number;
  readonly cell: { readonly wide: number; readonly tall: number };
}

const THICK = 25;
/** Of a character, about. */
const LETTER = 7.5;
const WIDEST = 170;

function mapSizes({ arms, rows, columns, of }: MapLayout, width: number, tall: number): MapSizes {
  const letters = Math.max(0, ...(rows[1] ?? []).map(({ label }) => label.length));
  const left = of === "values" ? THICK + Math.min(WIDEST, 20 + letters * LETTER) : THICK * rows.length;
  return { left, top: THICK * columns.length, cell: { wide: (width - left) / (arms[0]?.length ?? 1), tall } };
}

function mapStrips(layout: MapLayout, { left, top, cell }: MapSizes): string {
  const over = layout.columns.flatMap((layer, depth) =>
    layer.map((strip) =>
      bar(strip, {
        x: left + strip.from * cell.wide,
        y: depth * THICK,
        wide: (strip.to - strip.from) * cell.wide - GAP,
        tall: THICK - GAP,
      }),
    ),
  );
  const beside = layout.rows.flatMap((layer, depth) =>
    layer.map((strip) =>
      bar(strip, {
        x: depth * THICK,
        y: top + strip.from * cell.tall,
        // Values are written level, in all the room that is left.
        wide: (layout.of === "values" && depth === 1 ? left - THICK : THICK) - GAP,
        tall: (strip.to - strip.from) * cell.tall - GAP,
      }),
    ),
  );
  return [...over, ...beside].join("\n");
}

function bar({ label }: Strip, box: { x: number; y: number; wide: number; tall: number }): string {
  const [x, y] = [round(box.x + box.wide / 2), round(box.y + box.tall / 2)];
  const upright = box.wide < THICK;
  const text = escapeHtml(cut(label, (upright ? box.tall : box.wide) / LETTER));
  const turn = upright ? ` transform="rotate(-90 ${x} ${y})"` : "";
  return `<rect class="strip" x="${round(box.x)}" y="${round(box.y)}" width="${round(box.wide)}" height="${round(box.tall)}" rx="4"/><text class="strip-name" x="${x}" y="${y}"${turn}>${text}</text>`;
}
