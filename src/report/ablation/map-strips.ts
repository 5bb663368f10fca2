// The names beside a map's rows and over its columns, as SVG: a bar over all that they hold for.
import { escapeHtml } from "../html.js";
import type { MapLayout, Strip } from "./map-layout.js";
import { cut, round } from "./svg.js";

/** Sizes in the figure's own units. */
export interface MapSizes {
  readonly left: number;
  readonly top: number;
  readonly cell: { readonly wide: number; readonly tall: number };
}

const THICK = 25;
const GAP = 4;
/** Of a character, about. */
const LETTER = 7.5;
const WIDEST = 170;

export function mapSizes({ arms, rows, columns, of }: MapLayout, width: number, tall: number): MapSizes {
  const letters = Math.max(0, ...(rows[1] ?? []).map(({ label }) => label.length));
  const left = of === "values" ? THICK + Math.min(WIDEST, 20 + letters * LETTER) : THICK * rows.length;
  return { left, top: THICK * columns.length, cell: { wide: (width - left) / (arms[0]?.length ?? 1), tall } };
}

export function mapStrips(layout: MapLayout, { left, top, cell }: MapSizes): string {
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
