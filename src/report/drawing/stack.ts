// The stack of blocks, drawn: each block once in full, and what repeats in a frame that says how often.
import { block, centreOf, GAP } from "./block.js";
import { boxRows, type Drawn, type Sheet } from "./boxes.js";
import type { Folded } from "./fold.js";
import type { DrawnModel } from "./model.js";
import type { Region } from "./rows.js";
import { fixed, label } from "./text.js";
import { arrow, wire } from "./wires.js";

const INSET = 9;
const HEAD = 30;

/** Frames deeper than this take no more room from what is in them. */
const DEEPEST = 3;

/** @param seen blocks that are drawn already; those drawn here are added */
export function stack(
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
