// Definition, references and rename over the protocol.
import { type Connection, type Location, ResponseError, type TextEdit } from "vscode-languageserver";
import { parse } from "../../grammar/parse.js";
import type { Source, Span } from "../diagnostics/diagnostic.js";
import { beside } from "../front/paths.js";
import { declarationsOf, occurrenceAt, referencesTo, rename } from "./names.js";
import { offsetIn, rangeIn } from "./text.js";
import { pathOf, type Workspace } from "./workspace.js";

/** Of the protocol: a request that cannot be done as asked. */
const REQUEST_FAILED = -32803;

export function answerNames(connection: Connection, workspace: Workspace): void {
  const locate = (span: Span): Location[] => {
    const source = workspace.source(span.path);
    return source === undefined ? [] : [{ uri: workspace.uriOf(span.path), range: rangeIn(source, span) }];
  };
  const at = (uri: string, position: Location["range"]["start"]) => {
    const source = workspace.source(pathOf(uri));
    const offset = source === undefined ? 0 : offsetIn(source, position);
    return { source, offset, found: source && occurrenceAt(source, offset) };
  };

  connection.onDefinition(({ textDocument: { uri }, position }): Location[] => {
    const { source, offset, found } = at(uri, position);
    if (source === undefined) return [];
    if (found !== undefined) return declarationsOf(found, source, workspace).flatMap(locate);
    const path = importedAt(source, offset);
    return path === undefined ? [] : locate({ path, start: 0, end: 0 });
  });
  connection.onReferences(({ textDocument: { uri }, position }): Location[] => {
    const { source, found } = at(uri, position);
    workspace.refresh();
    return source === undefined || found === undefined ? [] : referencesTo(found, source, workspace).flatMap(locate);
  });
  connection.onPrepareRename(({ textDocument: { uri }, position }) => {
    const { source, found } = at(uri, position);
    return source && found ? { range: rangeIn(source, found.span), placeholder: found.name } : null;
  });
  connection.onRenameRequest(({ textDocument: { uri }, position, newName }) => {
    const { source, found } = at(uri, position);
    if (source === undefined || found === undefined)
      return new ResponseError<void>(REQUEST_FAILED, "Blocks and modalities can be renamed; this is neither.");
    workspace.refresh();
    const spans = rename(found, newName, source, workspace);
    if (typeof spans === "string") return new ResponseError<void>(REQUEST_FAILED, spans);
    const changes: Record<string, TextEdit[]> = {};
    for (const { uri: file, range } of spans.flatMap(locate)) {
      changes[file] = [...(changes[file] ?? []), { range, newText: newName }];
    }
    return { changes };
  });
}

/** The path of the file that an import names, where the offset is at its text. */
function importedAt(source: Source, offset: number): string | undefined {
  const entry = parse(source).entries.find(({ span }) => span.start <= offset && offset <= span.end);
  return entry?.type === "import" ? beside(source.path, entry.path.text) : undefined;
}
