// Where a file names blocks and modalities: where it declares them, and where it uses them.
import { parse } from "../../grammar/parse.js";
import type { Argument, Entry, FieldEntry, Group, Path, Value, Word } from "../../grammar/tree.js";
import type { Source, Span } from "../diagnostics/diagnostic.js";
import { SECTIONS } from "./spec-names.js";

export interface Occurrence {
  readonly name: string;
  /** A path of `vary` and a `remove` say only that it is one of the two. */
  readonly of: "block" | "modality" | "either";
  readonly declares: boolean;
  /** Of the name alone, without quotes. */
  readonly span: Span;
}

type Of = Occurrence["of"];
const known = new WeakMap<Source, readonly Occurrence[]>();

export function occurrencesIn(source: Source): readonly Occurrence[] {
  const found = known.get(source) ?? parse(source).entries.flatMap((entry) => inSection(entry));
  known.set(source, found);
  return found;
}

const textOf = ({ names }: Path): string => names.map(({ text }) => text).join(".");
const isNamed = (entry: Entry, kind: string): entry is FieldEntry & { kind: Path } =>
  entry.type === "field" && entry.kind !== undefined && textOf(entry.kind) === kind;
const groupOf = (entry: Entry): readonly Entry[] => (entry.type === "field" ? (entry.group?.entries ?? []) : []);

function use({ text, span }: Word, of: Of, declares = false): Occurrence {
  const quoted = span.end - span.start === text.length + 2;
  return { name: text, of, declares, span: quoted ? { ...span, start: span.start + 1, end: span.end - 1 } : span };
}

const first = ({ names }: Path): Word[] => names.slice(0, 1);

function inSection(entry: Entry): Occurrence[] {
  if (entry.type !== "field") return [];
  const inside = groupOf(entry);
  if (isNamed(entry, "ablate")) return inAblation(inside);
  switch (textOf(entry.path)) {
    case "model":
      return inside.flatMap(inModel);
    case "objective":
      return inside.flatMap((one) =>
        one.type === "import" ? [] : first(one.path).map((word) => use(word, "modality")),
      );
    case "ablate":
      return inside.flatMap((one) => inAblation(groupOf(one)));
    default:
      return [];
  }
}

function inModel(entry: Entry): Occurrence[] {
  if (entry.type === "remove") return first(entry.path).map((word) => use(word, "either"));
  if (entry.type !== "field") return [];
  for (const of of ["block", "modality"] as const) {
    if (isNamed(entry, of)) return declared(entry, of);
    // `block { mixer: mamba }` says the same as `block mixer: mamba`.
    if (entry.kind === undefined && textOf(entry.path) === of)
      return groupOf(entry).flatMap((one) => (one.type === "field" ? declared(one, of) : []));
  }
  return textOf(entry.path) === "layers" && entry.value !== undefined ? namesIn(entry.value, "block") : [];
}

function declared(entry: FieldEntry, of: Of): Occurrence[] {
  return [...first(entry.path).map((word) => use(word, of, true)), ...inFields(entry)];
}

/** The modalities that `groups` name, wherever in a value or group. */
function inFields({ value, group }: { readonly value?: Value; readonly group?: Group }): Occurrence[] {
  const inside = (group?.entries ?? []).flatMap((entry) => (entry.type === "field" ? inFields(entry) : []));
  return [...(value === undefined ? [] : inValue(value)), ...inside];
}

function inValue(value: Value): Occurrence[] {
  if (value.type === "list") return value.items.flatMap(inValue);
  return value.type === "call" ? (value.args ?? []).flatMap(inArgument) : [];
}

const inArgument = ({ name, value }: Argument): Occurrence[] =>
  name?.text === "groups" ? namesIn(value, "modality") : inValue(value);

/** Every name in lists, sums and products. */
function namesIn(value: Value, of: Of): Occurrence[] {
  switch (value.type) {
    case "list":
      return value.items.flatMap((item) => namesIn(item, of));
    case "sum":
      return value.terms.flatMap((term) => namesIn(term, of));
    case "product":
      return value.factors.flatMap((factor) => namesIn(factor, of));
    case "string":
      return [use(value, of)];
    case "call":
      return value.args === undefined ? [use(value.name, of)] : [];
    default:
      return [];
  }
}

function inAblation(entries: readonly Entry[]): Occurrence[] {
  return entries.flatMap((entry) => {
    if (entry.type !== "field") return [];
    if (isNamed(entry, "vary")) return inPath(entry);
    const mapsPaths = ["vary", "baseline"].includes(textOf(entry.path));
    return mapsPaths ? groupOf(entry).flatMap((one) => (one.type === "field" ? inPath(one) : [])) : [];
  });
}

function inPath(entry: FieldEntry): Occurrence[] {
  const head = first(entry.path).filter(({ text }) => !SECTIONS.includes(text));
  const isLayers = textOf(entry.path) === "model.layers" && entry.value !== undefined;
  const inside = isLayers && entry.value !== undefined ? namesIn(entry.value, "block") : inFields(entry);
  return [...head.map((word) => use(word, "either")), ...inside];
}
