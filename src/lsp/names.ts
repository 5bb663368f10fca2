// Blocks and modalities across files: where one is declared, where it is used, and what renaming it changes.
import type { Source, Span } from "../diagnostics/diagnostic.js";
import { type Occurrence, occurrencesIn } from "./occurrences.js";
import { SECTIONS } from "./spec-names.js";
import type { Workspace } from "./workspace.js";

type Files = Pick<Workspace, "specs" | "closure">;

export const occurrenceAt = (source: Source, offset: number): Occurrence | undefined =>
  occurrencesIn(source).find(({ span }) => span.start <= offset && offset <= span.end);

const same = (a: Occurrence, b: Occurrence): boolean =>
  a.name === b.name && (a.of === b.of || a.of === "either" || b.of === "either");

/** Of the files that `source` imports and itself; where these have none, of all that know the name. */
export function declarationsOf(wanted: Occurrence, source: Source, files: Files): Span[] {
  const declaring = (sources: Iterable<Source>): Span[] =>
    [...sources].flatMap((one) =>
      occurrencesIn(one)
        .filter((o) => o.declares && same(o, wanted))
        .map(({ span }) => span),
    );
  const near = declaring(files.closure(source.path));
  return near.length > 0 ? near : declaring(related(wanted, source, files).values());
}

export function referencesTo(wanted: Occurrence, source: Source, files: Files): Span[] {
  const sources = [...related(wanted, source, files).values()];
  return sources.flatMap((one) =>
    occurrencesIn(one)
      .filter((o) => same(o, wanted))
      .map(({ span }) => span),
  );
}

/** The files that mean the same thing by a name: those of a spec that has one of them, again and again. */
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

/** The spans to write the new name over, or why it cannot be had. */
export function rename(wanted: Occurrence, name: string, source: Source, files: Files): Span[] | string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return `\`${name}\` is no name: names are letters, digits and underscores.`;
  if (KEYWORDS.includes(name) || SECTIONS.includes(name) || name === "__proto__")
    return `\`${name}\` cannot be a name of your own: it has a meaning already.`;
  const sources = related(wanted, source, files);
  const specs = files.specs().map((path) => files.closure(path));
  const together = specs.filter((all) => all.some(({ path }) => sources.has(path))).flat();
  const taken = [...sources.values(), ...together].flatMap(occurrencesIn).find((o) => o.declares && o.name === name);
  if (taken !== undefined && name !== wanted.name)
    return `There is a ${taken.of} \`${name}\` already, in ${taken.span.path}.`;
  return referencesTo(wanted, source, files);
}
