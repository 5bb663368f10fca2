// A headless editor that runs `mom lsp` as a process and communicates over standard input and output.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  createProtocolConnection,
  type Diagnostic,
  FileChangeType,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
  type TextDocumentContentChangeEvent,
  type TextEdit,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { Mom } from "./mom.js";

export interface Editor {
  readonly connection: ProtocolConnection;
  readonly uri: (name: string) => string;
  /** Writes a file into the folder without opening it and reports the change to the server. */
  readonly write: (name: string, text: string) => void;
  readonly open: (name: string, text: string) => void;
  readonly change: (name: string, changes: TextDocumentContentChangeEvent[]) => void;
  readonly close: (name: string) => void;
  /** The diagnostics of a file, once the server has processed its last change. */
  readonly diagnostics: (name: string) => Promise<readonly Diagnostic[]>;
  /** Waits until the diagnostics of a file satisfy a condition. */
  readonly until: (name: string, wanted: (diagnostics: readonly Diagnostic[]) => boolean) => Promise<void>;
  readonly exited: () => number | null;
  /** Shuts the server down as editors do and returns its exit code. */
  readonly stop: () => Promise<number | null>;
}

export async function startEditor(mom: Mom, capabilities: object = SNIPPETS): Promise<Editor> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "mom-lsp-")));
  const server = mom.start(["lsp", "--stdio"]);
  if (server.stdout === null || server.stdin === null) throw new Error("The server has no streams.");
  let code: number | null = null;
  const ended = new Promise<number | null>((resolve) => {
    server.on("exit", (exit) => {
      code = exit;
      resolve(exit);
    });
  });
  let errors = "";
  server.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const connection = createProtocolConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  );
  const uri = (name: string): string => pathToFileURL(join(folder, name)).href;
  const versions = new Map<string, number>();
  const published = new Map<string, PublishDiagnosticsParams>();
  const listeners = new Set<() => void>();
  connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
    published.set(params.uri, params);
    for (const listener of listeners) listener();
  });
  connection.onRequest("client/registerCapability", () => null);
  connection.listen();
  await connection.sendRequest("initialize", {
    processId: process.pid,
    rootUri: null,
    workspaceFolders: [{ uri: pathToFileURL(folder).href, name: "specs" }],
    capabilities,
  });
  await connection.sendNotification("initialized", {});

  const until = (check: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (code !== null) {
          listeners.delete(look);
          reject(new Error(`The server exited with code ${code}: ${errors}`));
        } else if (check()) {
          listeners.delete(look);
          resolve();
        }
      };
      listeners.add(look);
      void ended.then(look);
      look();
    });

  return {
    connection,
    uri,
    write: (name, text) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
      const changes = [{ uri: uri(name), type: FileChangeType.Changed }];
      void connection.sendNotification("workspace/didChangeWatchedFiles", { changes });
    },
    open: (name, text) => {
      versions.set(name, 1);
      const textDocument = { uri: uri(name), languageId: "mom", version: 1, text };
      void connection.sendNotification("textDocument/didOpen", { textDocument });
    },
    change: (name, contentChanges) => {
      const version = (versions.get(name) ?? 0) + 1;
      versions.set(name, version);
      void connection.sendNotification("textDocument/didChange", {
        textDocument: { uri: uri(name), version },
        contentChanges,
      });
    },
    close: (name) => {
      versions.delete(name);
      void connection.sendNotification("textDocument/didClose", { textDocument: { uri: uri(name) } });
    },
    diagnostics: async (name) => {
      await until(() => published.get(uri(name))?.version === versions.get(name));
      return published.get(uri(name))?.diagnostics ?? [];
    },
    until: (name, wanted) => until(() => wanted(published.get(uri(name))?.diagnostics ?? [])),
    exited: () => code,
    stop: async () => {
      await connection.sendRequest("shutdown");
      await connection.sendNotification("exit");
      const exit = await ended;
      connection.dispose();
      rmSync(folder, { recursive: true, force: true });
      return exit;
    },
  };
}

const SNIPPETS = { textDocument: { completion: { completionItem: { snippetSupport: true } } } };

/** The text without its `|`, and the position of the `|`. */
export function marked(text: string): { text: string; position: { line: number; character: number } } {
  const at = text.indexOf("|");
  if (at < 0) throw new Error("The text has no `|`.");
  const lines = text.slice(0, at).split("\n");
  return {
    text: text.slice(0, at) + text.slice(at + 1),
    position: { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 },
  };
}

/** The text after edits whose positions refer to the text before them. */
export function withEdits(text: string, edits: readonly TextEdit[]): string {
  return TextDocument.applyEdits(TextDocument.create("", "mom", 0, text), [...edits]);
}
