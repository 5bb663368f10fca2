// From a template and its constants to WGSL.
import type { DraftDispatch } from "./draft.js";
import { STEP_FIELDS } from "./step.js";
import { TEMPLATES } from "./templates.gen.js";

const STEP_STRUCT = `struct Step {\n${STEP_FIELDS.map(([name, type]) => `  ${name}: ${type},\n`).join("")}}\n`;

type Constants = DraftDispatch["constants"];

/** Puts the part named by each `#include NAME` line in its place. Parts include nothing. */
const include = (template: string): string =>
  template.replace(/^#include (\w+)$/gm, (_, name: keyof typeof TEMPLATES) => TEMPLATES[name].trimEnd());

const WORD = /\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)(u?)\b/g;

/** Puts the values of constants in the place of their names; `NAMEu` becomes an unsigned literal. */
const fill = (text: string, constants: Constants): string =>
  text.replace(WORD, (found, name: string, suffix: string) => {
    const value = constants[name];
    return value === undefined || typeof value === "boolean" ? found : `${value}${suffix}`;
  });

/**
 * Keeps the lines of `#if NAME`, `#else`, `#end` sections that the constants choose, and writes those of `#repeat I TIMES`
 * to `#end` so many times, with 0, 1, … for `I`; sections nest.
 */
function choose(lines: readonly string[], constants: Constants): string[] {
  const kept: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string;
    const [word, name = "", times = ""] = line.trim().split(" ");
    if (word !== "#if" && word !== "#repeat") {
      kept.push(line);
      continue;
    }
    const { middle, end } = section(lines, at);
    const body = lines.slice(at + 1, middle);
    if (word === "#repeat") {
      for (let i = 0; i < Number(fill(times, constants)); i++) {
        kept.push(
          ...choose(
            body.map((one) => fill(one, { [name]: i })),
            { ...constants, [name]: i },
          ),
        );
      }
    } else if (constants[name]) kept.push(...choose(body, constants));
    else kept.push(...choose(lines.slice(middle + 1, end), constants));
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

/** Bindings of halves, one or four an element. */
const HALVES = /^array<(vec4<)?f16>+$/;

/** The place after the bracket that closes the one at `open`. */
function closing(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if (code[at] === "[") depth++;
    else if (code[at] === "]" && --depth === 0) return at + 1;
  }
  throw new Error("a bracket in a template is never closed");
}

/** Kernels compute in f32: what they read from a binding of halves is widened, and what they write there is rounded. */
function widen(code: string, { name, type }: DraftDispatch["bindings"][number]): string {
  const [narrow, wide] = type.includes("vec4") ? ["vec4<f16>", "vec4<f32>"] : ["f16", "f32"];
  const element = new RegExp(`\\b${name}\\[`, "g");
  let made = "";
  let from = 0;
  for (let found = element.exec(code); found !== null; found = element.exec(code)) {
    const end = closing(code, found.index + found[0].length - 1);
    const place = code.slice(found.index, end);
    const assigned = /^ = (?!=)/.exec(code.slice(end));
    if (assigned) {
      const stop = code.indexOf(";", end);
      made += `${code.slice(from, found.index)}${place} = ${narrow}(${code.slice(end + assigned[0].length, stop)})`;
      from = stop;
    } else {
      made += `${code.slice(from, found.index)}${wide}(${place})`;
      from = end;
    }
    element.lastIndex = from;
  }
  return made + code.slice(from);
}

/** The shader of a dispatch: bindings and accessors first, then the template with its constants filled in. */
export function instantiate(dispatch: DraftDispatch): string {
  const { template, constants, bindings } = dispatch;
  const space = { read: "<storage, read>", write: "<storage, read_write>", uniform: "<uniform>" } as const;
  const declared = bindings.map(
    ({ name, access, type }, i) => `@group(0) @binding(${i}) var${space[access]} ${name}: ${type};\n`,
  );
  const accessors = bindings.flatMap((b) => (b.accessor ? [`${b.accessor}\n`] : []));
  const body = fill(choose(include(TEMPLATES[template]).split("\n"), constants).join("\n"), constants);
  const uniform = bindings.some((b) => b.access === "uniform") ? STEP_STRUCT : "";
  const halves = bindings.filter(({ type }) => HALVES.test(type));
  const asked = constants.ENABLE === undefined ? [] : String(constants.ENABLE).split(", ");
  const enables = [...(halves.length > 0 && !asked.includes("f16") ? ["f16"] : []), ...asked];
  const header = [
    ...(enables.length === 0 ? [] : [`enable ${enables.join(", ")};\n`]),
    ...(constants.DIAGNOSTIC === undefined ? [] : [`diagnostic(${constants.DIAGNOSTIC});\n`]),
  ];
  const code = halves.reduce(widen, `${accessors.join("")}\n${body}`);
  return `${header.join("")}${uniform}${declared.join("")}\n${code}`;
}
