// The language server: what an editor asks, answered by the compiler's own checker.
import {
  CodeActionKind,
  type Connection,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  TextDocumentSyncKind,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { answerFile } from "./answer-file.js";
import { answerLanguage } from "./answer-language.js";
import { answerNames } from "./answer-names.js";
import { createCosts } from "./costs.js";
import { createPublisher } from "./publish.js";
import { createWorkspace, type Disk } from "./workspace.js";

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
