// The place of each arm in the map of a design: a Karnaugh map for subsets, rows and columns for two axes.
import type { AblationResults } from "../../ablate/results.js";
import type { Json } from "../../front/spec.js";
import { type Factors, factorsOf, valueText } from "./factors.js";

/** A label for adjacent rows or columns. */
export interface Strip {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly label: string;
}

export interface MapLayout {
  /** The index of the arm, by row and column. */
  readonly arms: readonly (readonly (number | undefined)[])[];
  /** Layers of strips beside the rows and above the columns, outermost first. */
  readonly rows: readonly (readonly Strip[])[];
  readonly columns: readonly (readonly Strip[])[];
  /** The content of the strips: factors that are on, or values. */
  readonly of: "factors" | "values";
}

/** The most factors that a map can show. */
const FACTORS = 6;
const VALUES = 16;

export function mapLayout(results: AblationResults): MapLayout | undefined {
  if (results.axes.length === 2 && results.axes.some(({ subsetsOf }) => subsetsOf === undefined)) {
    const table = grid(results);
    if (table !== undefined) return table;
  }
  const factors = factorsOf(results);
  const drawn =
    factors !== undefined && factors.names.length <= FACTORS && (factors.areParts || factors.names.length > 1);
  return drawn ? karnaugh(factors) : undefined;
}

/** A Karnaugh map: adjacent cells differ in one factor. */
function karnaugh({ names, labels, armOf }: Factors): MapLayout {
  const half = Math.floor(names.length / 2);
  const labelled = names.map((name, i) => ({ name, label: labels[i] ?? name }));
  const rows = sideOf(labelled.slice(0, half));
  const columns = sideOf(labelled.slice(half));
  return {
    arms: rows.codes.map((row) => columns.codes.map((column) => armOf([...on(rows, row), ...on(columns, column)]))),
    rows: strips(rows),
    columns: strips(columns),
    of: "factors",
  };
}

interface Labelled {
  readonly name: string;
  readonly label: string;
}

interface Side {
  readonly own: readonly Labelled[];
  readonly codes: readonly number[];
}

/** Subsets in the order of a Gray code. */
const sideOf = (own: readonly Labelled[]): Side => ({
  own,
  codes: Array.from({ length: 2 ** own.length }, (_, i) => i ^ (i >> 1)),
});
/** The first factor is the highest bit, which changes once. */
const has = ({ own }: Side, code: number, part: number): boolean => ((code >> (own.length - 1 - part)) & 1) === 1;
const on = (side: Side, code: number): string[] =>
  side.own.filter((_, part) => has(side, code, part)).map(({ name }) => name);

function strips(side: Side): Strip[][] {
  return side.own.map(({ label }, part) => {
    const on = side.codes.map((code) => has(side, code, part));
    return on.flatMap((is, from) => {
      if (!is || on[from - 1]) return [];
      const end = on.indexOf(false, from);
      return [{ from, to: end < 0 ? on.length : end, label }];
    });
  });
}

function grid({ axes, arms }: AblationResults): MapLayout | undefined {
  const [down, across] = axes;
  if (down === undefined || across === undefined || Math.max(down.values.length, across.values.length) > VALUES)
    return undefined;
  const key = (a: Json | undefined, b: Json | undefined): string => JSON.stringify([a, b]);
  const points = arms.map(({ kind, settings }, index) => ({ kind, settings, index }));
  const indices = new Map(
    points
      .filter(({ kind }) => kind === "grid")
      .map(({ settings, index }) => [key(settings[down.path], settings[across.path]), index]),
  );
  const named = ({ path, values }: (typeof axes)[number]): Strip[][] => [
    [{ from: 0, to: values.length, label: path.split(".").at(-1) ?? path }],
    values.map((value, from) => ({ from, to: from + 1, label: valueText(value) })),
  ];
  return {
    arms: down.values.map((row) => across.values.map((column) => indices.get(key(row, column)))),
    rows: named(down),
    columns: named(across),
    of: "values",
  };
}
