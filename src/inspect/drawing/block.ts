// A block, drawn: what each part does with the residual stream, in the order of the data.

import type { Residual, Stage } from "../../blocks/row.fields.js";
import type { Drawn, Sheet } from "./boxes.js";
import type { DrawnBlock, DrawnModel } from "./model.js";
import { namesRoom, partRows, type Region } from "./rows.js";
import { fixed, label, widthOf, wrapped } from "./text.js";
import { arrow, NODE, node, wire } from "./wires.js";

/** Between stages; an arrow stands in it. */
export const GAP = 20;
/** From a block's frame: the residual stream, what is between it and the gate's branch, and that branch. */
const STREAM = 13;
const INSIDE = 32;
const BRANCH = 13;
/** How far the frame of what mixes stands out. */
const OUT = 8;

export interface Panel extends Region {
  /** Where the data go down. */
  readonly centre: number;
}

/** On a wide sheet to the right of the middle, since names stand to the left of boxes. */
export const centreOf = ({ x, width }: Region, sheet: Sheet): number => x + width / 2 + namesRoom(sheet) / 2;

export function block(
  drawn: DrawnBlock,
  times: number,
  model: DrawnModel,
  panel: Panel,
  y: number,
  sheet: Sheet,
): Drawn {
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

/** From the residual stream and back to it. */
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
    // The gate's node stands on the wire, without a head.
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
