// Python source text: identifiers, literals, and calls that are wrapped as `ruff format` wraps them.

/** The width of a line, which is also ruff's default. */
const WIDTH = 88;
const INDENT = "    ";

const KEYWORDS = new Set(
  `False None True and as assert async await break class continue def del elif else except finally for from global if
  import in is lambda nonlocal not or pass raise return try while with yield self batch nn torch F`.split(/\s+/),
);

/** A name as a Python identifier. */
export function identifier(name: string): string {
  const plain = name.replace(/\W/g, "_").replace(/^(?=\d)/, "_");
  return KEYWORDS.has(plain) ? `${plain}_` : plain;
}

/** `mixer` as `Mixer`, `long_mixer` as `LongMixer`. */
export const className = (name: string): string =>
  identifier(name)
    .split("_")
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("");

export const quoted = (text: string): string => JSON.stringify(text);

export const tuple = (items: readonly (string | number)[]): string =>
  items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;

/** Gives each text that is asked for a free identifier, without the prefix that all of them have. */
export function namer(prefix: string, taken: Iterable<string>): (text: string) => string {
  const used = new Set(taken);
  return (text) => {
    const wanted = identifier(text.slice(prefix.length));
    let free = wanted;
    for (let n = 2; used.has(free); n++) free = `${wanted}_${n}`;
    used.add(free);
    return free;
  };
}

/** An expression: a text, or a call or display with items in brackets. */
export type Expression = string | Bracketed;
export interface Bracketed {
  readonly before: string;
  readonly items: readonly Expression[];
  readonly after: string;
  /** What makes its only item a comprehension: `for _ in range(2)`. */
  readonly comprehension?: string;
}

export const bracketed = (before: string, items: readonly Expression[], after = ")"): Bracketed => ({
  before,
  items,
  after,
});

export const onOneLine = (expression: Expression): string =>
  typeof expression === "string" ? expression : `${expression.before}${itemsOf(expression)}${expression.after}`;

const itemsOf = ({ items, comprehension }: Bracketed): string =>
  [items.map(onOneLine).join(", "), ...(comprehension === undefined ? [] : [comprehension])].join(" ");

/**
 * The lines of a statement at a depth: one line if it fits, else the items together on one line, or on lines of their own.
 * @param start what precedes the expression: `y = `
 * @param comment is shown if the statement fits on one line with it
 */
export function statement(depth: number, start: string, expression: Expression, comment?: string): string[] {
  const [first = "", ...others] = wrapped(depth, start, expression, "");
  const full = `${first}  # ${comment}`;
  return comment !== undefined && others.length === 0 && full.length <= WIDTH ? [full] : [first, ...others];
}

function wrapped(depth: number, start: string, expression: Expression, end: string): string[] {
  const at = INDENT.repeat(depth);
  const single = `${at}${start}${onOneLine(expression)}${end}`;
  if (typeof expression === "string" || single.length <= WIDTH) return [single];
  const { before, items, after, comprehension } = expression;
  const inside = `${at}${INDENT}${itemsOf(expression)}`;
  const together = !/[[{]$/.test(before) && inside.length <= WIDTH;
  const comma = comprehension === undefined ? "," : "";
  const apart = items.flatMap((item) => wrapped(depth + 1, "", item, comma));
  const clause = comprehension === undefined ? [] : [`${at}${INDENT}${comprehension}`];
  const body = together ? [inside] : [...apart, ...clause];
  return [`${at}${start}${before}`, ...body, `${at}${after}${end}`];
}

export const indented = (depth: number, line: string): string => (line === "" ? "" : `${INDENT.repeat(depth)}${line}`);
