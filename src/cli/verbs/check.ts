// `mom check`: reports errors and warnings in specs.

import { statSync } from "node:fs";
import { Option } from "commander";
import pc from "picocolors";
import { nodeDisk } from "../../api/node/disk.js";
import { checkFile, hasErrors, type Reading } from "../../api/read-spec.js";
import { Failure } from "../../diagnostics/failure.js";
import { diagnosticsAsJson, diagnosticsAsSarif, render, tally } from "../../diagnostics/render.js";
import { visibleLine } from "../../diagnostics/visible.js";
import { VERSION } from "../../train/version.gen.js";
import { coloured, styleOf } from "../colour.js";
import { allowOption, setOption } from "../compile-options.js";
import { readSpec } from "../read-spec.js";
import { CLEAR_SCREEN } from "../streams.js";
import { EXIT, type ExitCode, type Verb } from "../verb.js";

type Given = Pick<Reading, "allow" | "set">;

interface Options extends Given {
  readonly format: "text" | "json" | "sarif";
  readonly emit?: "json";
  readonly watch?: true;
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<files...>", "the specs, as .mom or JSON files")
      .addOption(
        new Option("--format <format>", "text, json for programs, or sarif for code hosts")
          .choices(["text", "json", "sarif"])
          .default("text"),
      )
      .addOption(
        new Option("--emit <form>", "print the spec with imports merged and defaults filled in").choices(["json"]),
      )
      .option("--watch", "check again when a file or one of its imports changes; Ctrl-C stops")
      .addOption(setOption())
      .addOption(allowOption())
      .action(async (files: readonly string[], { format, emit, watch, ...reading }: Options) => {
        const alone = (reason: string): never => command.error(`error: ${reason}`, { exitCode: EXIT.wrongUsage });
        if (emit !== undefined && (files.length > 1 || watch)) alone("--emit takes one spec and excludes --watch");
        if (watch && format !== "text") alone("--watch prints text: leave out --format");
        if (emit !== undefined) finish(emitted(files[0] ?? "", reading));
        else if (watch) await watching(() => lookAt(files, reading));
        else finish(format === "text" ? checkAsText(files, reading) : checkAsJson(files, format, reading));
      });
  },
};

/** Prints the spec as JSON, and its errors and warnings to stderr. */
function emitted(file: string, reading: Given): ExitCode {
  const { json } = readSpec(file, reading);
  if (json === undefined) return EXIT.wrongInput;
  process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  return EXIT.done;
}

function checkAsJson(files: readonly string[], format: "json" | "sarif", reading: Given): ExitCode {
  const checked = files.map((file) => checkFile(nodeDisk, file, reading));
  const diagnostics = checked.flatMap((one) => one.diagnostics);
  const sources = checked.flatMap((one) => one.sources);
  const found =
    format === "json" ? diagnosticsAsJson(diagnostics, sources) : diagnosticsAsSarif(diagnostics, sources, VERSION);
  process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  return checked.some(hasErrors) ? EXIT.wrongInput : EXIT.done;
}

function checkAsText(files: readonly string[], reading: Omit<Reading, "origin">): ExitCode {
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

/** Clears the screen, checks the files, and returns the paths that the outcome depends on. */
function lookAt(files: readonly string[], reading: Given): Set<string> {
  const tried = new Set<string>(files);
  if (process.stdout.isTTY) process.stdout.write(CLEAR_SCREEN);
  for (const file of files) {
    try {
      checkAsText([file], { ...reading, tried });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      process.stdout.write(render(error.diagnostics, [], styleOf(process.stdout)));
    }
  }
  process.stdout.write(`Watching ${tried.size === 1 ? "one file" : `${tried.size} files`}; Ctrl-C stops.\n`);
  return tried;
}

/** The interval between two polls of the files. */
const POLL_MS = 200;

/** A value that changes when the file changes ("" if the file does not exist), and the time of the last change. */
function stateOf(path: string): { readonly state: string; readonly changed: number } {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { state: "", changed: 0 };
  const { ino, size, mtimeMs, ctimeMs } = found;
  return { state: [ino, size, mtimeMs, ctimeMs].join(), changed: Math.max(mtimeMs, ctimeMs) };
}

/**
 * Calls `look` now and after every change of a file that the last call returned. Never returns.
 * Polls the files: that also works for files that editors replace, that are on a network, or that do not exist yet. File
 * system events for these differ between systems.
 * @param look returns the paths that its outcome depends on, including missing files
 */
async function watching(look: () => Iterable<string>): Promise<never> {
  let before = "";
  for (;;) {
    const began = Date.now();
    const paths = [...new Set(look())];
    const states = paths.map(stateOf);
    // A file that changed at this moment may have been read before the change, so one more poll follows.
    const all = states.map(({ state }) => state).join(";");
    let changed = all !== before && states.some((one) => one.changed >= began - POLL_MS / 10);
    before = all;
    do {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      changed ||= paths.some((path, i) => stateOf(path).state !== states[i]?.state);
    } while (!changed);
  }
}
