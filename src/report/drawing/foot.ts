// The foot of a drawing: parameters and FLOPs of the whole, and by modality.
import { short } from "../inspection-text.js";
import type { Drawn, Sheet } from "./boxes.js";
import type { DrawnModel } from "./model.js";
import type { Region } from "./rows.js";
import { colourOf, patternOf } from "./style.js";
import { fixed, label } from "./text.js";

const LINE = 19;
const SWATCH = 11;
/** Where the columns of numbers end, as shares of the width. */
const COLUMNS = [0.54, 0.77, 1] as const;

const exact = (n: number): string => n.toLocaleString("en-US");

export function foot(model: DrawnModel, { x, width }: Region, y: number, { id, wide }: Sheet): Drawn {
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
