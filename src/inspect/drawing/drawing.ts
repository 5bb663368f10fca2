// A model, drawn: modalities on top, the stack of blocks with whose each weight is, heads and objectives, what it costs.
import { escapeHtml } from "../../diagnostics/visible.js";
import { short } from "../inspection-text.js";
import { block, centreOf, GAP } from "./block.js";
import { type Box, boxRows, type Drawn, type Sheet } from "./boxes.js";
import type { Folded } from "./fold.js";
import type { DrawnModel } from "./model.js";
import { endBoxes, namesRoom, type Region, row, weightBoxes } from "./rows.js";
import { colourOf, MARKS, OWN_STYLE, patternOf } from "./style.js";
import { fixed, label, wrapped } from "./text.js";
import { arrow, wire } from "./wires.js";

const WIDTH = { wide: 860, narrow: 380 } as const;
const MARGIN = { wide: 24, narrow: 10 } as const;

export type Size = keyof typeof WIDTH;

/** An SVG file that stands alone: its own colours, on white. */
export const drawingFile = (model: DrawnModel, title: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${drawing(model, title, "wide", OWN_STYLE)}`;

/**
 * An `svg` element.
 * @param style rules of its own; without, those of the page (`PAGE_STYLE`) colour it, and the page's heading is its own
 */
export function drawing(model: DrawnModel, title: string, size: Size, style = ""): string {
  const sheet: Sheet = { id: `model-${size}`, wide: size === "wide" };
  const width = WIDTH[size];
  const { svg, height } = column(model, style === "" ? "" : title, sheet, {
    x: MARGIN[size],
    width: width - 2 * MARGIN[size],
  });
  const named = escapeHtml(title);
  const about = `${model.modalities.length} modalities, ${model.total} parameters, of which ${model.active} are active for a token.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" class="drawing ${size}" viewBox="0 0 ${width} ${Math.ceil(height)}" width="${width}" height="${Math.ceil(height)}" role="img" aria-labelledby="${sheet.id}-title ${sheet.id}-about">
<title id="${sheet.id}-title">${named}</title><desc id="${sheet.id}-about">${about}</desc>
${style === "" ? "" : `<style>${style}</style>\n`}<defs>${patterns(sheet)}</defs>
<rect class="d-page" width="${width}" height="${Math.ceil(height)}"/>
${svg}
</svg>
`;
}

/** Everything, from the heading, if any, to the foot. */
function column(model: DrawnModel, title: string, sheet: Sheet, region: Region): Drawn {
  const svg: string[] = [];
  const { x, width } = region;
  const centre = centreOf(region, sheet);
  let down = sheet.wide ? 20 : 12;
  const add = (drawn: Drawn): void => {
    svg.push(drawn.svg);
    down += drawn.height;
  };
  const flow = (): void => add({ svg: arrow(centre, down, down + GAP), height: GAP });

  for (const line of title === "" ? [] : wrapped(title, "title", width)) {
    add({ svg: label(line, x, down + 14, { look: "title", room: width }), height: 24 });
  }
  add(row("modalities", "", [modalityBoxes(model)], region, down, sheet));
  flow();
  add(row("embedding", "", endBoxes(model.inputs), region, down, sheet));
  flow();
  const sequence = `one sequence of ${model.length.toLocaleString("en-US")} positions, d_model ${model.d_model}`;
  const box: Box = { lines: [{ look: "plain", text: sequence }], colours: [], look: "empty" };
  add(boxRows([[box]], x + namesRoom(sheet), down, width - namesRoom(sheet), sheet));
  flow();
  add(stack(model.stack, model, region, down, sheet));
  flow();
  add(row("norm", "RMSNorm", weightBoxes(model.norm, model), region, down, sheet));
  flow();
  add(row("heads", "", endBoxes(model.outputs), region, down, sheet));
  flow();
  add(row("objectives", "", [objectiveBoxes(model)], region, down, sheet));
  down += 18;
  svg.push(`<path class="d-frame" d="M${fixed(x)} ${fixed(down)}H${fixed(x + width)}"/>`);
  down += 8;
  add(foot(model, region, down, sheet));
  return { svg: svg.join("\n"), height: down + (sheet.wide ? 16 : 10) };
}

const modalityBoxes = ({ modalities }: DrawnModel): Box[] =>
  modalities.map(({ name, about }, m) => ({
    lines: [
      { look: "name", text: name, named: true },
      { look: "quiet", text: about },
    ],
    colours: [m],
  }));

const objectiveBoxes = ({ modalities, objectives }: DrawnModel): Box[] =>
  modalities.map(({ name }, m) => ({
    lines: [
      { look: "quiet", text: name, named: true },
      { look: "plain", text: objectives[m] ?? "" },
    ],
    colours: [m],
  }));

function patterns({ id }: Sheet): string {
  return MARKS.map((marks, n) => {
    if (marks === "") return "";
    const look = marks.includes("z") ? "d-dots" : "d-mark";
    return `<pattern id="${id}-p${n}" width="6" height="6" patternUnits="userSpaceOnUse"><path class="${look}" d="${marks}"/></pattern>`;
  }).join("");
}

const LINE = 19;
const SWATCH = 11;
/** Where the columns of numbers end, as shares of the width. */
const COLUMNS = [0.54, 0.77, 1] as const;

const exact = (n: number): string => n.toLocaleString("en-US");

function foot(model: DrawnModel, { x, width }: Region, y: number, { id, wide }: Sheet): Drawn {
  const total = `${exact(model.total)} parameters`;
  const active = model.active === model.total ? "" : `${exact(model.active)} of them active for a token`;
  const room = width;
  const titles = [
    label(total, x, y + 16, { look: "title", room }),
    label(active, wide ? x + width : x, wide ? y + 16 : y + 34, {
      look: "plain",
      room,
      ...(wide && { anchor: "end" as const }),
    }),
  ];
  let down = y + (wide || active === "" ? 28 : 46);
  const heads = [
    "parameters met",
    wide ? "FLOPs forward" : "forward",
    wide ? "FLOPs forward and backward" : "training",
  ];
  const cells = (texts: readonly string[], look: "plain" | "quiet"): string =>
    texts
      .map((text, i) => {
        const end = x + width * (COLUMNS[i] ?? 1);
        return label(text, end, down + 13, { look, anchor: "end", room: width * 0.3 });
      })
      .join("");
  const rows = [
    `${label(wide ? "one token, or patch, of" : "FLOPs a token", x, down + 13, { look: "quiet", room: width * 0.3 })}${cells(heads, "quiet")}`,
  ];
  for (const [m, { modality, parameters, forward, training }] of model.costs.entries()) {
    down += LINE;
    const place = `x="${fixed(x)}" y="${fixed(down + 3)}" width="${SWATCH}" height="${SWATCH}"`;
    const marks = patternOf(m) === 0 ? "" : `<rect fill="url(#${id}-p${patternOf(m)})" ${place}/>`;
    const name = label(modality, x + SWATCH + 7, down + 13, { look: "plain", room: width * 0.28 - SWATCH });
    const numbers = cells([parameters, forward, training].map(short), "plain");
    rows.push(`<rect class="d-m${colourOf(m)}" ${place}/>${marks}${name}${numbers}`);
  }
  const key = "A box says the shape of its weights, as checkpoints hold them, and how many parameters they are.";
  down += LINE + 8;
  const shown = wide ? [key] : [key.slice(0, key.indexOf(",") + 1), key.slice(key.indexOf(",") + 2)];
  const told = shown.map((text, i) => label(text, x, down + 11 + 15 * i, { look: "quiet", room }));
  return { svg: [...titles, ...rows, ...told].join("\n"), height: down + 15 * shown.length - y };
}

const INSET = 9;
const HEAD = 30;

/** Frames deeper than this take no more room from what is in them. */
const DEEPEST = 3;

/** @param seen blocks that are drawn already; those drawn here are added */
function stack(
  folded: readonly Folded[],
  model: DrawnModel,
  region: Region,
  y: number,
  sheet: Sheet,
  seen = new Set<number>(),
  depth = 0,
): Drawn {
  const centre = centreOf(region, sheet);
  const svg: string[] = [];
  let down = y;
  folded.forEach((one, i) => {
    if (i > 0) {
      svg.push(arrow(centre, down, down + GAP));
      down += GAP;
    }
    const drawn = "block" in one ? layer(one, down) : repeated(one, down);
    svg.push(drawn.svg);
    down += drawn.height;
  });
  return { svg: svg.join("\n"), height: down - y };

  function layer({ block: index, times }: { readonly block: number; readonly times: number }, top: number): Drawn {
    const drawn = model.blocks[index];
    if (drawn === undefined) throw new Error(`no layer is of block ${index}`);
    if (!seen.has(index)) {
      seen.add(index);
      return block(drawn, times, model, { ...region, centre }, top, sheet);
    }
    const text = `${drawn.name}${times === 1 ? "" : ` × ${times}`}, as above`;
    return boxRows(
      [[{ lines: [{ look: "name", text }], colours: [], look: "empty" }]],
      region.x,
      top,
      region.width,
      sheet,
    );
  }

  function repeated({ of, times }: { readonly of: readonly Folded[]; readonly times: number }, top: number): Drawn {
    const inset = depth < DEEPEST ? INSET : 0;
    const { x, width } = region;
    const inner = stack(of, model, { x: x + inset, width: width - 2 * inset }, top + HEAD, sheet, seen, depth + 1);
    const height = HEAD + inner.height + INSET;
    const place = `x="${fixed(x)}" y="${fixed(top)}" width="${fixed(width)}" height="${fixed(height)}"`;
    const text = `all of this × ${times}`;
    const title = label(text, x + width - 14, top + 20, { look: "name", anchor: "end", room: width - 28 });
    const enters = arrow(centre, top, top + HEAD);
    const leaves = wire([centre, top + HEAD + inner.height], [centre, top + height]);
    const svg = `<rect class="d-frame d-again" rx="11" ${place}/>${title}${enters}${inner.svg}${leaves}`;
    return { svg, height };
  }
}
