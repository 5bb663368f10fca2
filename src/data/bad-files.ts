// Files that data name and that cannot be read: all of them are looked for before any is refused, so that they can be
// mended at once; or their documents are left out, where the user wants that.
import { BadFile } from "../diagnostics/bad-file.js";
import { InputError } from "../diagnostics/input-error.js";

/** So many are told of. */
const TOLD = 20;

export const SKIP_BAD = "--skip-bad";

/** What is wrong with a file becomes a bad file's mistake; any other error stays as it is. */
export function asBadFile(error: unknown): unknown {
  return error instanceof InputError && error.constructor === InputError
    ? new BadFile(error.mistake, error.message, error.remedy)
    : error;
}

/** Each on a line of its own, and how many more there are. */
export function listed(lines: readonly string[]): string {
  const told = lines.slice(0, TOLD).map((line) => `\n  ${line}`);
  return lines.length > TOLD ? `${told.join("")}\n  and ${lines.length - TOLD} more` : told.join("");
}

/** @throws InputError where there is one */
export function refuseBad(bad: readonly BadFile[]): void {
  const [first] = bad;
  if (first === undefined) return;
  if (bad.length === 1)
    throw new InputError(first.mistake, first.message, `${first.remedy} ${SKIP_BAD} leaves its document out.`);
  throw new InputError(
    "file-unreadable",
    `${bad.length} files cannot be read:${listed(bad.map(({ message }) => message))}`,
    `Mend or remove them. ${SKIP_BAD} leaves their documents out.`,
  );
}

/** Collects what is wrong with files that are read one after another. @param told gets a list of what is left out, if it may */
export function badFiles(told: ((text: string) => void) | undefined) {
  const bad: BadFile[] = [];
  return {
    /** @throws the error where no file is at fault */
    add(error: unknown): void {
      const one = asBadFile(error);
      if (!(one instanceof BadFile)) throw error;
      bad.push(one);
    },
    /** After the last. @throws InputError where files are bad and may not be left out */
    end(): void {
      if (told === undefined) refuseBad(bad);
      else if (bad.length > 0) told(`${bad.length} files are left out:${listed(bad.map(({ message }) => message))}`);
    },
  };
}
