// Files in the data that cannot be read. All are collected before an error reports them, so that they can be fixed at
// once. The user may choose to skip their documents instead.
import { BadFile } from "../diagnostics/bad-file.js";
import { InputError } from "../diagnostics/input-error.js";

/** At most this many are listed. */
const LISTED = 20;

export const SKIP_BAD = "--skip-bad";

/** Turns an error about a file into a BadFile; returns any other error unchanged. */
export function asBadFile(error: unknown): unknown {
  return error instanceof InputError && error.constructor === InputError
    ? new BadFile(error.errorName, error.message, error.remedy)
    : error;
}

/** Each on its own line, then how many more there are. */
export function listed(lines: readonly string[]): string {
  const shown = lines.slice(0, LISTED).map((line) => `\n  ${line}`);
  return lines.length > LISTED ? `${shown.join("")}\n  and ${lines.length - LISTED} more` : shown.join("");
}

/** @throws InputError if there are any */
export function refuseBad(bad: readonly BadFile[]): void {
  const [first] = bad;
  if (first === undefined) return;
  if (bad.length === 1)
    throw new InputError(first.errorName, first.message, `${first.remedy} ${SKIP_BAD} skips its document.`);
  throw new InputError(
    "file-unreadable",
    `${bad.length} files cannot be read:${listed(bad.map(({ message }) => message))}`,
    `Fix or remove them. ${SKIP_BAD} skips their documents.`,
  );
}

/** Collects errors about files that are read one after another. @param notice reports skipped files; absent if none may be */
export function badFiles(notice: ((text: string) => void) | undefined) {
  const bad: BadFile[] = [];
  return {
    /** @throws the error itself if no file is at fault */
    add(error: unknown): void {
      const one = asBadFile(error);
      if (!(one instanceof BadFile)) throw error;
      bad.push(one);
    },
    /** Called after the last file. @throws InputError if files are bad and may not be skipped */
    end(): void {
      if (notice === undefined) refuseBad(bad);
      else if (bad.length > 0) notice(`${bad.length} files are skipped:${listed(bad.map(({ message }) => message))}`);
    },
  };
}
