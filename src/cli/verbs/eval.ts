// `mom eval`: computes the losses of a trained model by modality, in the way that validation does during training.
import { Option } from "commander";
import { evaluate, SPLITS, type Split } from "../../api/evaluate.js";
import { nodeHost } from "../../api/node/host.js";
import type { TrainedOptions } from "../../api/trained.js";
import { lossUnits } from "../../api/units.js";
import { type AdapterSource, SOURCES } from "../../gpu/dawn.js";
import { formatLoss } from "../../report/progress.js";
import type { SetLosses, ValidationRecord } from "../../train/metrics.js";
import { allowOption, dataOption, setOption, skipBadOption } from "../compile-options.js";
import { CHECKPOINT_OPTION, openTrained, RUN_ARGUMENT, STEP_OPTION, stepOrBest } from "../trained.js";
import { EXIT, type Verb } from "../verb.js";

interface Options extends TrainedOptions {
  readonly split: Split;
  readonly json?: true;
  readonly skipBad?: true;
  readonly adapter?: AdapterSource;
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument(...RUN_ARGUMENT)
      .option(...STEP_OPTION, stepOrBest)
      .option(...CHECKPOINT_OPTION)
      .addOption(
        new Option("--split <name>", "held-out documents, or training documents").choices(SPLITS).default("validation"),
      )
      .option("--json", "print JSON")
      .addOption(dataOption())
      .addOption(setOption())
      .addOption(allowOption())
      .addOption(skipBadOption())
      .addOption(new Option("--adapter <source>", "the device (default: the best one available)").choices(SOURCES))
      .action(async (path: string, options: Options) => {
        const trained = openTrained(path, options);
        if (!trained) return finish(EXIT.wrongInput);
        const notice = (line: string) => void process.stderr.write(`${line}\n`);
        const { record, documents } = await evaluate(nodeHost, trained, { ...options, notice });
        const { split } = options;
        process.stdout.write(
          options.json
            ? `${JSON.stringify({ ...record, kind: undefined, split, documents })}\n`
            : text(record, split, documents, lossUnits(trained.spec)),
        );
        finish(EXIT.done);
      });
  },
};

function text(
  { step, loss, losses, sets = {} }: ValidationRecord,
  split: Split,
  documents: number,
  units: Readonly<Record<string, string>>,
): string {
  const about = split === "validation" ? "held-out" : "training";
  const table = (of: SetLosses) => {
    const rows = [
      ...Object.entries(of.losses).map(([name, value]) => [name, formatLoss(value), units[name] ?? ""] as const),
      ["all", formatLoss(of.loss), "weighted sum"] as const,
    ];
    const width = Math.max(...rows.map(([name]) => name.length));
    return rows.map(([name, value, unit]) => `  ${name.padEnd(width)}  ${value.padEnd(6)}  ${unit}\n`).join("");
  };
  const named = Object.entries(sets).map(([name, set]) => `${name}:\n${table(set)}`);
  return `Step ${step}, ${documents} ${about} documents:\n${table({ loss, losses })}${named.join("")}`;
}
