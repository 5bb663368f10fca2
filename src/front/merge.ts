// How a file that imports lies over what it imports: groups merge by key, everything else is replaced whole.
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { nothingToRemove } from "../diagnostics/imports.js";
import { EMPTY, isBroken, MERGING, type Member, type Section } from "./document.js";

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

const sameGroup = (a: Member, b: Member): boolean => a.value === undefined && b.value === undefined;

const sameKind = (a: Member, b: Member): boolean =>
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
