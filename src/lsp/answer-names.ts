// Definition, references and rename for the names of blocks and modalities in a spec and its imports, also in invalid specs.
import { type Connection, type Location, ResponseError, type TextEdit } from "vscode-languageserver";
import { parse } from "../../grammar/parse.js";
import type { Argument, Entry, FieldEntry, Group, Path, Value, Word } from "../../grammar/tree.js";
import type { Source, Span } from "../diagnostics/diagnostic.js";
import { beside } from "../front/paths.js";
import { columnsOf, fieldNode, fieldsOf, kindNode, ROOT } from "../front/schema.js";
import type { Json } from "../front/spec.js";
import { valueIn } from "../front/vary.js";
import { offsetIn, rangeIn } from "./text.js";
import { pathOf, type Workspace } from "./workspace.js";

/** The protocol's code for a request that failed. */
const REQUEST_FAILED = -32803;

export function answerNames(connection: Connection, workspace: Workspace): void {
  const locate = (span: Span): Location[] => {
    const source = workspace.source(span.path);
    return source === undefined ? [] : [{ uri: workspace.uriOf(span.path), range: rangeIn(source, span) }];
  };
  const at = (uri: string, position: Location["range"]["start"]) => {
    const source = workspace.source(pathOf(uri));
    const offset = source === undefined ? 0 : offsetIn(source, position);
    return { source, offset, found: source && occurrenceAt(source, offset) };
  };

  connection.onDefinition(({ textDocument: { uri }, position }): Location[] => {
    const { source, offset, found } = at(uri, position);
    if (source === undefined) return [];
    if (found !== undefined) return declarationsOf(found, source, workspace).flatMap(locate);
    const path = importedAt(source, offset);
    return path === undefined ? [] : locate({ path, start: 0, end: 0 });
  });
  connection.onReferences(({ textDocument: { uri }, position }): Location[] => {
    const { source, found } = at(uri, position);
    workspace.refresh();
    return source === undefined || found === undefined ? [] : referencesTo(found, source, workspace).flatMap(locate);
  });
  connection.onPrepareRename(({ textDocument: { uri }, position }) => {
    const { source, found } = at(uri, position);
    return source && found ? { range: rangeIn(source, found.span), placeholder: found.name } : null;
  });
  connection.onRenameRequest(({ textDocument: { uri }, position, newName }) => {
    const { source, found } = at(uri, position);
    if (source === undefined || found === undefined)
      return new ResponseError<void>(REQUEST_FAILED, "Only blocks and modalities can be renamed.");
    workspace.refresh();
    const spans = rename(found, newName, source, workspace);
    if (typeof spans === "string") return new ResponseError<void>(REQUEST_FAILED, spans);
    const changes: Record<string, TextEdit[]> = {};
    for (const { uri: file, range } of spans.flatMap(locate)) {
      changes[file] = [...(changes[file] ?? []), { range, newText: newName }];
    }
    return { changes };
  });
}

/** The path of the imported file, if the offset is in an import. */
function importedAt(source: Source, offset: number): string | undefined {
  const entry = parse(source).entries.find(({ span }) => span.start <= offset && offset <= span.end);
  return entry?.type === "import" ? beside(source.path, entry.path.text) : undefined;
}

type Files = Pick<Workspace, "specs" | "closure">;

const occurrenceAt = (source: Source, offset: number): Occurrence | undefined =>
  occurrencesIn(source).find(({ span }) => span.start <= offset && offset <= span.end);

const same = (a: Occurrence, b: Occurrence): boolean =>
  a.name === b.name && (a.of === b.of || a.of === "either" || b.of === "either");

/** Declarations in `source` and its imports. If there are none, those in all files that use the name. */
function declarationsOf(wanted: Occurrence, source: Source, files: Files): Span[] {
  const declaring = (sources: Iterable<Source>): Span[] =>
    [...sources].flatMap((one) =>
      occurrencesIn(one)
        .filter((o) => o.declares && same(o, wanted))
        .map(({ span }) => span),
    );
  const near = declaring(files.closure(source.path));
  return near.length > 0 ? near : declaring(related(wanted, source, files).values());
}

function referencesTo(wanted: Occurrence, source: Source, files: Files): Span[] {
  const sources = [...related(wanted, source, files).values()];
  return sources.flatMap((one) =>
    occurrencesIn(one)
      .filter((o) => same(o, wanted))
      .map(({ span }) => span),
  );
}

/** The files in which a name means the same: all files of specs that contain one of them, transitively. */
function related(wanted: Occurrence, source: Source, files: Files): Map<string, Source> {
  const names = (one: Source): boolean => occurrencesIn(one).some((o) => same(o, wanted));
  const specs = [source.path, ...files.specs()].map((path) => files.closure(path).filter(names));
  const found = new Map([[source.path, source]]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const sources of specs) {
      if (sources.some(({ path }) => found.has(path))) for (const one of sources) found.set(one.path, one);
    }
  }
  return found;
}

const KEYWORDS = ["import", "remove", "true", "false"];

/** The spans to replace by the new name, or the reason why it is invalid. */
function rename(wanted: Occurrence, name: string, source: Source, files: Files): Span[] | string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return `\`${name}\` is not a name: use letters, digits and underscores.`;
  if (KEYWORDS.includes(name) || SECTIONS.includes(name) || name === "__proto__")
    return `\`${name}\` is a word of the language: choose another name.`;
  const sources = related(wanted, source, files);
  const specs = files.specs().map((path) => files.closure(path));
  const together = specs.filter((all) => all.some(({ path }) => sources.has(path))).flat();
  const taken = [...sources.values(), ...together].flatMap(occurrencesIn).find((o) => o.declares && o.name === name);
  if (taken !== undefined && name !== wanted.name)
    return `The ${taken.of} \`${name}\` already exists in ${taken.span.path}.`;
  return referencesTo(wanted, source, files);
}

interface Occurrence {
  readonly name: string;
  /** A path of `vary` or a `remove` can mean either. */
  readonly of: "block" | "modality" | "either";
  readonly declares: boolean;
  /** The span of the name without quotes. */
  readonly span: Span;
}

type Of = Occurrence["of"];
const known = new WeakMap<Source, readonly Occurrence[]>();

function occurrencesIn(source: Source): readonly Occurrence[] {
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
    case "data":
      return inside.flatMap((one) => (isSource(one) ? inSource(one) : []));
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
    // `block { mixer: mamba }` means the same as `block mixer: mamba`.
    if (entry.kind === undefined && textOf(entry.path) === of)
      return groupOf(entry).flatMap((one) => (one.type === "field" ? declared(one, of) : []));
  }
  return textOf(entry.path) === "layers" && entry.value !== undefined ? namesIn(entry.value, "block") : [];
}

function declared(entry: FieldEntry, of: Of): Occurrence[] {
  return [...first(entry.path).map((word) => use(word, of, true)), ...inFields(entry)];
}

/** The modalities that `groups` names, at any depth. */
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

const isSource = (entry: Entry): entry is FieldEntry =>
  isNamed(entry, "validation") || (entry.type === "field" && ["source", "validation"].includes(textOf(entry.path)));

const SOURCE = fieldNode(fieldNode(ROOT, "data") ?? {}, "source") ?? {};

/** The modalities that columns are mapped to, and those of `order`. */
function inSource({ value, group }: { readonly value?: Value; readonly group?: Group }): Occurrence[] {
  if (value?.type === "list") return value.items.flatMap((item) => inSource({ value: item }));
  if (value?.type !== "call") return [];
  const kind = kindNode(SOURCE, value.name.text) ?? {};
  const own = (value.args ?? []).flatMap(({ name, value }) => (name === undefined ? [] : [{ name, value }]));
  const inside = (group?.entries ?? []).flatMap((entry) =>
    entry.type === "field" ? first(entry.path).map((name) => ({ name, value: entry.value })) : [],
  );
  return [...own, ...inside].flatMap(({ name, value }) => {
    if (name.text === "order") return value === undefined ? [] : namesIn(value, "modality");
    if (name.text === "of") return value === undefined ? [] : inSource({ value });
    const isColumn = columnsOf(kind) !== undefined && kind.properties?.[name.text] === undefined;
    return isColumn ? [use(name, "modality")] : [];
  });
}

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
  const [section, field] = entry.path.names.map(({ text }) => text);
  const ofSource = section === "data" && (field === "source" || field === "validation");
  const inside =
    isLayers && entry.value !== undefined
      ? namesIn(entry.value, "block")
      : ofSource
        ? listed(entry.value).flatMap((value) => inSource({ value }))
        : inFields(entry);
  return [...head.map((word) => use(word, "either")), ...inside];
}

const listed = (value: Value | undefined): readonly Value[] => (value?.type === "list" ? value.items : []);

const SECTIONS: readonly string[] = fieldsOf(ROOT);

const keysOf = (json: Json | undefined): string[] =>
  typeof json === "object" && json !== null && !Array.isArray(json) ? Object.keys(json) : [];

export const blocksOf = (spec: Json): string[] => keysOf(valueIn(spec, "/model/block"));
export const modalitiesOf = (spec: Json): string[] => keysOf(valueIn(spec, "/model/modality"));
export const objectivesOf = (spec: Json): string[] => keysOf(valueIn(spec, "/objective"));

/** The kind, such as `mamba` or `bytes`; undefined if it is unknown. */
export function kindOf(spec: Json, of: "block" | "modality", name: string): string | undefined {
  const value = valueIn(spec, `/model/${of}`);
  const own =
    typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
  const kind = own === undefined ? undefined : valueIn(own, "/kind");
  return typeof kind === "string" ? kind : undefined;
}
