// From a template and its constants to WGSL.
import type { DraftDispatch } from "./draft.js";
import { STEP_FIELDS } from "./step.js";
import { TEMPLATES } from "./templates.gen.js";

const STEP_STRUCT = `struct Step {\n${STEP_FIELDS.map(([name, type]) => `  ${name}: ${type},\n`).join("")}}\n`;

type Constants = DraftDispatch["constants"];

/** Puts the part named by each `#include NAME` line in its place. Parts include nothing. */
const include = (template: string): string =>
  template.replace(/^#include (\w+)$/gm, (_, name: keyof typeof TEMPLATES) => TEMPLATES[name].trimEnd());

/** Keeps the lines of `#if NAME`, `#else`, `#end` sections that the constants choose; sections nest. */
function choose(template: string, constants: Constants): string {
  const open: boolean[] = [];
  const kept: string[] = [];
  for (const line of template.split("\n")) {
    const [word, name] = line.trim().split(" ");
    if (word === "#if") open.push(Boolean(constants[name as string]));
    else if (word === "#else") open.push(!open.pop());
    else if (word === "#end") open.pop();
    else if (open.every(Boolean)) kept.push(line);
  }
  return kept.join("\n");
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
  const word = /\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)(u?)\b/g;
  const body = choose(include(TEMPLATES[template]), constants).replace(word, (found, name: string, suffix: string) => {
    const value = constants[name];
    return value === undefined || typeof value === "boolean" ? found : `${value}${suffix}`;
  });
  const uniform = bindings.some((b) => b.access === "uniform") ? STEP_STRUCT : "";
  const halves = bindings.filter(({ type }) => HALVES.test(type));
  const enables = constants.ENABLE ?? (halves.length > 0 ? "f16" : undefined);
  const header = [
    ...(enables === undefined ? [] : [`enable ${enables};\n`]),
    ...(constants.DIAGNOSTIC === undefined ? [] : [`diagnostic(${constants.DIAGNOSTIC});\n`]),
  ];
  const code = halves.reduce(widen, `${accessors.join("")}\n${body}`);
  return `${header.join("")}${uniform}${declared.join("")}\n${code}`;
}
