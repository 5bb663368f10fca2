// Reads the spec that a command names and prints its errors and warnings to stderr.
import { nodeDisk } from "../api/node/disk.js";
import { type Reading, type ReadSpec, readSpec as read } from "../api/read-spec.js";
import { readToResume as resumed } from "../api/resume.js";
import type { Diagnostic, Source } from "../diagnostics/diagnostic.js";
import { render } from "../diagnostics/render.js";
import { styleOf } from "./colour.js";

/** Prints diagnostics to stderr, if there are any. */
export function printDiagnostics(diagnostics: readonly Diagnostic[], sources: readonly Source[] = []): void {
  if (diagnostics.length > 0) process.stderr.write(`${render(diagnostics, sources, styleOf(process.stderr))}\n`);
}

/** The spec that the run in `out` is resumed with. */
export function readToResume(path: string, out: string, reading: Pick<Reading, "allow" | "set">): ReadSpec {
  const found = resumed(nodeDisk, path, out, reading);
  printDiagnostics(found.diagnostics, found.sources);
  return found;
}

/** If `spec` is undefined, the errors have been printed, and the verb ends with `EXIT.wrongInput`. */
export function readSpec(path: string, reading: Pick<Reading, "allow" | "set"> = {}): ReadSpec {
  const found = read(nodeDisk, path, reading);
  printDiagnostics(found.diagnostics, found.sources);
  return found;
}
