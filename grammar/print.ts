// Prints a syntax tree. Parsing the result gives the same tree.
import type { Argument, Entry, Group, Path, Value } from "./tree.js";

const WIDTH = 100;

/** Prints the entries of a file, with a blank line between groups. */
export function print(entries: readonly Entry[]): string {
  return lines(entries, "");
}

function lines(entries: readonly Entry[], indent: string): string {
  let text = "";
  entries.forEach((entry, i) => {
    const previous = entries[i - 1];
    if (previous !== undefined && (isGroup(entry) || isGroup(previous))) text += "\n";
    for (const doc of entry.docs) text += `${indent}///${doc === "" ? "" : ` ${doc}`}\n`;
    text += `${indent}${printEntry(entry, indent)}\n`;
  });
  return text;
}

const isGroup = (entry: Entry) => entry.type === "field" && entry.group !== undefined;

function printEntry(entry: Entry, indent: string): string {
  if (entry.type === "import") return `import ${JSON.stringify(entry.path.text)}`;
  if (entry.type === "remove") return `remove ${printPath(entry.path)}`;
  const head = `${entry.kind === undefined ? "" : `${printPath(entry.kind)} `}${printPath(entry.path)}`;
  const value = entry.value === undefined ? "" : `: ${printValue(entry.value, indent)}`;
  const group = entry.group === undefined ? "" : ` ${printGroup(entry.group, indent)}`;
  return `${head}${value}${group}`;
}

const printGroup = (group: Group, indent: string) =>
  group.entries.length === 0 ? "{}" : `{\n${lines(group.entries, `${indent}  `)}${indent}}`;

export const printPath = (path: Path): string => path.names.map((name) => name.text).join(".");

/** On one line if it fits, or else with one line per item of a list. */
export function printValue(value: Value, indent = ""): string {
  const flat = flatValue(value);
  if (value.type !== "list" || indent.length + flat.length <= WIDTH) return flat;
  const inner = `${indent}  `;
  return `[\n${value.items.map((item) => `${inner}${printValue(item, inner)},\n`).join("")}${indent}]`;
}

function flatValue(value: Value): string {
  switch (value.type) {
    case "number":
    case "size":
      return value.text;
    case "string":
      return JSON.stringify(value.text);
    case "boolean":
      return String(value.value);
    case "list":
      return `[${value.items.map(flatValue).join(", ")}]`;
    case "map":
      return `{${value.entries.map(argument).join(", ")}}`;
    case "call":
      return value.args === undefined ? value.name.text : `${value.name.text}(${value.args.map(argument).join(", ")})`;
    case "sum":
      return value.terms.map((term) => (term.type === "sum" ? `(${flatValue(term)})` : flatValue(term))).join(" + ");
    case "product":
      return value.factors
        .map((f) => (f.type === "sum" || f.type === "product" ? `(${flatValue(f)})` : flatValue(f)))
        .join(" * ");
  }
}

const argument = (a: Argument) => `${a.name === undefined ? "" : `${a.name.text}: `}${flatValue(a.value)}`;
