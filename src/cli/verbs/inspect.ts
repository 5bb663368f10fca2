// `mom inspect`: shows the costs of a spec. Needs no GPU.

import { basename } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import { draw, dumped, inspectSpec } from "../../api/inspect.js";
import { nodeDisk } from "../../api/node/disk.js";
import { STAGES, type Stage } from "../../compile.js";
import type { Json } from "../../front/spec.js";
import { fitText } from "../../inspect/fit.js";
import { inspectionText } from "../../inspect/inspection-text.js";
import { coloured } from "../colour.js";
import { allowOption, deviceOption, ending, setOption } from "../compile-options.js";
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
  readonly set?: readonly string[];
}

function wholeNumber(text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || n < 1 || n > 65_536)
    throw new InvalidArgumentError("Expected a whole number from 1 to 65536.");
  return n;
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<file>", "the spec")
      .addOption(deviceOption())
      .option("--batch <n>", "sequences in a micro-batch (default: the spec's)", wholeNumber)
      .option("--memory <size>", "show whether and how the training fits into this much memory, such as 80GiB", bytesOf)
      .addOption(new Option("--dump <stage>", "print the output of a compiler stage").choices(Object.keys(STAGES)))
      .option("--choices <file>", "use only the kernel variants in a run's choices.json")
      .option("--html <file>", "write a page with a drawing of the model and these tables", ending(".html"))
      .option("--svg <file>", "write only the drawing, for example for a paper", ending(".svg"))
      .option("--json", "print JSON")
      .addOption(setOption())
      .addOption(allowOption())
      .action((file: string, { device, batch, memory, dump: stage, choices, json, allow, set, ...drawn }: Options) => {
        const { spec, json: tree } = readSpec(file, { allow, set });
        if (spec === undefined) return finish(EXIT.wrongInput);
        const options = { device, batch, choices, memory };
        if (stage !== undefined) process.stdout.write(dumped(nodeDisk, { spec, json: tree as Json }, options, stage));
        else {
          const { inspection, fit } = inspectSpec(nodeDisk, spec, options);
          for (const made of draw(nodeDisk, spec, inspection, basename(file, ".mom"), drawn))
            process.stderr.write(`wrote ${made}\n`);
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

const POWERS = ["", "k", "m", "g", "t"];

/** Bytes. `80GiB` and `80g` are binary, `80GB` is decimal; a number without a unit is bytes. */
export function bytesOf(text: string): number {
  const [, digits = "", prefix = "", rest = ""] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?$/i.exec(text.trim()) ?? [];
  const base = rest.toLowerCase() === "b" ? 1000 : 1024;
  const bytes = Math.floor(Number(digits) * base ** POWERS.indexOf(prefix.toLowerCase()));
  if (digits !== "" && bytes >= 1 && bytes <= 2 ** 50 && (prefix !== "" || rest.toLowerCase() !== "ib")) return bytes;
  throw new InvalidArgumentError("Expected a number and a unit, such as 80GiB, 24GB or 8g, and at most 1024 TiB.");
}
