// The language server. It uses the compiler's checker. Completion, hover, quick fixes, formatting, outline and inlay hints are
// here; names are in answer-names.ts.

import { diffLines } from "diff";
import {
  type CodeAction,
  CodeActionKind,
  type CompletionItem,
  type Connection,
  DidChangeWatchedFilesNotification,
  type DocumentSymbol,
  type InitializeParams,
  type InitializeResult,
  type InlayHint,
  InlayHintKind,
  InsertTextFormat,
  MarkupKind,
  type Range,
  SymbolKind,
  TextDocumentSyncKind,
  type TextEdit,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { format } from "../../grammar/format.js";
import { parse } from "../../grammar/parse.js";
import { printPath } from "../../grammar/print.js";
import type { Entry, FieldEntry } from "../../grammar/tree.js";
import type { Source } from "../diagnostics/diagnostic.js";
import type { Checked } from "../front/check.js";
import { beside } from "../front/paths.js";
import type { CheckedSpec } from "../front/spec.js";
import { type Costs, createCosts, flopsText, parametersText } from "../inspect/block-cost.js";
import { answerNames } from "./answer-names.js";
import { proposalsAt } from "./completion.js";
import { diagnosticsOf, fixesOf } from "./diagnostics.js";
import { hoverAt, variantsOf } from "./hover.js";
import { offsetIn, rangeIn, visible } from "./text.js";
import { asked, createWorkspace, type Disk, pathOf, type Workspace } from "./workspace.js";

/** Answers requests until the connection ends. */
export function serve(connection: Connection, disk: Disk, version: string): void {
  const workspace = createWorkspace(disk);
  const costs = createCosts();
  const texts = new Map<string, TextDocument>();
  const publisher = createPublisher(connection, workspace);
  let snippets = false;
  let watches = false;

  connection.onInitialize(({ capabilities, workspaceFolders, rootUri }: InitializeParams): InitializeResult => {
    snippets = capabilities.textDocument?.completion?.completionItem?.snippetSupport ?? false;
    watches = capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration ?? false;
    const folders = workspaceFolders?.map(({ uri }) => uri) ?? (rootUri === null ? [] : [rootUri]);
    for (const uri of folders) workspace.addFolder(uri);
    return {
      serverInfo: { name: "mom lsp", version },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        completionProvider: { triggerCharacters: [".", '"', "/", ":", "(", "[", " "] },
        hoverProvider: true,
        definitionProvider: true,
        referencesProvider: true,
        renameProvider: { prepareProvider: true },
        codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
        documentFormattingProvider: true,
        documentSymbolProvider: true,
        inlayHintProvider: true,
      },
    };
  });
  connection.onInitialized(() => {
    if (!watches) return;
    const watchers = [{ globPattern: "**/*.{mom,json,safetensors}" }];
    void connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
  });
  connection.onDidChangeWatchedFiles(() => {
    workspace.refresh();
    publisher.all();
  });

  connection.onDidOpenTextDocument(({ textDocument: { uri, languageId, version: opened, text } }) => {
    texts.set(uri, TextDocument.create(uri, languageId, opened, text));
    workspace.open(uri, text);
    publisher.changed(uri, opened);
  });
  connection.onDidChangeTextDocument(({ textDocument: { uri, version: changed }, contentChanges }) => {
    const text = texts.get(uri);
    if (text === undefined) return;
    const updated = TextDocument.update(text, contentChanges, changed);
    workspace.open(uri, updated.getText());
    publisher.changed(uri, changed);
  });
  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    texts.delete(uri);
    workspace.close(uri);
    publisher.closed(uri);
  });

  answerLanguage(connection, workspace, costs, () => snippets);
  answerNames(connection, workspace);
  answerFile(connection, workspace, costs);
  connection.listen();
}

/** @param snippets whether the editor supports snippets */
function answerLanguage(connection: Connection, workspace: Workspace, costs: Costs, snippets: () => boolean): void {
  connection.onCompletion(({ textDocument: { uri }, position, context }): CompletionItem[] => {
    const found = asked(workspace, uri);
    if (found === undefined) return [];
    const { source, checked } = found;
    const offset = offsetIn(source, position);
    // A space requests proposals only before a required value or name.
    const blank =
      context?.triggerCharacter === " " &&
      !/(?:[:,[(+*]|\b(?:vary|block|modality|remove))[ \t]+$/.test(source.text.slice(0, offset));
    if (blank) return [];
    const list = (folder: string): string[] => workspace.list(beside(source.path, `${folder}x`).replace(/\/?x$/, ""));
    const { start, end, items } = proposalsAt(source, offset, checked.partial, list);
    const range = rangeIn(source, { start, end });
    return items.map(({ label, kind, insert, detail, about }, i) => ({
      label,
      kind,
      sortText: String(i).padStart(4, "0"),
      textEdit: { range, newText: snippets() ? insert : withoutStops(insert) },
      insertTextFormat: snippets() ? InsertTextFormat.Snippet : InsertTextFormat.PlainText,
      ...(detail !== undefined && { detail }),
      ...(about !== undefined && { documentation: { kind: MarkupKind.Markdown, value: about } }),
    }));
  });

  connection.onHover(({ textDocument: { uri }, position }) => {
    const found = asked(workspace, uri);
    if (found === undefined) return null;
    const { source, checked } = found;
    const hover = hoverAt(source, offsetIn(source, position), checked, costs);
    if (hover === undefined) return null;
    return { contents: { kind: MarkupKind.Markdown, value: hover.text }, range: rangeIn(source, hover) };
  });
}

/** A snippet as plain text. */
const withoutStops = (snippet: string): string =>
  snippet.replaceAll(/\$\{\d+:([^}]*)\}|\$\{\d+\}|\$\d+/g, "$1").replaceAll(/\\([\\$}])/g, "$1");

interface Publisher {
  readonly changed: (uri: string, version: number) => void;
  readonly closed: (uri: string) => void;
  /** Checks all files again. */
  readonly all: () => void;
}

/** Milliseconds. Edits within SOON are checked together; specs that are not open wait for a longer pause. */
const SOON = 1;
const PAUSE = 400;

/**
 * Sends diagnostics soon after a file changes, for it and for open specs that import it. After a pause in typing, also for
 * closed specs that import an open file.
 */
function createPublisher(connection: Connection, workspace: Workspace): Publisher {
  /** The last diagnostics that were sent for each file, as text. */
  const sent = new Map<string, string>();
  const versions = new Map<string, number>();
  /** Files that changed since their last check. */
  const changed = new Set<string>();
  let soon: ReturnType<typeof setTimeout> | undefined;
  let pause: ReturnType<typeof setTimeout> | undefined;
  let turn: ReturnType<typeof setTimeout> | undefined;

  /** Checks a spec and sends diagnostics if they changed, and always for a new version of an open file. */
  function look(path: string, isNew = false): void {
    const checked = workspace.check(path);
    const diagnostics = checked === undefined ? [] : diagnosticsOf(checked, workspace);
    const text = JSON.stringify(diagnostics);
    if (!isNew && (sent.get(path) ?? "[]") === text) return;
    sent.set(path, text);
    const version = versions.get(path);
    const uri = workspace.uriOf(path);
    void connection.sendDiagnostics({ uri, diagnostics, ...(version !== undefined && { version }) });
  }

  function forget(path: string): void {
    if (sent.delete(path)) void connection.sendDiagnostics({ uri: workspace.uriOf(path), diagnostics: [] });
  }

  function lookAtOpen(): void {
    soon = undefined;
    const edited = [...changed];
    changed.clear();
    for (const path of edited) look(path, true);
    for (const path of workspace.opened()) if (!edited.includes(path)) look(path);
  }

  /** Checks one spec per turn of the event loop, so an edit waits for at most one. */
  function lookAtOthers(left: string[]): void {
    const path = left.pop();
    if (path === undefined) return;
    if (!versions.has(path)) {
      if (workspace.closure(path).some((source) => versions.has(source.path))) look(path);
      else forget(path);
    }
    turn = setTimeout(lookAtOthers, 0, left);
  }

  function start(): void {
    if (soon === undefined) soon = setTimeout(lookAtOpen, SOON);
    clearTimeout(pause);
    clearTimeout(turn);
    pause = setTimeout(() => lookAtOthers(workspace.specs()), PAUSE);
  }

  return {
    changed: (uri, version) => {
      versions.set(pathOf(uri), version);
      changed.add(pathOf(uri));
      start();
    },
    closed: (uri) => {
      const path = pathOf(uri);
      versions.delete(path);
      changed.delete(path);
      forget(path);
      start();
    },
    all: start,
  };
}

function answerFile(connection: Connection, workspace: Workspace, costs: Costs): void {
  connection.onCodeAction(({ textDocument: { uri }, range }): CodeAction[] => {
    const found = asked(workspace, uri);
    if (found === undefined) return [];
    const { source, checked } = found;
    const [from, to] = [offsetIn(source, range.start), offsetIn(source, range.end)];
    const shown = diagnosticsOf(checked, workspace);
    return checked.diagnostics.flatMap((diagnostic, i): CodeAction[] => {
      const span = diagnostic.span && visible(source, diagnostic.span);
      const reported = shown[i];
      if (span === undefined || reported === undefined || span.start > to || span.end < from) return [];
      const fixes = fixesOf(diagnostic, source, checked.partial);
      return fixes.map(({ title, edits }, nth) => ({
        title,
        kind: CodeActionKind.QuickFix,
        diagnostics: [reported],
        isPreferred: nth === 0 && fixes.length === 1,
        edit: { changes: { [uri]: edits.map((edit) => ({ range: rangeIn(source, edit), newText: edit.text })) } },
      }));
    });
  });
  connection.onDocumentFormatting(({ textDocument: { uri } }) => {
    const source = workspace.source(pathOf(uri));
    return source === undefined ? [] : formattingOf(source);
  });
  connection.onDocumentSymbol(({ textDocument: { uri } }) => {
    const source = workspace.source(pathOf(uri));
    return source === undefined ? [] : outlineOf(source);
  });
  connection.languages.inlayHint.on(({ textDocument: { uri }, range }) => {
    const found = asked(workspace, uri);
    return found === undefined ? [] : inlaysOf(found.source, range, found.checked, costs);
  });
}

const KINDS: Readonly<Record<string, SymbolKind>> = {
  block: SymbolKind.Class,
  modality: SymbolKind.Variable,
  ablate: SymbolKind.Event,
  vary: SymbolKind.Array,
};

/** The longest detail; longer values are cut. */
const DETAIL = 60;

const outlineOf = (source: Source): DocumentSymbol[] => symbols(parse(source).entries, source);

function symbols(entries: readonly Entry[], source: Source): DocumentSymbol[] {
  return entries.flatMap((entry): DocumentSymbol[] => {
    const range = rangeIn(source, entry.span);
    if (entry.type === "import")
      return [
        { name: entry.path.text, kind: SymbolKind.File, range, selectionRange: rangeIn(source, entry.path.span) },
      ];
    if (entry.type === "remove") return [];
    const { kind, path, value, group } = entry;
    const written =
      value === undefined ? "" : source.text.slice(value.span.start, value.span.end).replaceAll(/\s+/g, " ");
    const what = kind === undefined ? "" : printPath(kind);
    const detail = [what, written]
      .filter((part) => part !== "")
      .join(": ")
      .slice(0, DETAIL);
    return [
      {
        name: printPath(path),
        ...(detail !== "" && { detail }),
        kind: KINDS[what] ?? (group === undefined ? SymbolKind.Property : SymbolKind.Module),
        range,
        selectionRange: rangeIn(source, path.span),
        ...(group !== undefined && { children: symbols(group.entries, source) }),
      },
    ];
  });
}

/** Inlay hints of the lines in a range; none if the spec has errors. */
function inlaysOf(source: Source, range: Range, { spec }: Checked, costs: Costs): InlayHint[] {
  if (spec === undefined) return [];
  const [from, to] = [offsetIn(source, range.start), offsetIn(source, range.end)];
  const entries = parse(source).entries.flatMap((entry) => [entry, ...inModel(entry)]);
  return entries.flatMap((entry): InlayHint[] => {
    if (entry.type !== "field") return [];
    const at = endOfLine(source.text, entry.value?.span.start ?? entry.path.span.end);
    if (at < from || entry.span.start > to) return [];
    const label = labelOf(entry, spec, costs);
    if (label === undefined) return [];
    const position = rangeIn(source, { start: at, end: at }).start;
    return [{ position, label, kind: InlayHintKind.Type, paddingLeft: true }];
  });
}

const inModel = (entry: Entry): readonly Entry[] =>
  entry.type === "field" && entry.path.names[0]?.text === "model" ? (entry.group?.entries ?? []) : [];

function labelOf({ kind, path }: FieldEntry, spec: CheckedSpec, costs: Costs): string | undefined {
  const name = path.names[0]?.text ?? "";
  switch (kind?.names[0]?.text) {
    case "block": {
      const block = spec.model.blocks.findIndex((one) => one.name === name);
      if (block < 0) return undefined;
      const cost = costs.ofBlock(spec, block);
      return `${parametersText(cost)} · ${flopsText(cost)} per token`;
    }
    case "ablate": {
      const ablation = spec.ablations.find((one) => one.name === name);
      return ablation && `${variantsOf(ablation).toLocaleString("en-US")} variants`;
    }
    case undefined: {
      if (name !== "layers") return undefined;
      const cost = costs.ofModel(spec);
      return `${spec.model.layers.length} layers · ${parametersText(cost)} · ${flopsText(cost)} per token`;
    }
    default:
      return undefined;
  }
}

function endOfLine(text: string, offset: number): number {
  const rest = /^[^\r\n]*/.exec(text.slice(offset))?.[0] ?? "";
  return offset + rest.trimEnd().length;
}

/** If more lines change, the complete text is replaced, because the time of the comparison grows with their square. */
const LINES = 4000;

/** The edits of `mom fmt`; none if there are syntax errors, which are shown as diagnostics. */
function formattingOf(source: Source): TextEdit[] {
  const formatted = format(source);
  if (!("text" in formatted) || formatted.text === source.text) return [];
  const parts = diffLines(source.text, formatted.text, { maxEditLength: LINES });
  if (parts === undefined)
    return [{ range: rangeIn(source, { start: 0, end: source.text.length }), newText: formatted.text }];
  const edits: { start: number; end: number; text: string }[] = [];
  let at = 0;
  for (const { value, added, removed } of parts) {
    const last = edits.at(-1);
    const touches = last?.end === at ? last : undefined;
    if (added) {
      if (touches) touches.text += value;
      else edits.push({ start: at, end: at, text: value });
    } else if (removed) {
      if (touches) touches.end += value.length;
      else edits.push({ start: at, end: at + value.length, text: "" });
      at += value.length;
    } else at += value.length;
  }
  return edits.map((edit) => ({ range: rangeIn(source, edit), newText: edit.text }));
}
