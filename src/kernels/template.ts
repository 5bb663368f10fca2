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
  const enables = constants.ENABLE ? `enable ${constants.ENABLE};\n` : "";
  return `${enables}${uniform}${declared.join("")}\n${accessors.join("")}\n${body}`;
}
