// `mom fmt`: formats specs.

import { Option } from "commander";
import { structuredPatch } from "diff";
import pc from "picocolors";
import { formattedFile, rewriteSpec, STDIN, specFiles, translatedJson } from "../../api/node/spec-files.js";
import type { Source } from "../../diagnostics/diagnostic.js";
import { visible } from "../../diagnostics/visible.js";
import { isJson } from "../../front/parse-json.js";
import { coloured } from "../colour.js";
import { printDiagnostics } from "../read-spec.js";
import { writeExactly } from "../streams.js";
import { EXIT, type Verb } from "../verb.js";

interface Options {
  readonly check?: true;
  readonly stdin?: true;
  readonly from?: "json";
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("[files...]", `specs and folders of specs; ${STDIN} reads stdin`)
      .option("--check", "show what would change without writing it, and exit with 1 if anything would")
      .option("--stdin", "format stdin to stdout")
      .addOption(new Option("--from <notation>", "print a JSON spec as a .mom file").choices(["json"]))
      .addHelpText(
        "after",
        "  mom fmt --check specs\n  mom fmt --stdin < specs/quickstart.mom\n  mom fmt --from json spec.json > spec.mom\n",
      )
      .action((given: readonly string[], options: Options) => {
        const paths = options.stdin === true ? [...given, STDIN] : given;
        if (paths.length === 0 || (paths.includes(STDIN) && paths.length > 1))
          command.error("error: name specs or folders, or use only --stdin", {
            exitCode: EXIT.wrongUsage,
          });
        const [file = STDIN, second] = paths;
        if (options.from !== undefined) {
          if (second !== undefined || options.check)
            command.error("error: --from takes one spec and excludes --check", { exitCode: EXIT.wrongUsage });
          return finish(translate(file) ? EXIT.done : EXIT.wrongInput);
        }
        const json = paths.find((path) => isJson({ path }));
        if (json !== undefined)
          command.error(`error: ${json} is JSON; --from json prints it as a .mom file`, {
            exitCode: EXIT.wrongUsage,
          });
        const outcomes = specFiles(paths).map((file) => setFile(file, options.check === true));
        const count = (wanted: Outcome): number => outcomes.filter((outcome) => outcome === wanted).length;
        if (!paths.includes(STDIN)) {
          const changed = `${count("changed")} ${options.check ? "to format" : "formatted"}`;
          const wrong = count("wrong") > 0 ? `, ${count("wrong")} with errors` : "";
          const all = outcomes.length === 1 ? "1 spec" : `${outcomes.length} specs`;
          process.stderr.write(`${all}: ${changed}${wrong}\n`);
        }
        const failed = count("wrong") > 0 || (options.check === true && count("changed") > 0);
        finish(failed ? EXIT.wrongInput : EXIT.done);
      });
  },
};

type Outcome = "unchanged" | "changed" | "wrong";

/** Formats one file. A file with syntax errors stays unchanged, and the errors are printed. */
function setFile(file: string, checkOnly: boolean): Outcome {
  const { source, text, diagnostics } = formattedFile(file);
  if (text === undefined) {
    printDiagnostics(diagnostics, [source]);
    return "wrong";
  }
  const changes = text !== source.text;
  if (checkOnly) {
    if (changes) printChanges(source, text);
  } else if (file === STDIN) writeExactly(text);
  else if (changes) {
    rewriteSpec(file, text);
    process.stdout.write(`${file}\n`);
  }
  return changes ? "changed" : "unchanged";
}

/** Prints a JSON spec as a .mom file, and its errors and warnings to stderr. Returns whether it has no errors. */
function translate(file: string): boolean {
  const { text, diagnostics, sources } = translatedJson(file);
  printDiagnostics(diagnostics, sources);
  if (text !== undefined) writeExactly(text);
  return text !== undefined;
}

function printChanges({ path, text }: Source, set: string): void {
  const colour = coloured(process.stdout);
  process.stdout.write(`${pc.createColors(colour).bold(path)}\n${changesText(text, set, colour)}\n`);
}

/** If more lines change, they are not shown, because the time of the comparison grows with their square. */
const LINES = 4000;

/** The old lines with `-` and the new ones with `+`. Ends with a newline. Line ends are not shown. */
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
