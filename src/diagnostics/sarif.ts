// Diagnostics as SARIF 2.1.0, which code hosts show beside the lines (docs.oasis-open.org/sarif/sarif/v2.1.0).
import type { Location, Log, PhysicalLocation, ReportingDescriptor, Result } from "sarif";
import { codeOf, MISTAKES, type MistakeName } from "./codes.js";
import type { Diagnostic, Related, Source, Span } from "./diagnostic.js";
import { positionOf } from "./render.js";

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

/** A log of one run. Lines and columns count from 1, columns in UTF-16 units. */
export function diagnosticsAsSarif(
  diagnostics: readonly Diagnostic[],
  sources: readonly Source[],
  version: string,
): Log {
  const names = [...new Set(diagnostics.map(({ name }) => name))];
  const results = diagnostics.map((one): Result => ({ ...resultOf(one, sources), ruleIndex: names.indexOf(one.name) }));
  const driver = { name: "mom", version, rules: names.map(ruleOf) };
  return { $schema: SCHEMA, version: "2.1.0", runs: [{ tool: { driver }, columnKind: "utf16CodeUnits", results }] };
}

function resultOf(diagnostic: Diagnostic, sources: readonly Source[]): Result {
  const { name, severity, span, related } = diagnostic;
  const relatedTo = ({ span: of, note }: Related, id: number): Location => ({
    id,
    physicalLocation: physicalLocation(of, sources),
    message: { text: note },
  });
  return {
    ruleId: codeOf(name),
    level: severity,
    message: { text: messageOf(diagnostic) },
    ...(span && { locations: [{ physicalLocation: physicalLocation(span, sources) }] }),
    ...(related && { relatedLocations: related.map(relatedTo) }),
  };
}

function physicalLocation({ path, start, end }: Span, sources: readonly Source[]): PhysicalLocation {
  const text = sources.find((source) => source.path === path)?.text ?? "";
  const [from, to] = [positionOf(text, start), positionOf(text, end)];
  const region = { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column };
  return { artifactLocation: { uri: encodeURI(path.replaceAll("\\", "/")) }, region };
}

const messageOf = ({ message, expected, help }: Diagnostic): string =>
  [message, ...(expected ? [`Expected ${expected}.`] : []), ...(help ? [help] : [])].join(" ");

const ruleOf = (name: MistakeName): ReportingDescriptor => {
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
