// Texts that are written back: a file or stdin, as exactly the characters that its bytes are.
import { readFileSync } from "node:fs";
import { nodeDisk } from "../../api/node/disk.js";
import { readNamed } from "../../api/read-spec.js";
import { unreadable } from "../../data/open-file.js";
import { mistake, type Source } from "../../diagnostics/diagnostic.js";
import { Failure } from "../../diagnostics/failure.js";
import { InputError } from "../../diagnostics/input-error.js";

/** What stands for stdin where a file is named. */
export const STDIN = "-";

/**
 * @param limit in bytes; of a longer file only so much is read, for it to be refused
 * @throws Failure for what cannot be read, or is no UTF-8: some of its characters would be lost
 */
export function readWhole(file: string, limit: number): Source {
  const path = file === STDIN ? "<stdin>" : file;
  const bytes = file === STDIN ? readStdin() : readNamed(nodeDisk, file, limit);
  try {
    return { path, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    const help = "Save it as UTF-8.";
    throw new Failure([mistake("not-utf-8", `\`${path}\` has bytes that are no text in UTF-8.`, { help })]);
  }
}

function readStdin(): Buffer {
  try {
    return readFileSync(0);
  } catch (error) {
    throw new InputError(
      "file-unreadable",
      `<stdin> cannot be read: ${unreadable(error).reason}.`,
      "Pipe a spec into it.",
    );
  }
}
