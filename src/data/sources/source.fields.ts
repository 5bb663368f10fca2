// The fields of data sources in a checked spec, and functions that work for every kind.
import type { Diagnostic, Span } from "../../diagnostics/diagnostic.js";
import { isRecord } from "../../diagnostics/json-shape.js";
import * as report from "../../diagnostics/sources.js";
import { HELD_OUT } from "../held-out.js";
import { allSets, type EmojiSetName, inSetOrder } from "./emoji-sets.js";

/** What happens to a document that is longer than a sequence: an error, several documents, or its beginning only. */
export type Long = "refuse" | "split" | "cut";

/** Files that hold documents. */
interface OfFiles {
  /** Paths or patterns as written in the spec, relative to the spec's folder. */
  readonly paths: readonly string[];
  readonly long: Long;
}

/** Documents whose segments are columns. */
interface OfColumns {
  /** For each mapped modality, by its name, the columns to look into. In the order of a document's segments. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
  /** Whether the segments of a document are reversed half of the time. */
  readonly either_order: boolean;
}

/** Emoji with their names. */
export interface EmojiFields {
  readonly kind: "emoji";
  /** In the order of the documents, each once. */
  readonly sets: readonly EmojiSetName[];
  /** Patterns of English names; absent for all emoji. */
  readonly names?: readonly string[];
  /** CLDR's codes of languages: `de`, `pt-PT`. */
  readonly languages: readonly string[];
  /** The most keywords behind a name. */
  readonly keywords: number;
}

/** JSON Lines files. Their documents are lists of segments if no columns are mapped. */
export interface FilesFields extends OfFiles, OfColumns {
  readonly kind: "files";
}

/** Tar files. The columns of a document are the ends of its files' names. */
export interface WebdatasetFields extends OfFiles, OfColumns {
  readonly kind: "webdataset";
}

export interface ParquetFields extends OfFiles, OfColumns {
  readonly kind: "parquet";
}

export interface TableFields extends OfFiles, OfColumns {
  readonly kind: "table";
  /** Undefined if the end of a file's name decides. */
  readonly delimiter: "comma" | "tab" | "semicolon" | undefined;
}

/** A folder of files. If no columns are mapped, its contents decide. */
export interface FolderFields extends OfColumns {
  readonly kind: "folder";
  readonly path: string;
  /** The file with the other columns; undefined if it has its usual name or does not exist. */
  readonly metadata: string | undefined;
  readonly long: Long;
}

export interface ConversationsFields extends OfFiles {
  readonly kind: "conversations";
  /** The roles of turns and the text before each turn; the last role answers. Undefined for the usual ones. */
  readonly roles: readonly { readonly role: string; readonly marker: string }[] | undefined;
  readonly columns: OfColumns["columns"];
}

/** Texts of one document each. */
export interface TextFields extends OfFiles {
  readonly kind: "text";
}

/** Data that are prepared already. */
export interface PreparedFields {
  readonly kind: "prepared";
  readonly path: string;
}

/** Several sources, each with its share of the documents of every window of training. */
export interface MixtureFields {
  readonly kind: "mixture";
  readonly of: readonly { readonly source: DocumentSource; readonly weight: number }[];
}

/** Sources of documents; a mixture consists of such sources. */
export type DocumentSource =
  | EmojiFields
  | FilesFields
  | WebdatasetFields
  | ParquetFields
  | TableFields
  | FolderFields
  | ConversationsFields
  | TextFields;

export type SourceFields = DocumentSource | PreparedFields | MixtureFields;

export type SourceKind = SourceFields["kind"];

/** A source as JSON that matches the schema. Keys that its kind does not know are names of modalities. */
export interface SourceJson {
  readonly kind: SourceKind;
  readonly path?: string | readonly string[];
  readonly of?: readonly SourceJson[];
  readonly order?: readonly string[];
  readonly either_order?: boolean;
  readonly long?: Long;
  readonly weight?: number;
  readonly sets?: "all" | readonly EmojiSetName[];
  readonly names?: readonly string[];
  readonly languages?: readonly string[];
  readonly keywords?: number;
  readonly delimiter?: "comma" | "tab" | "semicolon";
  readonly metadata?: string;
  readonly roles?: Readonly<Record<string, string>>;
  readonly [modality: string]: unknown;
}

/** What the check of a source needs. */
export interface SourceContext {
  /** The names of the model's modalities; undefined if some may be missing. */
  readonly modalities: readonly string[] | undefined;
  /** The span of a value below the source, and that of its key. */
  at(...keys: (string | number)[]): Span;
  keyAt(...keys: (string | number)[]): Span;
  report(mistake: Diagnostic): void;
}

interface SourceRow<Fields> {
  /** Its fields in a spec, other than `kind`. */
  readonly fields: readonly string[];
  /** Whether all other keys are columns, and whether it needs one. */
  readonly columns?: "optional" | "needed";
  /** Whether its kind alone names it. */
  readonly named?: true;
  /** Whether `path` is a folder. */
  readonly folder?: true;
  check(json: SourceJson, context: SourceContext): Fields;
}

/** `source: emoji`. */
const BARE_EMOJI: EmojiFields = { kind: "emoji", sets: ["fluent_3d"], languages: ["en"], keywords: 0 };

const LISTED = ["path", "long", "weight"];
const MAPPED = [...LISTED, "order", "either_order"];

const ROWS: { readonly [K in SourceKind]: SourceRow<Extract<SourceFields, { readonly kind: K }>> } = {
  emoji: {
    fields: ["weight", "sets", "names", "languages", "keywords"],
    named: true,
    check: ({ sets = BARE_EMOJI.sets, names, languages = BARE_EMOJI.languages, keywords = BARE_EMOJI.keywords }) => ({
      kind: "emoji",
      sets: sets === "all" ? allSets() : inSetOrder(sets),
      ...(names && { names: [...new Set(names)] }),
      languages: [...new Set(languages.map((language) => language.replaceAll("_", "-")))],
      keywords,
    }),
  },
  files: {
    fields: MAPPED,
    columns: "optional",
    check: (json, context) => ({ kind: "files", ...ofFiles(json), ...ofColumns(json, context) }),
  },
  webdataset: {
    fields: MAPPED,
    columns: "needed",
    check: (json, context) => ({ kind: "webdataset", ...ofFiles(json), ...ofColumns(json, context) }),
  },
  parquet: {
    fields: MAPPED,
    columns: "needed",
    check: (json, context) => ({ kind: "parquet", ...ofFiles(json), ...ofColumns(json, context) }),
  },
  table: {
    fields: [...MAPPED, "delimiter"],
    columns: "needed",
    check: (json, context) => ({
      kind: "table",
      ...ofFiles(json),
      ...ofColumns(json, context),
      delimiter: json.delimiter,
    }),
  },
  folder: {
    fields: [...MAPPED, "metadata"],
    columns: "optional",
    folder: true,
    check(json, context) {
      const { paths, long } = ofFiles(json);
      return { kind: "folder", path: paths[0] ?? "", metadata: json.metadata, long, ...ofColumns(json, context) };
    },
  },
  conversations: {
    fields: [...LISTED, "roles"],
    columns: "optional",
    check(json, context) {
      const roles = json.roles && Object.entries(json.roles).map(([role, marker]) => ({ role, marker }));
      return { kind: "conversations", ...ofFiles(json), roles, columns: ofColumns(json, context).columns };
    },
  },
  text: { fields: LISTED, check: (json) => ({ kind: "text", ...ofFiles(json) }) },
  prepared: {
    fields: ["path"],
    folder: true,
    check: (json) => ({ kind: "prepared", path: ofFiles(json).paths[0] ?? "" }),
  },
  mixture: {
    fields: ["of"],
    check: ({ of = [] }, context) => ({
      kind: "mixture",
      // The schema allows no other sources in a mixture.
      of: of.map((json, i) => ({
        source: checkSource(json, within(context, "of", i)) as DocumentSource,
        weight: json.weight ?? 1,
      })),
    }),
  },
};

/** The context of a source that is below another. */
const within = ({ at, keyAt, ...context }: SourceContext, ...keys: (string | number)[]): SourceContext => ({
  ...context,
  at: (...more) => at(...keys, ...more),
  keyAt: (...more) => keyAt(...keys, ...more),
});

/** Checks JSON that matches the schema. */
export const checkSource = (json: SourceJson, context: SourceContext): SourceFields =>
  ROWS[json.kind].check(json, context);

function ofFiles({ path = [], long = "refuse" }: SourceJson): OfFiles {
  return { paths: typeof path === "string" ? [path] : path, long };
}

/** The keys of a source that are names of modalities. */
export const columnKeys = (json: SourceJson): string[] =>
  ROWS[json.kind]?.columns === undefined
    ? []
    : Object.keys(json).filter((key) => key !== "kind" && !ROWS[json.kind].fields.includes(key));

function ofColumns(json: SourceJson, context: SourceContext): OfColumns {
  const { modalities } = context;
  const mapped = columnKeys(json);
  checkColumnNames(json, context);
  if (mapped.length === 0 && ROWS[json.kind].columns === "needed")
    context.report(report.noColumns(context.at(), json.kind, modalities?.[0] ?? "text"));
  const written = checkOrder(json, mapped, context);
  const order = written ?? modalities?.filter((name) => mapped.includes(name)) ?? mapped;
  const columns = order.map((name) => [name, namesOf(json[name])]);
  return { columns: Object.fromEntries(columns), either_order: json.either_order ?? false };
}

const namesOf = (column: unknown): readonly string[] =>
  typeof column === "string" ? [column] : Array.isArray(column) ? column : [];

/** Each column belongs to a modality of the model. Also for a source whose other values are invalid. */
export function checkColumnNames(json: SourceJson, { modalities, keyAt, ...context }: SourceContext): void {
  if (modalities === undefined) return;
  for (const name of columnKeys(json)) {
    if (modalities.includes(name)) continue;
    context.report(report.unknownColumn(keyAt(name), name, json.kind, modalities, ROWS[json.kind].fields));
  }
}

/** The order as written; undefined if there is none or it does not fit. */
function checkOrder(
  json: SourceJson,
  mapped: readonly string[],
  context: SourceContext,
): readonly string[] | undefined {
  const { order } = json;
  if (order === undefined) return undefined;
  let fits = true;
  for (const [i, name] of order.entries()) {
    const twice = order.indexOf(name) < i;
    if (!twice && mapped.includes(name)) continue;
    fits = false;
    context.report(report.orderOf(context.at("order", i), name, twice, mapped));
  }
  const left = mapped.filter((name) => !order.includes(name));
  if (left.length > 0) context.report(report.orderWithout(context.at("order"), left));
  return fits && left.length === 0 ? order : undefined;
}

/** A checked source that an earlier version wrote, with the fields that kinds have had since. */
export function fromEarlierVersion(source: SourceFields): SourceFields {
  if (source.kind === "mixture") {
    const of = source.of.map((one) => ({ ...one, source: fromEarlierVersion(one.source) as DocumentSource }));
    return { ...source, of };
  }
  return source.kind === "emoji" ? { ...BARE_EMOJI, ...source } : source;
}

/** The folder of prepared data, or the sources of a mixture; a single source is a mixture of itself. */
export function partsOf(source: SourceFields): { readonly prepared: string } | { readonly parts: MixtureFields["of"] } {
  if (source.kind === "prepared") return { prepared: source.path };
  return { parts: source.kind === "mixture" ? source.of : [{ source, weight: 1 }] };
}

/** Whether a name is that of a source without fields. */
export const isSource = (name: string): name is SourceKind =>
  Object.hasOwn(ROWS, name) && ROWS[name as SourceKind].named === true;

/** The kinds that have a path. */
export const KINDS_WITH_PATHS: readonly string[] = Object.entries(ROWS).flatMap(([kind, { fields }]) =>
  fields.includes("path") ? [kind] : [],
);

/** The fields that hold paths. */
const PATHS = ["paths", "path", "metadata"] as const;

/** A source with other paths, also in the sources of which it consists. A path in the field `path` is that of a folder. */
export function withSourcePaths(
  source: SourceFields,
  change: (path: string, isFolder: boolean) => string,
): SourceFields {
  if ("of" in source) {
    const of = source.of.map((one) => ({ ...one, source: withSourcePaths(one.source, change) as DocumentSource }));
    return { ...source, of };
  }
  const written = source as { readonly [K in (typeof PATHS)[number]]?: string | readonly string[] };
  const changed = PATHS.flatMap((field): [string, unknown][] => {
    const path = written[field];
    if (path === undefined) return [];
    const changed = (one: string): string => change(one, field === "path");
    return [[field, typeof path === "string" ? changed(path) : path.map(changed)]];
  });
  return { ...source, ...Object.fromEntries(changed) };
}

/** All paths of a source, as written. */
export function sourcePaths(source: SourceFields): { readonly path: string; readonly isFolder: boolean }[] {
  const found: { path: string; isFolder: boolean }[] = [];
  withSourcePaths(source, (path, isFolder) => {
    found.push({ path, isFolder });
    return path;
  });
  return found;
}

/** The share of a source's documents that is held out by default; undefined if prepared data decide it. */
export const heldOutOf = (kind: unknown): number | undefined => (kind === "prepared" ? undefined : HELD_OUT);

/** Whether the contents of a file are those of the file that marks a folder of prepared data. */
export const marksPrepared = (json: unknown): boolean => isRecord(json) && json.format === PREPARED_FORMAT;

/** The file that marks a folder of prepared data, and its format. */
export const PREPARED_FILE = "data.json";
export const PREPARED_FORMAT = "mom data 1";

/** The paths in a source's JSON, with the keys that lead to them. */
export function pathsInJson(json: SourceJson): SourcePath[] {
  const isFolder = ROWS[json.kind].folder === true;
  const listed = typeof json.path === "string" ? [] : (json.path ?? []);
  return [
    ...(typeof json.path === "string" ? [{ keys: ["path"], path: json.path, isFolder }] : []),
    ...listed.map((path, i) => ({ keys: ["path", i], path, isFolder })),
    ...(json.metadata === undefined ? [] : [{ keys: ["metadata"], path: json.metadata, isFolder: false }]),
    ...(json.of ?? []).flatMap((one, i) =>
      pathsInJson(one).map(({ keys, ...rest }) => ({ keys: ["of", i, ...keys], ...rest })),
    ),
  ];
}

interface SourcePath {
  readonly keys: readonly (string | number)[];
  readonly path: string;
  /** Whether a folder is expected there. */
  readonly isFolder: boolean;
}

/** Whether a path that does not exist is a pattern for several files. A `\` before a character makes it literal. */
export const isPattern = (path: string): boolean => /(^|[^\\])[*?[{]/.test(path);

/** The folder that all files of a pattern are in: `books` of `books/*.txt`. */
export function beforePattern(path: string): string {
  const steps = path.split("/");
  const literal = steps.slice(0, steps.findIndex(isPattern)).join("/");
  return literal === "" ? (path.startsWith("/") ? "/" : ".") : literal;
}

/** A pattern from the first step with a wildcard on: `part-?/a.txt` of `books/part-?/a.txt`. */
export function fromPattern(path: string): string {
  const steps = path.split("/");
  return steps.slice(steps.findIndex(isPattern)).join("/");
}
