// Follows a page of instructions: writes and edits the files that its blocks name with `at=PATH`. A `diff` block edits a
// file: its lines without `+` must occur in the file exactly once, and its lines without `-` replace them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Fence, fencesOf } from "../../site/fences.js";

/** The files that a page writes completely. */
export const writtenBy = (markdown: string): string[] =>
  fencesOf(markdown).flatMap(({ language, options: { at } }) => (at === undefined || language === "diff" ? [] : [at]));

export const isFollowed = (markdown: string): boolean =>
  fencesOf(markdown).some(({ options: { at } }) => at !== undefined);

/** @param root the root of a copy of the repository, which is changed */
export function follow(markdown: string, root: string): void {
  for (const fence of fencesOf(markdown)) {
    if (fence.options.at === undefined) continue;
    const path = join(root, fence.options.at);
    mkdirSync(dirname(path), { recursive: true });
    const text = fence.language === "diff" ? edited(readFileSync(path, "utf8"), fence) : fence.text;
    writeFileSync(path, text);
  }
}

function edited(text: string, fence: Fence): string {
  const lines = fence.text.trimEnd().split("\n");
  const side = (leave: string): string =>
    lines.flatMap((line) => (line.startsWith(leave) ? [] : [`${line.slice(1)}\n`])).join("");
  const [before, after] = [side("+"), side("-")];
  const [head = "", ...rest] = `\n${text}`.split(`\n${before}`);
  if (rest.length !== 1)
    throw new Error(`line ${fence.line}: ${fence.options.at} has this text ${rest.length} times, not once:\n${before}`);
  return `${head}\n${after}${rest[0]}`.slice(1);
}
