// mom check: errors and warnings of specs.

import { statSync } from "node:fs";
import { Option } from "commander";
import pc from "picocolors";
import { nodeDisk } from "../../api/node/disk.js";
import { checkFile, hasErrors, type Reading } from "../../api/read-spec.js";
import { Failure } from "../../diagnostics/failure.js";
import { diagnosticsAsJson, diagnosticsAsSarif, render, tally } from "../../diagnostics/render.js";
import { visibleLine } from "../../diagnostics/visible.js";
import { coloured, styleOf } from "../colour.js";
import { allowOption } from "../compile-options.js";
import { version } from "../project.js";
import { readSpec } from "../read-spec.js";
import { CLEAR_SCREEN } from "../streams.js";
import { EXIT, type ExitCode, type Verb } from "../verb.js";

interface Options {
  readonly format: "text" | "json" | "sarif";
  readonly emit?: "json";
  readonly watch?: true;
  readonly allow?: readonly string[];
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<files...>", "the specs, in the language or in JSON")
      .addOption(
        new Option("--format <format>", "text, json for programs, or SARIF for code hosts")
          .choices(["text", "json", "sarif"])
          .default("text"),
      )
      .addOption(
        new Option("--emit <form>", "print the spec itself, imports merged and defaults filled in").choices(["json"]),
      )
      .option("--watch", "check again whenever a file or what it imports changes, until Ctrl-C")
      .addOption(allowOption())
      .action(async (files: readonly string[], { format, emit, watch, allow }: Options) => {
        const alone = (reason: string): never => command.error(`error: ${reason}`, { exitCode: EXIT.wrongUsage });
        if (emit !== undefined && (files.length > 1 || watch)) alone("--emit is for one spec, and without --watch");
        if (watch && format !== "text") alone("--watch is for people: leave out --format");
        if (emit !== undefined) finish(emitted(files[0] ?? "", allow));
        else if (watch) await watching(() => lookAt(files, allow));
        else finish(format === "text" ? told(files, { allow }) : printed(files, format, allow));
      });
  },
};

/** The spec as JSON; what is wrong with it goes to stderr. */
function emitted(file: string, allow?: readonly string[]): ExitCode {
  const { json } = readSpec(file, { allow });
  if (json === undefined) return EXIT.wrongInput;
  process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  return EXIT.done;
}

function printed(files: readonly string[], format: "json" | "sarif", allow?: readonly string[]): ExitCode {
  const checked = files.map((file) => checkFile(nodeDisk, file, { allow }));
  const diagnostics = checked.flatMap((one) => one.diagnostics);
  const sources = checked.flatMap((one) => one.sources);
  const found =
    format === "json" ? diagnosticsAsJson(diagnostics, sources) : diagnosticsAsSarif(diagnostics, sources, version());
  process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  return checked.some(hasErrors) ? EXIT.wrongInput : EXIT.done;
}

function told(files: readonly string[], reading: Omit<Reading, "origin">): ExitCode {
  const checked = files.map((file) => ({ file, ...checkFile(nodeDisk, file, reading) }));
  for (const { file, diagnostics, sources } of checked) {
    if (diagnostics.length === 0)
      process.stdout.write(`${visibleLine(file)}: ${pc.createColors(coloured(process.stdout)).green("no errors")}\n`);
    else
      process.stdout.write(
        `${render(diagnostics, sources, styleOf(process.stdout))}\n${visibleLine(file)}: ${tally(diagnostics)}\n`,
      );
  }
  return checked.some(hasErrors) ? EXIT.wrongInput : EXIT.done;
}

/** Checks once more, on a clean screen where there is one, and gives what the outcome depends on. */
function lookAt(files: readonly string[], allow?: readonly string[]): Set<string> {
  const tried = new Set<string>(files);
  if (process.stdout.isTTY) process.stdout.write(CLEAR_SCREEN);
  for (const file of files) {
    try {
      told([file], { tried, allow });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      process.stdout.write(render(error.diagnostics, [], styleOf(process.stdout)));
    }
  }
  process.stdout.write(`Watching ${tried.size === 1 ? "one file" : `${tried.size} files`}; Ctrl-C ends.\n`);
  return tried;
}

/** Between two looks at the files. */
const LOOK_MS = 200;

/** What changes when a file does, and when it last changed; "" where there is none. */
function stateOf(path: string): { readonly state: string; readonly changed: number } {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { state: "", changed: 0 };
  const { ino, size, mtimeMs, ctimeMs } = found;
  return { state: [ino, size, mtimeMs, ctimeMs].join(), changed: Math.max(mtimeMs, ctimeMs) };
}

/**
 * Calls `look` at once and after every change of a file that the last call named. Never ends by itself.
 * Files are looked at again and again: that works for files which editors replace, that are on other machines, or that do not
 * exist yet, where notices of the file system differ from system to system.
 * @param look gives the paths that what it does depends on, of files that exist or not
 */
async function watching(look: () => Iterable<string>): Promise<never> {
  let before = "";
  for (;;) {
    const began = Date.now();
    const paths = [...new Set(look())];
    const states = paths.map(stateOf);
    // What has changed since may have been read before it did; looked at once more, it has not.
    const all = states.map(({ state }) => state).join(";");
    let changed = all !== before && states.some((one) => one.changed >= began - LOOK_MS / 10);
    before = all;
    do {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      changed ||= paths.some((path, i) => stateOf(path).state !== states[i]?.state);
    } while (!changed);
  }
}
