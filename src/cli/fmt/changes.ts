// What formatting would change in a file, for people: the lines that differ, with one around them.
import { structuredPatch } from "diff";
import pc from "picocolors";
import { visible } from "../../diagnostics/visible.js";

/** Where more lines change than this, they are not shown: finding the fewest takes their square. */
const LINES = 4000;

/** Lines `-` as they are and `+` as they would be; ends with a newline. Line ends are not shown. */
export function changesText(before: string, after: string, colour: boolean): string {
  const c = pc.createColors(colour);
  const lines = (text: string): string => text.replaceAll(/\r\n?/g, "\n");
  const patch = structuredPatch("", "", lines(before), lines(after), "", "", { context: 1, maxEditLength: LINES });
  if (patch === undefined) return c.cyan(`@@ more than ${LINES} lines @@\n`);
  return patch.hunks
    .flatMap(({ oldStart, lines: changed }) => [
      c.cyan(`@@ line ${oldStart} @@`),
      ...changed
        .filter((line) => !line.startsWith("\\"))
        .map(visible)
        .map((line) => (line.startsWith("+") ? c.green(line) : line.startsWith("-") ? c.red(line) : line)),
    ])
    .map((line) => `${line}\n`)
    .join("");
}
