// The entries of a file, grouped by key, ready to be merged with the files that it imports.
import type { Entry, Group, Value, Word } from "../../grammar/tree.js";
import type { Diagnostic, Span } from "../diagnostics/diagnostic.js";
import { duplicate, reservedName } from "../diagnostics/fields.js";
import { importInside } from "../diagnostics/imports.js";

export interface Member {
  readonly name: Word;
  /**
   * A call's arguments are in `section` if the call has a group or its kind can be merged. An entry that could not be
   * parsed has neither a value nor a section.
   */
  readonly value?: Value;
  readonly section?: Section;
  /** Made by `KIND NAME` entries; `name` is then that of the first kind. */
  readonly container?: true;
  readonly span: Span;
}

export const isBroken = ({ value, section }: Member): boolean => value === undefined && section === undefined;

export interface Section {
  readonly members: ReadonlyMap<string, Member>;
  readonly removed: readonly Word[];
}

export const EMPTY: Section = { members: new Map(), removed: [] };

/** Members of the same kind are merged field by field; other calls are replaced as a whole. */
export const MERGING = new Set(["modality", "block"]);

export interface Gathered extends Section {
  readonly imports: readonly Word[];
}

/** Reports duplicate keys, and imports inside groups. */
export function gather(entries: readonly Entry[], diagnostics: Diagnostic[]): Gathered {
  const imports = entries.filter((e) => e.type === "import").map((e) => e.path);
  return { imports, ...gatherSection(entries, diagnostics) };
}

function gatherSection(entries: readonly Entry[], diagnostics: Diagnostic[]): Section {
  const members = new Map<string, Member>();
  const removed: Word[] = [];
  const containers = new Map<string, Map<string, Member>>();
  const add = (to: Map<string, Member>, member: Member) => {
    const earlier = to.get(member.name.text);
    if (member.name.text === "__proto__") diagnostics.push(reservedName(member.name.span, "__proto__"));
    else if (earlier === undefined || isBroken(earlier)) to.set(member.name.text, member);
    else if (!isBroken(member)) diagnostics.push(duplicate(member.name.span, member.name.text, earlier.name.span));
  };
  for (const entry of entries) {
    if (entry.type === "import") continue;
    const name: Word = { text: entry.path.names.map((n) => n.text).join("."), span: entry.path.span };
    if (entry.type === "remove") {
      removed.push(name);
      continue;
    }
    if (entry.kind === undefined) {
      add(members, { ...contents(entry.value, entry.group, false, diagnostics), name, span: entry.span });
      continue;
    }
    if (entry.value === undefined && entry.group === undefined) continue;
    const kind: Word = { text: entry.kind.names.map((n) => n.text).join("."), span: entry.kind.span };
    const inside = containers.get(kind.text) ?? new Map<string, Member>();
    if (!containers.has(kind.text)) {
      containers.set(kind.text, inside);
      add(members, { name: kind, section: { members: inside, removed: [] }, container: true, span: entry.span });
    }
    const merges = MERGING.has(kind.text);
    add(inside, { ...contents(entry.value, entry.group, merges, diagnostics), name, span: entry.span });
  }
  return { members, removed };
}

/** A value and its group. Named arguments of a call move into the group if they can be merged with others. */
function contents(
  value: Value | undefined,
  group: Group | undefined,
  merges: boolean,
  diagnostics: Diagnostic[],
): { value?: Value; section?: Section } {
  const section = group && gatherSection(group.entries, diagnostics);
  for (const inside of group?.entries ?? []) {
    if (inside.type === "import") diagnostics.push(importInside(inside.span));
  }
  if (value === undefined) return section === undefined ? {} : { section };
  if (value.type !== "call" || (section === undefined && !merges))
    return section === undefined ? { value } : { value, section };
  const members = new Map<string, Member>();
  const args = value.args ?? [];
  const named = args.flatMap((a) =>
    a.name === undefined ? [] : [{ name: a.name, value: a.value, span: a.value.span }],
  );
  for (const member of [...named, ...(section?.members.values() ?? [])]) {
    const earlier = members.get(member.name.text);
    if (member.name.text === "__proto__") diagnostics.push(reservedName(member.name.span, "__proto__"));
    else if (earlier === undefined) members.set(member.name.text, member);
    else diagnostics.push(duplicate(member.name.span, member.name.text, earlier.name.span));
  }
  const unnamed = args.filter((a) => a.name === undefined);
  const { args: _, ...bare } = value;
  const call: Value = unnamed.length > 0 ? { ...bare, args: unnamed } : bare;
  return { value: call, section: { members, removed: section?.removed ?? [] } };
}
