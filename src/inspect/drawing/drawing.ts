// Draws a model: modalities at the top, the stack of blocks with the owners of each weight, heads and objectives, and costs.

import type { Residual, Stage } from "../../blocks/row.fields.js";
import { escapeHtml } from "../../diagnostics/visible.js";
import { short } from "../inspection-text.js";
import type { Folded } from "./fold.js";
import type { DrawnBlock, DrawnModel } from "./model.js";
import {
  type Box,
  boxRows,
  type Drawn,
  endBoxes,
  fixed,
  label,
  namesRoom,
  partRows,
  type Region,
  row,
  type Sheet,
  weightBoxes,
  widthOf,
  wrapped,
} from "./shapes.js";
import { colourOf, MARKS, OWN_STYLE, patternOf } from "./style.js";

const WIDTH = { wide: 860, narrow: 380 } as const;
const MARGIN = { wide: 24, narrow: 10 } as const;

type Size = keyof typeof WIDTH;

/** A self-contained SVG file with its own colours on white. */
export const drawingFile = (model: DrawnModel, title: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${drawing(model, title, "wide", OWN_STYLE)}`;

/**
 * An `svg` element.
 * @param style its own style rules; without them, it uses those of the page (`PAGE_STYLE`) and has no heading
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

/** The complete drawing, from the optional heading to the foot. */
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
/** The right ends of the number columns, as shares of the width. */
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
    "active parameters",
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
    `${label(wide ? "per token or patch" : "FLOPs per token", x, down + 13, { look: "quiet", room: width * 0.3 })}${cells(heads, "quiet")}`,
  ];
  for (const [m, { modality, parameters, forward, training }] of model.costs.entries()) {
    down += LINE;
    const place = `x="${fixed(x)}" y="${fixed(down + 3)}" width="${SWATCH}" height="${SWATCH}"`;
    const marks = patternOf(m) === 0 ? "" : `<rect fill="url(#${id}-p${patternOf(m)})" ${place}/>`;
    const name = label(modality, x + SWATCH + 7, down + 13, { look: "plain", room: width * 0.28 - SWATCH });
    const numbers = cells([parameters, forward, training].map(short), "plain");
    rows.push(`<rect class="d-m${colourOf(m)}" ${place}/>${marks}${name}${numbers}`);
  }
  const key = "A box shows the shape of its weights in checkpoints and their number of parameters.";
  down += LINE + 8;
  const shown = wide ? [key] : [key.slice(0, key.indexOf(",") + 1), key.slice(key.indexOf(",") + 2)];
  const note = shown.map((text, i) => label(text, x, down + 11 + 15 * i, { look: "quiet", room }));
  return { svg: [...titles, ...rows, ...note].join("\n"), height: down + 15 * shown.length - y };
}

const INSET = 9;
const HEAD = 30;

/** Frames that are nested deeper do not reduce the room of their content. */
const DEEPEST = 3;

/** @param seen blocks that have been drawn; the blocks drawn here are added */
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

type Point = readonly [x: number, y: number];

const wire = (...points: readonly Point[]): string =>
  `<path class="d-wire" d="${points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${fixed(x)} ${fixed(y)}`).join("")}"/>`;

/** A vertical line down with an arrowhead. */
function arrow(x: number, from: number, to: number): string {
  const head = `<path class="d-head" d="M${fixed(x - 4)} ${fixed(to - 7)}h8l-4 7z"/>`;
  return `${to - from > 7 ? wire([x, from], [x, to - 6]) : ""}${head}`;
}

const NODE = 8;

/** A circle with a plus (residual sum) or a dot (product with the gate). */
function node(x: number, y: number, kind: "sum" | "product"): string {
  const circle = `<circle class="d-node" cx="${fixed(x)}" cy="${fixed(y)}" r="${NODE}"/>`;
  if (kind === "product") return `${circle}<circle class="d-head" cx="${fixed(x)}" cy="${fixed(y)}" r="2.2"/>`;
  return `${circle}<path class="d-wire" d="M${fixed(x - 4)} ${fixed(y)}h8M${fixed(x)} ${fixed(y - 4)}v8"/>`;
}

/** The gap between stages, with an arrow. */
const GAP = 20;
/** Offsets from a block's frame: the residual stream, the content, and the branch of the gate. */
const STREAM = 13;
const INSIDE = 32;
const BRANCH = 13;
/** The distance from the boxes to the frame of the mixing stage. */
const OUT = 8;

interface Panel extends Region {
  /** The x coordinate of the data flow. */
  readonly centre: number;
}

/** The centre of the boxes. On a wide sheet it is right of the middle, because names are left of boxes. */
const centreOf = ({ x, width }: Region, sheet: Sheet): number => x + width / 2 + namesRoom(sheet) / 2;

function block(drawn: DrawnBlock, times: number, model: DrawnModel, panel: Panel, y: number, sheet: Sheet): Drawn {
  const { x, width } = panel;
  const head = header(drawn, times, panel, y);
  let down = y + head.height;
  const flow = drawn.flow.map((stages) => {
    const one = residual(stages, drawn, model, panel, down, sheet);
    down += one.height;
    return one.svg;
  });
  const end = down + 12;
  const frame = `<rect class="d-frame" rx="8" x="${fixed(x)}" y="${fixed(y)}" width="${fixed(width)}" height="${fixed(end - y)}"/>`;
  const out = wire([panel.centre, down], [panel.centre, end]);
  return { svg: [frame, head.svg, ...flow, out].join("\n"), height: end - y };
}

function header({ name, kind, sizes, parameters }: DrawnBlock, times: number, { x, width }: Panel, y: number): Drawn {
  const count = times === 1 ? "" : `× ${times}`;
  const room = width - 28 - (count === "" ? 0 : widthOf(count, "title") + 12);
  const about = [
    ...Object.entries(sizes).map(([size, value]) => `${size} ${value}`),
    `${parameters.toLocaleString("en-US")} parameters${times === 1 ? "" : " each"}`,
  ].join(", ");
  const named = label(name, x + 14, y + 23, { look: "title", room: room - widthOf(kind, "plain") - 8 });
  const after = x + 14 + Math.min(widthOf(name, "title"), room - widthOf(kind, "plain") - 8) + 8;
  const kindOf = label(kind, after, y + 23, { look: "plain", room: x + 14 + room - after });
  const often = label(count, x + width - 14, y + 23, { look: "title", anchor: "end", room });
  const lines = wrapped(about, "quiet", width - 28);
  const sized = lines.map((line, i) => label(line, x + 14, y + 40 + 15 * i, { look: "quiet", room: width - 28 }));
  return { svg: [named, kindOf, often, ...sized].join(""), height: 34 + 15 * lines.length };
}

/** A branch from the residual stream and back. */
function residual(
  stages: Residual,
  drawn: DrawnBlock,
  model: DrawnModel,
  { x, width, centre }: Panel,
  y: number,
  sheet: Sheet,
): Drawn {
  const inner: Panel = { x: x + INSIDE, width: width - 2 * INSIDE, centre };
  const [stream, branch] = [x + STREAM, x + width - BRANCH];
  const svg: string[] = [];
  let down = y;
  let branched: number | undefined;
  for (const [i, stage] of stages.entries()) {
    // The gate's node is on the wire, without an arrowhead.
    const to = down + GAP;
    svg.push(stage.kind === "gate" ? wire([centre, down], [centre, to]) : arrow(centre, down, to));
    if (i > 0 && isBranching(stages[i - 1])) {
      branched = down + 7;
      const quiet = { look: "quiet", room: 20 } as const;
      svg.push(
        label("u", centre + 8, down + 17, quiet),
        label("z", branch - 6, down + 18, { ...quiet, anchor: "end" }),
      );
    }
    if (stage.kind === "gate") {
      const at = to + NODE;
      if (branched !== undefined)
        svg.push(wire([centre, branched], [branch, branched], [branch, at], [centre + NODE, at]));
      svg.push(
        label(stage.note, branch - 6, at - 5, { look: "quiet", anchor: "end", room: 60 }),
        node(centre, at, "product"),
      );
      down = at + NODE;
    } else {
      const one = stageOf(stage, drawn, model, inner, to, sheet);
      svg.push(one.svg);
      down = to + one.height;
    }
  }
  const sum = down + GAP + NODE - 4;
  svg.push(wire([centre, down], [centre, sum - NODE]));
  svg.push(wire([centre, y + 7], [stream, y + 7], [stream, sum], [centre - NODE, sum]), node(centre, sum, "sum"));
  return { svg: svg.join("\n"), height: sum + NODE - y };
}

const isBranching = (stage: Stage | undefined): boolean => stage?.kind === "parts" && stage.branches === true;

function stageOf(
  stage: Exclude<Stage, { kind: "gate" }>,
  { weights }: DrawnBlock,
  model: DrawnModel,
  { x, width }: Panel,
  y: number,
  sheet: Sheet,
): Drawn {
  if (stage.kind === "parts") return partRows(stage.rows, weights, model, { x, width }, y, sheet);
  const beside = x + widthOf(stage.name, "name") + 10;
  const fits = beside + widthOf(stage.note, "quiet") <= x + width;
  const title = label(stage.name, x, y + 18, { look: "name", room: width });
  const lines = fits ? [stage.note] : wrapped(stage.note, "quiet", width);
  const notes = lines.map((line, i) =>
    fits
      ? label(line, beside, y + 18, { look: "quiet", room: width })
      : label(line, x, y + 33 + 14 * i, { look: "quiet", room: width }),
  );
  const head = 28 + (fits ? 0 : 14 * lines.length);
  const rows = partRows(stage.rows, weights, model, { x, width }, y + head, sheet);
  const height = head + (stage.rows.length > 0 ? rows.height + OUT : 0);
  const frame = `<rect class="d-mixing" rx="9" x="${fixed(x - OUT)}" y="${fixed(y)}" width="${fixed(width + 2 * OUT)}" height="${fixed(height)}"/>`;
  return { svg: [frame, title, ...notes, rows.svg].join(""), height };
}
