// mom fmt: sets specs the one way there is.

import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Option } from "commander";
import { structuredPatch } from "diff";
import pc from "picocolors";
import { format } from "../../../grammar/format.js";
import { SOURCE_LIMIT } from "../../../grammar/parse.js";
import { nodeDisk } from "../../api/node/disk.js";
import { checkSource, hasErrors, readNamed } from "../../api/read-spec.js";
import { isRunFolder } from "../../api/run-spec.js";
import { unreadable } from "../../data/open-file.js";
import { realpathOf } from "../../data/project-folder.js";
import { mistake, type Source } from "../../diagnostics/diagnostic.js";
import { Failure } from "../../diagnostics/failure.js";
import { InputError } from "../../diagnostics/input-error.js";
import { render } from "../../diagnostics/render.js";
import { visible } from "../../diagnostics/visible.js";
import { formatJson, isJson } from "../../front/parse-json.js";
import { replaceFile } from "../../train/replace-file.js";
import { coloured, styleOf } from "../colour.js";
import { writeExactly } from "../streams.js";
import { EXIT, type Verb } from "../verb.js";

interface Options {
  readonly check?: true;
  readonly stdin?: true;
  readonly from?: "json";
}

/** No text of so many bytes is within the limit of a spec. */
const BYTES = 4 * SOURCE_LIMIT + 4;

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("[files...]", `specs, and folders of specs; ${STDIN} is stdin`)
      .option("--check", "change nothing: show what would change, and exit with 1 if anything would")
      .option("--stdin", "format stdin to stdout")
      .addOption(new Option("--from <notation>", "print a spec in JSON as a .mom file").choices(["json"]))
      .addHelpText(
        "after",
        "  mom fmt --check specs\n  mom fmt --stdin < specs/quickstart.mom\n  mom fmt --from json spec.json > spec.mom\n",
      )
      .action((given: readonly string[], options: Options) => {
        const paths = options.stdin === true ? [...given, STDIN] : given;
        if (paths.length === 0 || (paths.includes(STDIN) && paths.length > 1))
          command.error("error: name specs or folders, or take stdin alone with --stdin", {
            exitCode: EXIT.wrongUsage,
          });
        const [file = STDIN, second] = paths;
        if (options.from !== undefined) {
          if (second !== undefined || options.check)
            command.error("error: --from takes one spec, and no --check", { exitCode: EXIT.wrongUsage });
          return finish(translate(file) ? EXIT.done : EXIT.wrongInput);
        }
        const json = paths.find((path) => isJson({ path }));
        if (json !== undefined)
          command.error(`error: ${json} is JSON, which --from json prints as a .mom file`, {
            exitCode: EXIT.wrongUsage,
          });
        const outcomes = specFiles(paths).map((file) => setFile(file, options.check === true));
        const count = (wanted: Outcome): number => outcomes.filter((outcome) => outcome === wanted).length;
        if (!paths.includes(STDIN)) {
          const changed = `${count("changed")} ${options.check ? "to be formatted" : "formatted"}`;
          const wrong = count("wrong") > 0 ? `, ${count("wrong")} with mistakes` : "";
          const all = outcomes.length === 1 ? "1 spec" : `${outcomes.length} specs`;
          process.stderr.write(`${all}: ${changed}${wrong}\n`);
        }
        const failed = count("wrong") > 0 || (options.check === true && count("changed") > 0);
        finish(failed ? EXIT.wrongInput : EXIT.done);
      });
  },
};

type Outcome = "as it was" | "changed" | "wrong";

/** What has mistakes of syntax stays as it is, and they are printed. */
function setFile(file: string, checkOnly: boolean): Outcome {
  const source = readWhole(file, BYTES);
  const formatted = format(source);
  if ("diagnostics" in formatted) {
    process.stderr.write(`${render(formatted.diagnostics, [source], styleOf(process.stderr))}\n`);
    return "wrong";
  }
  const { text } = formatted;
  const changes = text !== source.text;
  if (checkOnly) {
    if (changes) tell(source, text);
  } else if (file === STDIN) writeExactly(text);
  else if (changes) {
    rewrite(file, text);
    process.stdout.write(`${file}\n`);
  }
  return changes ? "changed" : "as it was";
}

/** Prints a spec in JSON as a .mom file; what is wrong or unwanted in it, on stderr. Whether it was right. */
function translate(file: string): boolean {
  const { path, text } = readWhole(file, BYTES);
  const source = { path: isJson({ path }) ? path : `${path}.json`, text };
  const checked = checkSource(nodeDisk, source);
  const formatted = formatJson(source);
  if (checked.diagnostics.length > 0)
    process.stderr.write(`${render(checked.diagnostics, checked.sources, styleOf(process.stderr))}\n`);
  if (hasErrors(checked) || !("text" in formatted)) return false;
  writeExactly(formatted.text);
  return true;
}

function tell({ path, text }: Source, set: string): void {
  const colour = coloured(process.stdout);
  process.stdout.write(`${pc.createColors(colour).bold(path)}\n${changesText(text, set, colour)}\n`);
}

/** In place of the file that a link leads to, with its permissions; whole at any time. */
function rewrite(file: string, text: string): void {
  const path = realpathOf(nodeDisk, file) ?? file;
  const { mode } = statSync(path);
  replaceFile(nodeDisk, path, text, "");
  chmodSync(path, mode);
}

/** Where more lines change than this, they are not shown: finding the fewest takes their square. */
const LINES = 4000;

/** Lines `-` as they are and `+` as they would be; ends with a newline. Line ends are not shown. */
function changesText(before: string, after: string, colour: boolean): string {
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

/** What stands for stdin where a file is named. */
const STDIN = "-";

/**
 * @param limit in bytes; of a longer file only so much is read, for it to be refused
 * @throws Failure for what cannot be read, or is no UTF-8: some of its characters would be lost
 */
function readWhole(file: string, limit: number): Source {
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

/** Not looked into: what is hidden, and what others installed. */
const isOthers = (name: string): boolean => name.startsWith(".") || name === "node_modules";

/**
 * In the order of the paths, sorted inside of folders, each once.
 * @throws Failure for a folder without specs
 */
export function specFiles(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap((path) => (isFolder(path) ? specsBelow(path) : [path])))];
}

function specsBelow(folder: string): string[] {
  const found = isRunFolder(nodeDisk, folder) ? [] : walk(folder);
  if (found.length > 0) return found;
  const help = "Name a spec, or a folder that holds some: files that end with `.mom`.";
  throw new Failure([mistake("file-missing", `There are no specs in \`${folder}\`.`, { help })]);
}

const walk = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !isOthers(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      // A run's spec stays as it was written: the run is known by it.
      if (entry.isDirectory()) return isRunFolder(nodeDisk, path) ? [] : walk(path);
      return entry.name.endsWith(".mom") && !isFolder(path) ? [path] : [];
    });

/** What cannot be looked at is refused when it is read. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
