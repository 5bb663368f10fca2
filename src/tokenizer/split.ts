// Splits a text at the matches of a pattern, with the five behaviours of a tokenizer.json.
import { type Place, refuse, shown, stringOf } from "./fields.js";

/** A range of UTF-16 units of a text (`end` is exclusive), and whether the pattern matches it. */
export interface Match {
  readonly start: number;
  readonly end: number;
  readonly matches: boolean;
}

/** Covers the text in order without gaps. */
export type Matcher = (text: string) => readonly Match[];

export type Behaviour = "Removed" | "Isolated" | "Contiguous" | "MergedWithPrevious" | "MergedWithNext";

const JOINS: Readonly<Record<Behaviour, (pieces: readonly Match[]) => readonly Match[]>> = {
  Removed: (pieces) => pieces.filter(({ matches }) => !matches),
  Isolated: (pieces) => pieces,
  Contiguous: (pieces) => joined(pieces, (piece, before) => piece.matches === before),
  MergedWithPrevious: (pieces) => joined(pieces, (piece, before) => piece.matches && !before),
  MergedWithNext: (pieces) => joined([...pieces].reverse(), (piece, before) => piece.matches && !before).reverse(),
};

export function behaviourOf(place: Place): Behaviour {
  const name = stringOf(place);
  if (Object.hasOwn(JOINS, name)) return name as Behaviour;
  return refuse(place, `${shown(name)} is not supported`, `Use one of: ${Object.keys(JOINS).join(", ")}.`);
}

/** Leaves out empty pieces, but only after the behaviour has joined pieces. */
export const splitPieces = (pieces: readonly Match[], behaviour: Behaviour): readonly Match[] =>
  JOINS[behaviour](pieces).filter(({ start, end }) => start < end);

/** Joins a piece to the previous one (in the given order) if `joins` returns true. Nothing matches before the first. */
function joined(pieces: readonly Match[], joins: (piece: Match, before: boolean) => boolean): Match[] {
  const found: { start: number; end: number; matches: boolean }[] = [];
  let before = false;
  for (const piece of pieces) {
    const last = found.at(-1);
    if (last !== undefined && joins(piece, before)) {
      last.start = Math.min(last.start, piece.start);
      last.end = Math.max(last.end, piece.end);
    } else found.push({ ...piece });
    before = piece.matches;
  }
  return found;
}

/** The end of a match that begins at an index; −1 if there is no match. */
type MatchAt = (text: string, at: number) => number;

/** The successive matches of a pattern. As in the library, an empty match cannot directly follow a match. */
export const matchesOf =
  (matchAt: MatchAt): Matcher =>
  (text) => {
    const pieces: Match[] = [];
    let done = 0;
    let last = -1;
    for (let at = 0; at <= text.length; ) {
      const end = matchAt(text, at);
      if (end === -1 || (end === at && end === last)) {
        at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
        continue;
      }
      if (done < at) pieces.push({ start: done, end: at, matches: false });
      pieces.push({ start: at, end, matches: true });
      done = end;
      last = end;
      at = end;
    }
    if (done < text.length) pieces.push({ start: done, end: text.length, matches: false });
    return pieces;
  };

/** Matches each character that passes a test, one at a time. */
export const charactersThat = (test: (point: number) => boolean): Matcher =>
  matchesOf((text, at) => {
    const point = text.codePointAt(at);
    return point !== undefined && test(point) ? at + (point > 0xffff ? 2 : 1) : -1;
  });

/** Splits a text into runs of characters of one kind. */
export function runsOf<Kind>(text: string, kindOf: (point: number) => Kind) {
  const runs: { readonly start: number; end: number; readonly kind: Kind }[] = [];
  for (let at = 0; at < text.length; ) {
    const point = text.codePointAt(at) as number;
    const end = at + (point > 0xffff ? 2 : 1);
    const kind = kindOf(point);
    const last = runs.at(-1);
    if (last?.kind === kind) last.end = end;
    else runs.push({ start: at, end, kind });
    at = end;
  }
  return runs;
}

export const inverted =
  (matcher: Matcher): Matcher =>
  (text) =>
    matcher(text).map(({ start, end, matches }) => ({ start, end, matches: !matches }));

/** Replaces each match. */
export function replacing(matcher: Matcher, content: string): (text: string) => string {
  return (text) => {
    let changed = "";
    for (const { start, end, matches } of matcher(text)) changed += matches ? content : text.slice(start, end);
    return changed;
  };
}
