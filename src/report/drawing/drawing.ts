// A model, drawn: modalities on top, the stack of blocks with whose each weight is, heads and objectives, what it costs.
import { escapeHtml } from "../html.js";
import { centreOf, GAP } from "./block.js";
import { type Box, boxRows, type Drawn, type Sheet } from "./boxes.js";
import { foot } from "./foot.js";
import type { DrawnModel } from "./model.js";
import { endBoxes, namesRoom, type Region, row, weightBoxes } from "./rows.js";
import { stack } from "./stack.js";
import { MARKS, OWN_STYLE } from "./style.js";
import { fixed, label, wrapped } from "./text.js";
import { arrow } from "./wires.js";

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
