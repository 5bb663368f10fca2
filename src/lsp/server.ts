// The language server: what an editor asks, answered by the compiler's own checker.
import {
  CodeActionKind,
  type CompletionItem,
  type Connection,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  InsertTextFormat,
  MarkupKind,
  TextDocumentSyncKind,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { beside } from "../front/paths.js";
import { type Costs, createCosts } from "../inspect/block-cost.js";
import { answerFile } from "./answer-file.js";
import { answerNames } from "./answer-names.js";
import { proposalsAt } from "./completion.js";
import { diagnosticsOf } from "./diagnostics.js";
import { hoverAt } from "./hover.js";
import { offsetIn, rangeIn } from "./text.js";
import { asked, createWorkspace, type Disk, pathOf, type Workspace } from "./workspace.js";

/** Answers until the connection ends. */
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

/** @param snippets whether the editor takes them */
function answerLanguage(connection: Connection, workspace: Workspace, costs: Costs, snippets: () => boolean): void {
  connection.onCompletion(({ textDocument: { uri }, position, context }): CompletionItem[] => {
    const found = asked(workspace, uri);
    if (found === undefined) return [];
    const { source, checked } = found;
    const offset = offsetIn(source, position);
    // A blank asks for proposals only where a value or a name must follow.
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
    const told = hoverAt(source, offsetIn(source, position), checked, costs);
    if (told === undefined) return null;
    return { contents: { kind: MarkupKind.Markdown, value: told.text }, range: rangeIn(source, told) };
  });
}

/** A snippet as plain text. */
const withoutStops = (snippet: string): string =>
  snippet.replaceAll(/\$\{\d+:([^}]*)\}|\$\{\d+\}|\$\d+/g, "$1").replaceAll(/\\([\\$}])/g, "$1");

interface Publisher {
  readonly changed: (uri: string, version: number) => void;
  readonly closed: (uri: string) => void;
  /** Looks at everything again. */
  readonly all: () => void;
}

/** Milliseconds: edits that come within the first are checked once; specs that are not open wait for such a pause. */
const SOON = 5;
const PAUSE = 400;

/**
 * Diagnostics are sent soon after a file changes, for it and for open specs that import it; once the typing pauses, also for
 * specs that import an open file and are not open themselves.
 */
function createPublisher(connection: Connection, workspace: Workspace): Publisher {
  /** What each file's editor was last told, as text. */
  const told = new Map<string, string>();
  const versions = new Map<string, number>();
  /** Files that changed since they were last looked at. */
  const changed = new Set<string>();
  let soon: ReturnType<typeof setTimeout> | undefined;
  let pause: ReturnType<typeof setTimeout> | undefined;
  let turn: ReturnType<typeof setTimeout> | undefined;

  /** Checks a spec, and tells what is new; of a version of an open file in any case, so that its editor knows. */
  function look(path: string, isNew = false): void {
    const checked = workspace.check(path);
    const diagnostics = checked === undefined ? [] : diagnosticsOf(checked, workspace);
    const text = JSON.stringify(diagnostics);
    if (!isNew && (told.get(path) ?? "[]") === text) return;
    told.set(path, text);
    const version = versions.get(path);
    const uri = workspace.uriOf(path);
    void connection.sendDiagnostics({ uri, diagnostics, ...(version !== undefined && { version }) });
  }

  function forget(path: string): void {
    if (told.delete(path)) void connection.sendDiagnostics({ uri: workspace.uriOf(path), diagnostics: [] });
  }

  function lookAtOpen(): void {
    soon = undefined;
    const edited = [...changed];
    changed.clear();
    for (const path of edited) look(path, true);
    for (const path of workspace.opened()) if (!edited.includes(path)) look(path);
  }

  /** One spec a turn, so that an edit never waits for more than one. */
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
