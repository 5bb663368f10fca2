// A mistake unfolded: what it means, and a spec that has it with what is said of that.
import type pc from "picocolors";
import { codeOf, exampleSaid, MISTAKES, type MistakeName } from "../diagnostics/codes.js";
import { EXAMPLES } from "../diagnostics/examples.gen.js";

interface Example {
  /** Absent where the mistake is in no spec. */
  readonly spec?: string;
  readonly says: string;
}

function exampleOf(name: MistakeName): Example | undefined {
  const says = exampleSaid(name);
  return EXAMPLES[codeOf(name)] ?? (says === undefined ? undefined : { says });
}

export function mistakeAsText(name: MistakeName, c: ReturnType<typeof pc.createColors>): string {
  const { title, meaning, severity = "error" } = MISTAKES[name];
  const example = exampleOf(name);
  const head = `${c.bold(`${codeOf(name)} ${title}`)} ${c.dim(`[${name}, ${severity === "error" ? "an error" : "a warning"}]`)}\n  ${meaning}\n`;
  if (example === undefined) return head;
  const indented = (text: string): string => text.trimEnd().replaceAll(/^(?=.)/gm, "    ");
  const spec = example.spec === undefined ? "" : `\n  ${c.cyan("a spec with it")}\n${indented(example.spec)}\n`;
  return `${head}${spec}\n  ${c.cyan("what is said")}\n${indented(example.says)}\n`;
}

export function mistakeAsJson(name: MistakeName): object {
  const { number: _, severity = "error", ...rest } = MISTAKES[name];
  return { code: codeOf(name), name, severity, ...rest, example: exampleOf(name) };
}
