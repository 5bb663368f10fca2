// A spec's diagnostics as an editor shows them. All are shown in the spec's own file: what is wrong with it in a file that
// it imports stands at the import, since that file may be right by itself.
import { DiagnosticSeverity, type Diagnostic as EditorDiagnostic, type Location } from "vscode-languageserver";
import { parse } from "../../grammar/parse.js";
import { codeOf } from "../diagnostics/codes.js";
import { type Diagnostic, isError, type Source, type Span } from "../diagnostics/diagnostic.js";
import { type Checked, IMPORTED } from "../front/check.js";
import { beside } from "../front/paths.js";
import { rangeIn, visible } from "./text.js";

export interface Files {
  readonly uriOf: (path: string) => string;
  /** A file and all that it imports. */
  readonly closure: (path: string) => readonly Source[];
}

export function diagnosticsOf({ diagnostics, sources }: Checked, files: Files): EditorDiagnostic[] {
  const [entry] = sources;
  if (entry === undefined) return [];
  const sourceOf = (span: Span): Source | undefined => sources.find(({ path }) => path === span.path);
  const locate = (span: Span): Location[] => {
    const source = sourceOf(span);
    return source === undefined ? [] : [{ uri: files.uriOf(span.path), range: rangeIn(source, visible(source, span)) }];
  };
  return diagnostics.map((diagnostic) => {
    const { span = { path: entry.path, start: 0, end: 0 }, related = [], name } = diagnostic;
    const imported = span.path !== entry.path;
    const at = imported ? importOf(entry, span.path, files) : visible(entry, span);
    // That the spec imports it is where this is shown.
    const others = related
      .filter(({ span: other, note }) => !(other.path === entry.path && note === IMPORTED))
      .flatMap(({ span: other, note }) => locate(other).map((location) => ({ location, message: note })));
    const here = imported ? locate(span).map((location) => ({ location, message: "here" })) : [];
    const information = [...here, ...others];
    return {
      range: rangeIn(entry, at),
      severity: isError(diagnostic) ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
      code: codeOf(name),
      source: "mom",
      message: `${imported ? `In ${span.path.split("/").at(-1)}: ` : ""}${messageOf(diagnostic)}`,
      ...(information.length > 0 && { relatedInformation: information }),
    };
  });
}

/** The import of `entry` that leads to a file. */
function importOf(entry: Source, path: string, { closure }: Files): Span {
  const leads = (name: string): boolean => closure(beside(entry.path, name)).some((source) => source.path === path);
  const found = parse(entry).entries.find((one) => one.type === "import" && leads(one.path.text));
  return found?.span ?? { path: entry.path, start: 0, end: 0 };
}

/** What is wrong, and beneath it what would be right. */
function messageOf({ message, expected, help, example }: Diagnostic): string {
  const lines = [message];
  if (expected !== undefined && expected !== "") lines.push(`Expected: ${expected}`);
  if (help !== undefined) lines.push(help);
  if (example !== undefined) lines.push(`Example: ${example}`);
  return lines.join("\n");
}
