// Diagnostics as SARIF 2.1.0, which code hosts show beside the lines (docs.oasis-open.org/sarif/sarif/v2.1.0).
import { codeOf, MISTAKES, type MistakeName } from "./codes.js";
import type { Diagnostic, Source, Span } from "./diagnostic.js";
import { positionOf } from "./render.js";

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

/** A log of one run. Lines and columns count from 1, columns in UTF-16 units. */
export function diagnosticsAsSarif(
  diagnostics: readonly Diagnostic[],
  sources: readonly Source[],
  version: string,
): object {
  const names = [...new Set(diagnostics.map(({ name }) => name))];
  const place = (span: Span): object => physicalLocation(span, sources);
  const results = diagnostics.map((diagnostic) => ({
    ruleId: codeOf(diagnostic.name),
    ruleIndex: names.indexOf(diagnostic.name),
    level: diagnostic.severity,
    message: { text: messageOf(diagnostic) },
    ...(diagnostic.span && { locations: [{ physicalLocation: place(diagnostic.span) }] }),
    ...(diagnostic.related && {
      relatedLocations: diagnostic.related.map(({ span, note }, id) => ({
        id,
        physicalLocation: place(span),
        message: { text: note },
      })),
    }),
  }));
  const driver = { name: "mom", version, rules: names.map(ruleOf) };
  return { $schema: SCHEMA, version: "2.1.0", runs: [{ tool: { driver }, columnKind: "utf16CodeUnits", results }] };
}

function physicalLocation({ path, start, end }: Span, sources: readonly Source[]): object {
  const text = sources.find((source) => source.path === path)?.text ?? "";
  const [from, to] = [positionOf(text, start), positionOf(text, end)];
  const region = { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column };
  return { artifactLocation: { uri: encodeURI(path.replaceAll("\\", "/")) }, region };
}

const messageOf = ({ message, expected, help }: Diagnostic): string =>
  [message, ...(expected ? [`Expected ${expected}.`] : []), ...(help ? [help] : [])].join(" ");

const ruleOf = (name: MistakeName): object => {
  const { title, meaning, severity = "error" } = MISTAKES[name];
  return {
    id: codeOf(name),
    name: name.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: title },
    fullDescription: { text: meaning },
    help: { text: `mom explain ${codeOf(name)}` },
    defaultConfiguration: { level: severity },
  };
};
