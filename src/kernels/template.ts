// template: expands a template of codegen-templates/ to lines, for given flags and constants. docs/add-a-kernel.md
// describes the language. WGSL has no `#`, so every line with one belongs to the language.
import { TEMPLATES } from "./templates.gen.js";

type Flags = Readonly<Record<string, boolean>>;
type Constants = Readonly<Record<string, string | number>>;

/** A line of WGSL that still contains names of constants, with the indices of the `#repeat` sections around it. */
export interface Line {
  readonly text: string;
  readonly indices: Constants;
}

/** Replaces each `#include NAME` line with that template. Included templates include nothing. */
const included = (template: string): string =>
  template.replace(/^#include (\w+)$/gm, (_, name: keyof typeof TEMPLATES) => TEMPLATES[name].trimEnd());

/** The lines of a template. @throws on an invalid line */
export function expand(template: string, flags: Flags, constants: Constants): Line[] {
  return chosen(included(template).split("\n"), flags, constants, {});
}

/** `#repeat I TIMES`, which opens a section, or `#repeat I TIMES: LINE`. */
const REPEAT = /^(\s*)#repeat ([A-Z]\w*) ([^:]+)(?:: (.+))?$/;

const opens = (line: string): boolean => /^\s*#(if |repeat [^:]*$)/.test(line);

/**
 * Resolves sections, which may be nested. Of `#if FLAG`, `#else`, `#end`, it keeps the lines that the flags select. The
 * lines from `#repeat I TIMES` to `#end` are repeated that many times, with 0, 1, … for `I`.
 */
function chosen(lines: readonly string[], flags: Flags, constants: Constants, indices: Constants): Line[] {
  const kept: Line[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string;
    const [, indent = "", name, times = "", single] = REPEAT.exec(line) ?? [];
    const { middle, end } = opens(line) ? section(lines, at) : { middle: at, end: at };
    const body = single === undefined ? lines.slice(at + 1, middle) : [indent + single];
    if (name !== undefined) {
      const count = evaluated(times, { ...constants, ...indices }, line);
      for (let i = 0; i < count; i++) kept.push(...chosen(body, flags, constants, { ...indices, [name]: i }));
    } else if (line.trim().startsWith("#if ")) {
      const flag = line.trim().slice("#if ".length);
      kept.push(...chosen(flags[flag] ? body : lines.slice(middle + 1, end), flags, constants, indices));
    } else kept.push({ text: line.includes("#") ? filled(line, { ...constants, ...indices }) : line, indices });
    at = end;
  }
  return kept;
}

/** The section that opens at line `at`: the line of its `#end`, and of its `#else` (if absent, its `#end`). */
function section(lines: readonly string[], at: number): { middle: number; end: number } {
  let depth = 0;
  let middle: number | undefined;
  for (let i = at + 1; ; i++) {
    const line = lines[i];
    if (line === undefined) throw new Error(`a section of a template is not closed: ${lines[at]}`);
    const word = line.trim();
    if (opens(line)) depth++;
    else if (word === "#else" && depth === 0) middle = i;
    else if (word === "#end" && depth-- === 0) return { middle: middle ?? i, end: i };
  }
}

/** A line with a value for each `#{…}`: `#{16 * I}`, `#{+ 16 * I}` for an offset, `#{xyzw[I]}` for a letter. */
function filled(line: string, values: Constants): string {
  const text = line.replaceAll(/#\{([^{}]*)\}/g, (_, inside: string) => {
    const [, letters, at] = /^([a-z]+)\[(.+)\]$/.exec(inside) ?? [];
    if (letters !== undefined && at !== undefined) {
      const letter = letters[evaluated(at, values, line)];
      if (letter === undefined) throw new Error(`invalid index of a letter in a template: ${line.trim()}`);
      return letter;
    }
    if (!inside.startsWith("+ ")) return `${evaluated(inside, values, line)}`;
    const offset = evaluated(inside.slice("+ ".length), values, line);
    return offset === 0 ? "" : ` + ${offset}u`;
  });
  if (text.replace(/\/\/.*$/, "").includes("#")) throw new Error(`invalid line of a template: ${line.trim()}`);
  return text;
}

const EXPRESSION = /^\w+(?: [-+*] \w+)*$/;

/** The value of an expression of numbers, indices and constants with `+`, `-` and `*`, at least 0. */
function evaluated(expression: string, values: Constants, line: string): number {
  if (!EXPRESSION.test(expression)) throw new Error(`invalid expression in a template: ${line.trim()}`);
  const factor = (word: string): number => Number(/^\d/.test(word) ? word : values[word]);
  const product = (term: string): number => term.split(" * ").reduce((value, word) => value * factor(word), 1);
  const terms = `+ ${expression}`.split(/ (?=[-+] )/);
  const value = terms.reduce((sum, term) => sum + (term.startsWith("-") ? -1 : 1) * product(term.slice(2)), 0);
  if (!(Number.isInteger(value) && value >= 0)) {
    throw new Error(`no whole number of at least 0 in a template: ${line.trim()}`);
  }
  return value;
}
