import type { ChildProcess } from "node:child_process";

/** Serves a page with an editor of the file; `start` starts a `mom lsp`, one for each page. */
export declare function serveEditor(
  file: string,
  start: () => ChildProcess,
  port?: number,
): Promise<{ readonly url: string; readonly close: () => Promise<unknown> }>;
