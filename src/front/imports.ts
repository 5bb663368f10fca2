// A spec and the files that it imports, read once each and merged into one document: groups merge by key, everything else is
// replaced whole.
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

/** A file by its path: its text; undefined where there is none. */
export interface Read {
  (path: string): Source | undefined | Refused;
  /** Names of the specs in the folder that a path leads into, for near names; left out, there are none to tell. */
  readonly beside?: (path: string) => readonly string[];
}

const FILES = 64;

interface Loaded {
  readonly section: Section;
  readonly sources: readonly Source[];
  readonly diagnostics: Diagnostic[];
  /** Where each file but the first is imported first. */
  readonly importedAt: ReadonlyMap<string, Span>;
}

/**
 * The entry may be a spec in JSON, which its path says.
 * Files are known by the `path` that `read` gives back, so it should name one file in one way.
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

/** `over` laid over `base`, in the base's order. What `over` removes is taken from the base. */
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

/** Takes `KIND name` away, whatever its kind. */
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
