// An editor without a screen: `mom lsp` as a process of its own, spoken to over standard input and output.
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
  /** Writes a file into the folder, without opening it, and tells of it as an editor does that watches the folder. */
  readonly write: (name: string, text: string) => void;
  readonly open: (name: string, text: string) => void;
  readonly change: (name: string, changes: TextDocumentContentChangeEvent[]) => void;
  readonly close: (name: string) => void;
  /** What was last said of a file, once the server has seen its last change. */
  readonly diagnostics: (name: string) => Promise<readonly Diagnostic[]>;
  /** Waits until something that was said of a file is as wanted. */
  readonly until: (name: string, wanted: (diagnostics: readonly Diagnostic[]) => boolean) => Promise<void>;
  readonly exited: () => number | null;
  /** Ends the server as an editor does; its exit code. */
  readonly stop: () => Promise<number | null>;
}

export async function startEditor(mom: Mom, capabilities: object = SNIPPETS): Promise<Editor> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "mom-lsp-")));
  const server = mom.start(["lsp", "--stdio"]);
  if (server.stdout === null || server.stdin === null) throw new Error("the server has no streams");
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
  const said = new Map<string, PublishDiagnosticsParams>();
  const listeners = new Set<() => void>();
  connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
    said.set(params.uri, params);
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
          reject(new Error(`the server ended with ${code}: ${errors}`));
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
      await until(() => said.get(uri(name))?.version === versions.get(name));
      return said.get(uri(name))?.diagnostics ?? [];
    },
    until: (name, wanted) => until(() => wanted(said.get(uri(name))?.diagnostics ?? [])),
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

/** A text with a `|`, without it, and where it stood. */
export function marked(text: string): { text: string; position: { line: number; character: number } } {
  const at = text.indexOf("|");
  if (at < 0) throw new Error("the text has no |");
  const lines = text.slice(0, at).split("\n");
  return {
    text: text.slice(0, at) + text.slice(at + 1),
    position: { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 },
  };
}

/** A text with edits made, as an editor makes them: all by the places of the text before. */
export function withEdits(text: string, edits: readonly TextEdit[]): string {
  return TextDocument.applyEdits(TextDocument.create("", "mom", 0, text), [...edits]);
}
