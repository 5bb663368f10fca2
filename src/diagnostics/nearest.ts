// Suggestions for misspelt names.
import { distance } from "fastest-levenshtein";

/** At most three known names within a few edits of `name`, the nearest first. */
export function nearest(name: string, known: Iterable<string>): string[] {
  const limit = Math.max(1, Math.floor(name.length / 2.5));
  const wanted = name.toLowerCase();
  return [...known]
    .map((candidate) => ({ candidate, edits: editsTo(wanted, candidate.toLowerCase()) }))
    .filter(({ edits }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits || a.candidate.localeCompare(b.candidate))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** A name that contains the other counts as one edit away: `proj` for `in_proj`. */
const editsTo = (wanted: string, candidate: string) =>
  wanted.length > 2 && candidate.length > 2 && (candidate.includes(wanted) || wanted.includes(candidate))
    ? 1
    : wanted.length > 100
      ? Number.POSITIVE_INFINITY
      : distance(wanted, candidate);

/** “Did you mean …?”, or all known names if none is similar. */
export function suggestion(name: string, known: Iterable<string>): string | undefined {
  const all = [...known];
  const near = nearest(name, all);
  if (near.length > 0) return `Did you mean ${listed(near, "or")}?`;
  return all.length === 0 ? undefined : `Valid here: ${listed(all, "and")}.`;
}

/** `a`, `b` and `c` */
export function listed(names: readonly string[], word: "and" | "or"): string {
  const ticked = names.map((name) => `\`${name}\``);
  const last = ticked.pop() ?? "";
  return ticked.length === 0 ? last : `${ticked.join(", ")} ${word} ${last}`;
}
