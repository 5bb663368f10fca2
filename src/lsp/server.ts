// The language server: what an editor asks, answered by the compiler's own checker.
import {
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
import type { Source } from "../diagnostics/diagnostic.js";
import { beside } from "../front/paths.js";
import { proposalsAt } from "./completion.js";
import { createCosts } from "./costs.js";
import { hoverAt } from "./hover.js";
import { createPublisher } from "./publish.js";
import { offsetIn, rangeIn } from "./text.js";
import { createWorkspace, type Disk, pathOf } from "./workspace.js";

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

  connection.onCompletion(({ textDocument: { uri }, position, context }): CompletionItem[] => {
    const found = asked(uri);
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
      textEdit: { range, newText: snippets ? insert : withoutStops(insert) },
      insertTextFormat: snippets ? InsertTextFormat.Snippet : InsertTextFormat.PlainText,
      ...(detail !== undefined && { detail }),
      ...(about !== undefined && { documentation: { kind: MarkupKind.Markdown, value: about } }),
    }));
  });

  connection.onHover(({ textDocument: { uri }, position }) => {
    const found = asked(uri);
    if (found === undefined) return null;
    const { source, checked } = found;
    const told = hoverAt(source, offsetIn(source, position), checked, costs);
    if (told === undefined) return null;
    return { contents: { kind: MarkupKind.Markdown, value: told.text }, range: rangeIn(source, told) };
  });

  connection.listen();

  function asked(uri: string) {
    const path = pathOf(uri);
    const source: Source | undefined = workspace.source(path);
    const checked = workspace.check(path);
    return source === undefined || checked === undefined ? undefined : { source, checked };
  }
}

/** A snippet as plain text. */
const withoutStops = (snippet: string): string =>
  snippet.replaceAll(/\$\{\d+:([^}]*)\}|\$\{\d+\}|\$\d+/g, "$1").replaceAll(/\\([\\$}])/g, "$1");
