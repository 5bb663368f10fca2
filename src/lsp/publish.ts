// When diagnostics are made and sent: soon after a file changes, for it and for open specs that import it; once the typing
// pauses, for specs that import an open file and are not open themselves.
import type { Connection } from "vscode-languageserver";
import { diagnosticsOf } from "./diagnostics.js";
import { pathOf, type Workspace } from "./workspace.js";

export interface Publisher {
  readonly changed: (uri: string, version: number) => void;
  readonly closed: (uri: string) => void;
  /** Looks at everything again. */
  readonly all: () => void;
}

/** Milliseconds: edits that come within the first are checked once; specs that are not open wait for such a pause. */
const SOON = 5;
const PAUSE = 400;

export function createPublisher(connection: Connection, workspace: Workspace): Publisher {
  /** What each file's editor was last told, as text. */
  const told = new Map<string, string>();
  const versions = new Map<string, number>();
  /** Files that changed since they were last looked at. */
  const changed = new Set<string>();
  let soon: NodeJS.Timeout | undefined;
  let pause: NodeJS.Timeout | undefined;
  let turn: NodeJS.Immediate | undefined;

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
    turn = setImmediate(lookAtOthers, left);
  }

  function start(): void {
    if (soon === undefined) soon = setTimeout(lookAtOpen, SOON);
    clearTimeout(pause);
    if (turn !== undefined) clearImmediate(turn);
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
