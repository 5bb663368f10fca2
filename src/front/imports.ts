// Reads a spec and the files that it imports, once each, and merges them. Groups are merged by key; everything else is
// replaced as a whole.
import { parse } from "../../grammar/parse.js";
import type { Word } from "../../grammar/tree.js";
import type { Diagnostic, Source, Span } from "../diagnostics/diagnostic.js";
import {
  importCycle,
  importMissing,
  importOutside,
  importUnreadable,
  nothingToRemove,
  tooManyImports,
} from "../diagnostics/imports.js";
import { EMPTY, type Gathered, gather, isBroken, MERGING, type Member, type Section } from "./document.js";
import { isJson, parseJson } from "./parse-json.js";
import { beside } from "./paths.js";
import { isRefused, type Refused } from "./refused.js";

/** Reads a file; undefined if it does not exist. */
export interface Read {
  (path: string): Source | undefined | Refused;
  /** The names of the specs in the folder of a path, for suggestions. Default: none. */
  readonly beside?: (path: string) => readonly string[];
}

const FILES = 64;

interface Loaded {
  readonly section: Section;
  readonly sources: readonly Source[];
  readonly diagnostics: Diagnostic[];
  /** Where each file except the first is first imported. */
  readonly importedAt: ReadonlyMap<string, Span>;
}

/**
 * Loads a spec and its imports. The entry is JSON if its path ends with `.json`.
 * Files are identified by the `path` that `read` returns, so it should be unique per file.
 */
export function load(entry: Source, read: Read): Loaded {
  const diagnostics: Diagnostic[] = [];
  const sources = new Map<string, Source>();
  const order: Gathered[] = [];
  const importedAt = new Map<string, Span>();

  const visit = (source: Source, chain: readonly string[]) => {
    sources.set(source.path, source);
    const parsed = chain.length === 0 && isJson(source) ? parseJson(source) : parse(source);
    diagnostics.push(...parsed.diagnostics);
    const file = gather(parsed.entries, diagnostics);
    for (const imported of file.imports) follow(source, imported, [...chain, source.path]);
    order.push(file);
  };
  const follow = (from: Source, { text, span }: Word, chain: readonly string[]) => {
    const found = read(beside(from.path, text));
    if (isRefused(found))
      diagnostics.push(
        found.refused === "outside"
          ? importOutside(span, text, found.folder)
          : importUnreadable(span, text, found.reason),
      );
    else if (found === undefined)
      diagnostics.push(importMissing(span, text, read.beside?.(beside(from.path, text)) ?? []));
    else if (chain.includes(found.path))
      diagnostics.push(importCycle(span, [...chain.slice(chain.indexOf(found.path)), found.path]));
    else if (sources.has(found.path)) return;
    else if (sources.size >= FILES) diagnostics.push(tooManyImports(span, FILES));
    else {
      importedAt.set(found.path, span);
      visit(found, chain);
    }
  };
  visit(entry, []);
  const section = order.reduce<Section>((base, file) => merge(base, file, diagnostics), EMPTY);
  return { section, sources: [...sources.values()], diagnostics, importedAt };
}

/** `base` with the members of `over`, in the base's order, without what `over` removes. */
export function merge(base: Section, over: Section, diagnostics: Diagnostic[], within?: string): Section {
  const members = new Map(base.members);
  for (const name of over.removed) {
    if (members.delete(name.text) || removeNamed(members, name.text)) continue;
    const known = [...members].flatMap(([key, m]) => (m.container ? [...(m.section?.members.keys() ?? [])] : [key]));
    diagnostics.push(nothingToRemove(name.span, name.text, known));
  }
  for (const [key, member] of over.members) {
    members.set(key, mergeMember(members.get(key), member, diagnostics, within));
  }
  return { members, removed: [] };
}

function mergeMember(base: Member | undefined, over: Member, diagnostics: Diagnostic[], within?: string): Member {
  if (isBroken(over)) return base ?? over;
  if (over.section === undefined) return over;
  const below = over.container ? over.name.text : undefined;
  const meets =
    base?.section !== undefined && (sameGroup(base, over) || (MERGING.has(within ?? "") && sameKind(base, over)));
  const section = merge(meets && base.section ? base.section : EMPTY, over.section, diagnostics, below);
  return { ...over, section };
}

const sameGroup = (a: Member, b: Member) => a.value === undefined && b.value === undefined;

const sameKind = (a: Member, b: Member) =>
  a.value?.type === "call" && b.value?.type === "call" && a.value.name.text === b.value.name.text;

/** Removes `KIND name`, of any kind. */
function removeNamed(members: Map<string, Member>, name: string): boolean {
  for (const [key, member] of members) {
    if (!member.container || !member.section?.members.has(name)) continue;
    const left = new Map(member.section.members);
    left.delete(name);
    if (left.size === 0) members.delete(key);
    else members.set(key, { ...member, section: { ...member.section, members: left } });
    return true;
  }
  return false;
}
