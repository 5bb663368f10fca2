// Runs the examples of the pages. Each page has a folder with the files that it writes and the repository's specs.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Command, commandsOf, type Fence, fencesOf, matches } from "./fences.js";
import { sourcesIn } from "./pages.js";
import { run } from "./shell.js";

/** The files of a clone that commands can use. */
const GIVEN = ["specs", "bench", "package.json"];

export interface Folder {
  readonly path: string;
  readonly dispose: () => void;
}

export function pageFolder(root: string): Folder {
  const path = mkdtempSync(join(tmpdir(), "mom-docs-"));
  for (const name of GIVEN) cpSync(join(root, name), join(path, name), { recursive: true });
  return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
}

/** Writes the file of a block, if it has one. */
export function place(fence: Fence, folder: string): void {
  const { file } = fence.options;
  if (file === undefined) return;
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), wholeSpec(fence));
}

/** The complete spec: `over` has the rest of it. */
export const wholeSpec = ({ options, text }: Fence): string =>
  options.over === undefined ? text : `import "${options.over}"\n${text}`;

/** Whether a block's commands are run and their output is compared. */
export const isRun = ({ language, options }: Fence): boolean =>
  language === "console" && options["by-hand"] === undefined && options.fill === undefined;

export interface Difference {
  readonly command: string;
  readonly shown: string;
  readonly printed: string;
}

/** Runs a block's commands in order; undefined if all outputs match the page. */
export function compare(fence: Fence, folder: string, mom: string): Difference | undefined {
  for (const { command, output } of commandsOf(fence.text)) {
    const printed = run(command, folder, mom).output;
    if (!matches(output, printed.split("\n"))) return { command, shown: output.join("\n"), printed };
  }
  return undefined;
}

/** Updates outputs on the pages that do not match the commands'. Returns the changed files. */
export function updateExamples(root: string, mom: string): string[] {
  return sourcesIn(root).flatMap(({ path, markdown }) => {
    const folder = pageFolder(root);
    let changed = markdown;
    for (const fence of fencesOf(markdown)) {
      place(fence, folder.path);
      if (isRun(fence)) changed = changed.replace(fence.text, () => rerun(fence, folder.path, mom));
    }
    folder.dispose();
    if (changed === markdown) return [];
    writeFileSync(join(root, path), changed);
    return [path];
  });
}

function rerun(fence: Fence, folder: string, mom: string): string {
  const lines = commandsOf(fence.text).flatMap(({ command, output }: Command) => {
    const printed = run(command, folder, mom).output.trimEnd().split("\n");
    return [`$ ${command}`, ...(matches(output, printed) ? output : printed)];
  });
  return `${lines.join("\n")}\n`;
}
