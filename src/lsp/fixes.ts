// Quick fixes: what mends a diagnostic, where that is known.
import type { MistakeName } from "../diagnostics/codes.js";
import type { Diagnostic, Source } from "../diagnostics/diagnostic.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Json } from "../front/spec.js";
import { namesAt } from "./completion.js";
import type { Fix, Place } from "./fix.js";
import { insertField, insertObjective, objectiveFor } from "./insertions.js";
import { indentAt } from "./text.js";

const replace = ({ start, end, found }: Place, text: string): Fix => ({
  title: text === "" ? `Remove \`${found}\`` : `Replace \`${found}\` by \`${text}\``,
  edits: [{ start, end, text }],
});

/** The nearest of the names that may stand there. */
const near = (place: Place): Fix[] =>
  nearest(place.found, namesAt(place.source, place.start, place.spec)).map((name) => replace(place, name));

const remove = (place: Place): Fix[] => [replace(place, "")];

const CLOSERS: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };
const openerOf = ({ diagnostic, source }: Place): { at: number; closer: string } | undefined => {
  const span = diagnostic.related?.[0]?.span;
  const closer = span === undefined ? undefined : CLOSERS[source.text[span.start] ?? ""];
  return span === undefined || closer === undefined ? undefined : { at: span.start, closer };
};
/** Blanks before an offset. */
const blanks = (text: string, offset: number, class_ = /[ \t]*$/): number =>
  class_.exec(text.slice(0, offset))?.[0].length ?? 0;

const FIXES: Readonly<Partial<Record<MistakeName, (place: Place) => readonly Fix[]>>> = {
  "unknown-field": near,
  "unknown-kind": near,
  "unknown-word": near,
  "unknown-block": near,
  "unknown-modality": near,
  "unknown-path": near,
  "nothing-to-remove": near,
  "no-objective": insertObjective,
  "missing-field": insertField,
  "objective-does-not-fit": (place) => {
    const name = /(\w+)\s*:\s*$/.exec(place.source.text.slice(0, place.start))?.[1] ?? "";
    return [replace(place, objectiveFor(name, place.spec))];
  },
  "hyphen-in-name": (place) => [replace(place, place.found.replaceAll("-", "_"))],
  "equals-sign": ({ source, start, end }) => {
    const before = start - blanks(source.text, start);
    const text = source.text[before - 1] === ":" ? "" : ":";
    return [{ title: "Replace `=` by `:`", edits: [{ start: before, end, text }] }];
  },
  semicolon: (place) => {
    const isLast = /^[ \t]*(?:[\r\n]|$|\/\/)/.test(place.source.text.slice(place.end));
    return [replace(place, isLast ? "" : ",")];
  },
  "single-quotes": (place) => [replace(place, JSON.stringify(place.found.slice(1, -1)))],
  "unclosed-string": ({ start, end, found }) => [
    { title: 'Add `"`', edits: [{ start, end, text: `"${found.slice(1).trimEnd()}"` }] },
  ],
  "foreign-comment": (place) => {
    const inner = /^\/\*+\s*(.*?)\s*\*+\/$/.exec(place.found)?.[1];
    const isLast = /^[ \t]*(?:[\r\n]|$)/.test(place.source.text.slice(place.end));
    const text = place.found.startsWith("#")
      ? `//${place.found.slice(1)}`
      : inner === undefined
        ? undefined
        : `// ${inner}`;
    if (text === undefined || !isLast) return [];
    return [{ title: "Write it as a `//` comment", edits: [{ start: place.start, end: place.end, text }] }];
  },
  "missing-close": (place) => {
    const opener = openerOf(place);
    if (opener === undefined) return [];
    const line = place.source.text.slice(opener.at, place.start).includes("\n");
    const text = opener.closer === "}" ? (line ? `\n${indentAt(place.source.text, opener.at)}}` : " }") : opener.closer;
    const { start } = place.diagnostic.span ?? place;
    return [{ title: `Add \`${opener.closer}\``, edits: [{ start, end: start, text }] }];
  },
  "wrong-close": (place) => {
    const opener = openerOf(place);
    return opener === undefined ? [] : [replace(place, opener.closer)];
  },
  "extra-close": remove,
  "extra-comma": remove,
  "missing-separator": (place) => {
    const { text } = place.source;
    const isEntry = place.diagnostic.message.includes("entry");
    const start = place.start - blanks(text, place.start);
    const inner = isEntry ? `\n${indentAt(text, place.start)}` : ", ";
    return [{ title: isEntry ? "Begin a new line" : "Add a comma", edits: [{ start, end: place.start, text: inner }] }];
  },
  "brace-on-own-line": ({ source, start }) => {
    const from = start - blanks(source.text, start, /\s*$/);
    return [{ title: "Move it to the line above", edits: [{ start: from, end: start, text: " " }] }];
  },
};

export function fixesOf(diagnostic: Diagnostic, source: Source, spec: Json): readonly Fix[] {
  const { span, name } = diagnostic;
  if (span === undefined || span.path !== source.path) return [];
  const { start, end } = span;
  return FIXES[name]?.({ source, diagnostic, start, end, found: source.text.slice(start, end), spec }) ?? [];
}
