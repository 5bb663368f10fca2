// mom inspect: what a spec will cost, before a GPU is touched.

import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import { refusingTooLarge, trainingOptions } from "../../api/compile-options.js";
import { nodeDisk } from "../../api/node/disk.js";
import { type CompileOptions, dump, dumpPass, planned, programsOf, STAGES, type Stage } from "../../compile.js";
import { InputError } from "../../diagnostics/input-error.js";
import { printSpec } from "../../front/print-spec.js";
import type { CheckedSpec, Json } from "../../front/spec.js";
import { drawingFile } from "../../inspect/drawing/drawing.js";
import { drawnModel } from "../../inspect/drawing/model.js";
import { fitInto, fitText } from "../../inspect/fit.js";
import { type Inspection, inspect } from "../../inspect/inspection.js";
import { inspectionText } from "../../inspect/inspection-text.js";
import { inspectionPage } from "../../inspect/page.js";
import type { Choices } from "../../ir/plan.js";
import { parseChoices } from "../../train/choices.js";
import { replaceFile } from "../../train/replace-file.js";
import { coloured } from "../colour.js";
import { allowOption, deviceOption } from "../compile-options.js";
import { readSpec } from "../read-spec.js";
import { EXIT, type Verb } from "../verb.js";

interface Options {
  readonly device: string;
  readonly batch?: number;
  readonly memory?: number;
  readonly dump?: Stage;
  readonly choices?: string;
  readonly html?: string;
  readonly svg?: string;
  readonly json?: true;
  readonly allow?: readonly string[];
}

function wholeNumber(text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || n < 1 || n > 65_536)
    throw new InvalidArgumentError("It is a whole number from 1 to 65536.");
  return n;
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<file>", "the spec")
      .addOption(deviceOption())
      .option("--batch <n>", "sequences in a micro-batch, instead of the spec's", wholeNumber)
      .option("--memory <size>", "say whether and how it fits into so much memory, such as 80GiB", bytesOf)
      .addOption(new Option("--dump <stage>", "print what a stage of the compiler makes").choices(Object.keys(STAGES)))
      .option("--choices <file>", "plan the kernels that a run took, as its choices.json says, and no others")
      .option("--html <file>", "write a page with the model drawn, and these tables", ending(".html"))
      .option("--svg <file>", "write the drawing alone, as for a paper", ending(".svg"))
      .option("--json", "print JSON")
      .addOption(allowOption())
      .action((file: string, { device, batch, memory, dump: stage, choices, json, allow, ...drawn }: Options) => {
        const { spec, json: tree } = readSpec(file, { allow });
        if (spec === undefined) return finish(EXIT.wrongInput);
        const all = trainingOptions(spec, device, batch);
        const options: CompileOptions =
          choices === undefined ? all : { ...all, variants: "first", choices: choicesIn(choices) };
        if (stage === "read") process.stdout.write(printSpec(tree as Json).trimStart());
        else if (stage !== undefined) process.stdout.write(dumped(spec, options, stage));
        else {
          const inspection = inspect(spec, options);
          draw(file, spec, inspection, drawn);
          const fit = memory === undefined ? undefined : fitInto(spec, options, memory);
          const c = pc.createColors(coloured(process.stdout));
          const text = json
            ? `${JSON.stringify({ file, ...inspection, ...(fit && { fit }) }, undefined, 2)}\n`
            : `${inspectionText(inspection, c)}${fit ? `\n${fitText(fit, inspection, c)}` : ""}`;
          process.stdout.write(text);
        }
        finish(EXIT.done);
      });
  },
};

/** The option's file, refused where it has another ending: a slip must not cost a spec. */
const ending =
  (wanted: string) =>
  (path: string): string => {
    if (path.toLowerCase().endsWith(wanted)) return path;
    throw new InvalidArgumentError(`It is a file that ends with ${wanted}.`);
  };

/** Writes the files that were asked for, in place of what they held. */
function draw(file: string, spec: CheckedSpec, told: Inspection, { html, svg }: Pick<Options, "html" | "svg">): void {
  if (html === undefined && svg === undefined) return;
  const model = drawnModel(spec, told);
  const title = basename(file, ".mom");
  if (html !== undefined) replaceFile(nodeDisk, html, inspectionPage(told, model, title), DRAW_AGAIN);
  if (svg !== undefined) replaceFile(nodeDisk, svg, drawingFile(model, title), DRAW_AGAIN);
  for (const made of [html, svg]) if (made !== undefined) process.stderr.write(`wrote ${made}\n`);
}

const DRAW_AGAIN = ", then inspect again.";

function choicesIn(path: string): Choices {
  const choices = existsSync(path) ? parseChoices(readFileSync(path, "utf8")) : undefined;
  if (choices !== undefined) return choices;
  throw new InputError(
    "bad-record",
    `${path} holds no choices of kernels.`,
    "Name the choices.json of a run's folder.",
  );
}

function dumped(spec: CheckedSpec, options: CompileOptions, stage: Exclude<Stage, "read">): string {
  if (stage === "check") return `${JSON.stringify(spec, undefined, 2)}\n`;
  const stages = programsOf(spec, options);
  if (stage !== "allocate" && stage !== "emit") return dumpPass(stages, stage);
  return dump(
    refusingTooLarge(spec, options, () => planned(stages, options)),
    stage,
  );
}

const POWERS = ["", "k", "m", "g", "t"];

/** Bytes. `80GiB` and `80g` are binary, `80GB` is decimal; without a unit it is bytes. */
export function bytesOf(text: string): number {
  const [, digits = "", prefix = "", rest = ""] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?$/i.exec(text.trim()) ?? [];
  const base = rest.toLowerCase() === "b" ? 1000 : 1024;
  const bytes = Math.floor(Number(digits) * base ** POWERS.indexOf(prefix.toLowerCase()));
  if (digits !== "" && bytes >= 1 && bytes <= 2 ** 50 && (prefix !== "" || rest.toLowerCase() !== "ib")) return bytes;
  throw new InvalidArgumentError("It is a number and a unit up to 1024 TiB, such as 80GiB, 24GB or 8g.");
}
