// What arms are called: the values that make them, as short as they can be told apart.
import { printAt } from "../front/print-spec.js";
import type { Json } from "../front/spec.js";
import type { ResultArm, ResultAxis } from "./results.js";
import { partsOf } from "./subsets.js";

/** `in_proj + x_proj` or `none` for parts; else the value as a spec has it. */
function valueLabel(value: Json, path: string, json: Json): string {
  const parts = partsOf(value);
  if (parts !== undefined) return parts.length === 0 ? "none" : parts.join(" + ");
  return printAt(json, path, value).replace(/^\[(.*)\]$/s, "$1");
}

/** One for each point: its values, with the ends of their paths before them where there are several axes. */
export function labelsOf(
  axes: readonly ResultAxis[],
  points: readonly ResultArm["settings"][],
  json: Json,
): readonly string[] {
  if (axes.length === 0) return points.map(() => "as written");
  const ends = axes.map(({ path }) => path.split(".").at(-1) as string);
  const names = axes.map(({ path }, i) => (ends.filter((end) => end === ends[i]).length > 1 ? path : ends[i]));
  return points.map((settings) =>
    axes
      .map(({ path, subsetsOf }, i) => {
        const value = valueLabel(settings[path] as Json, path, json);
        const bare = axes.length === 1 && (subsetsOf !== undefined || typeof settings[path] !== "number");
        return bare ? value : `${names[i]} ${value}`;
      })
      .join(", "),
  );
}
