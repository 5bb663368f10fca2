// From a template and what it is told to WGSL, in one pass over the words of the template.
import type { DraftBinding, DraftDispatch } from "./draft.js";
import { TEMPLATES } from "./templates.gen.js";

type Flags = Readonly<Record<string, boolean>>;
type Constants = Readonly<Record<string, string | number>>;

/** Puts the part named by each `#include NAME` line in its place. Parts include nothing. */
const include = (template: string): string =>
  template.replace(/^#include (\w+)$/gm, (_, name: keyof typeof TEMPLATES) => TEMPLATES[name].trimEnd());

/** A line of a template, and the indices of the `#repeat` sections around it. */
interface Line {
  readonly text: string;
  readonly indices: Constants;
}

/**
 * Keeps the lines of `#if FLAG`, `#else`, `#end` sections that the flags choose, and writes those of `#repeat I TIMES` to
 * `#end` so many times, with 0, 1, … for `I`; sections nest.
 */
function choose(lines: readonly string[], flags: Flags, constants: Constants, indices: Constants = {}): Line[] {
  const kept: Line[] = [];
  for (let at = 0; at < lines.length; at++) {
    const text = lines[at] as string;
    const [word, name = "", times = ""] = text.trim().split(" ");
    if (word !== "#if" && word !== "#repeat") {
      kept.push({ text, indices });
      continue;
    }
    const { middle, end } = section(lines, at);
    const body = lines.slice(at + 1, middle);
    if (word === "#repeat") {
      const count = Number(indices[times] ?? constants[times] ?? times);
      for (let i = 0; i < count; i++) kept.push(...choose(body, flags, constants, { ...indices, [name]: i }));
    } else kept.push(...choose(flags[name] ? body : lines.slice(middle + 1, end), flags, constants, indices));
    at = end;
  }
  return kept;
}

/** Of the section that opens at a line: the line of its `#else`, or else of its end, and of its end. */
function section(lines: readonly string[], at: number): { middle: number; end: number } {
  let depth = 0;
  let middle: number | undefined;
  for (let i = at + 1; ; i++) {
    const word = lines[i]?.trim().split(" ")[0];
    if (word === undefined) throw new Error(`a section of a template has no end: ${lines[at]}`);
    if (word === "#if" || word === "#repeat") depth++;
    else if (word === "#else" && depth === 0) middle = i;
    else if (word === "#end" && depth-- === 0) return { middle: middle ?? i, end: i };
  }
}

/** Comments, words, `[`, `]`, ` = `, `;`, and what stands between them. */
const PIECES = /\/\/[^\n]*|\w+|[[\]]| = |;|[^\w[\];=]+?(?= = |\/\/|[\w[\];=]|$)|=+ ?/gs;
const NAME = /^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)(u?)$/;

/** The pieces of a text with constants in the place of their names; `NAMEu` is the same as an unsigned literal. */
function piecesOf(text: string, constants: Constants): string[] {
  return (text.match(PIECES) ?? []).flatMap((piece) => {
    if (piece.startsWith("//")) return [`//${piecesOf(piece.slice(2), constants).join("")}`];
    const [, name = "", suffix = ""] = NAME.exec(piece) ?? [];
    const value = constants[name];
    if (value === undefined) return [piece];
    return typeof value === "string" ? piecesOf(value, constants) : [`${value}${suffix}`];
  });
}

/** Bindings of halves, one or four an element: what such a number is called there, and in the kernel. */
function halvesOf(bindings: readonly DraftBinding[]): ReadonlyMap<string, readonly [narrow: string, wide: string]> {
  const halves = bindings.filter(({ type }) => type === "array<f16>" || type === "array<vec4<f16>>");
  return new Map(
    halves.map(({ name, type }) => [name, type.includes("vec4") ? ["vec4<f16>", "vec4<f32>"] : ["f16", "f32"]]),
  );
}

/**
 * Joins pieces to text. Kernels compute in f32: what they read from a binding of halves is widened, `f32(x[i])`, and what
 * they write there is rounded, `y[i] = f16(…)`.
 */
function written(pieces: readonly string[], halves: ReturnType<typeof halvesOf>): string {
  let at = 0;
  const until = (end: string | undefined): string => {
    let text = "";
    while (at < pieces.length && pieces[at] !== end) {
      const piece = pieces[at] as string;
      if (piece === "[") {
        at++;
        text += `[${until("]")}]`;
        at++;
        continue;
      }
      const types = pieces[at + 1] === "[" ? halves.get(piece) : undefined;
      if (types === undefined) {
        text += piece;
        at++;
        continue;
      }
      at += 2;
      const element = `${piece}[${until("]")}]`;
      at++;
      if (pieces[at] === " = ") {
        at++;
        text += `${element} = ${types[0]}(${until(";")})`;
      } else text += `${types[1]}(${element})`;
    }
    return text;
  };
  return until(undefined);
}

/** The shader of a dispatch: bindings and accessors first, then the template with its constants filled in. */
export function instantiate(dispatch: DraftDispatch): string {
  const { template, flags, constants, bindings, enables = [], diagnostic } = dispatch;
  const space = { read: "<storage, read>", write: "<storage, read_write>", uniform: "<uniform>" } as const;
  const declared = bindings.map(
    ({ name, access, type }, i) => `@group(0) @binding(${i}) var${space[access]} ${name}: ${type};\n`,
  );
  const accessors = bindings.flatMap((b) => (b.accessor ? [`${b.accessor}\n`] : []));
  const lines = choose(include(TEMPLATES[template]).split("\n"), flags, constants);
  const body = lines.flatMap(({ text, indices }, i) => [
    ...(i === 0 ? [] : ["\n"]),
    ...piecesOf(text, { ...constants, ...indices }),
  ]);
  const halves = halvesOf(bindings);
  const asked = [...(halves.size > 0 && !enables.includes("f16") ? ["f16"] : []), ...enables];
  const header = [
    ...(asked.length === 0 ? [] : [`enable ${asked.join(", ")};\n`]),
    ...(diagnostic === undefined ? [] : [`diagnostic(${diagnostic});\n`]),
    ...bindings.flatMap(({ declares }) => declares ?? []),
    ...declared,
  ];
  return `${header.join("")}\n${written([...piecesOf(`${accessors.join("")}\n`, {}), ...body], halves)}`;
}
