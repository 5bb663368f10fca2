// `mom eval`: the losses of a trained model by modality, as validation in training computes them.
import { Option } from "commander";
import { nodeHost } from "../../api/node/host.js";
import type { TrainedOptions } from "../../api/trained.js";
import { lossUnits } from "../../api/units.js";
import { checkDataThere } from "../../api/where-data.js";
import { compile, EVALUATION_PHASES } from "../../compile.js";
import { prepare } from "../../data/prepare.js";
import { InputError } from "../../diagnostics/input-error.js";
import { type AdapterSource, openDevice, SOURCES } from "../../gpu/dawn.js";
import { formatLoss } from "../../report/progress.js";
import { validate } from "../../train/loop.js";
import type { ValidationRecord } from "../../train/metrics.js";
import { openModel } from "../../train/model.js";
import { allowOption, dataOption, skipBadOption } from "../compile-options.js";
import { CHECKPOINT_OPTION, openTrained, RUN_ARGUMENT, STEP_OPTION, wholeNumber } from "../trained.js";
import { EXIT, type Verb } from "../verb.js";

const SPLITS = ["validation", "train"] as const;
type Split = (typeof SPLITS)[number];

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
      .option(...STEP_OPTION, wholeNumber)
      .option(...CHECKPOINT_OPTION)
      .addOption(
        new Option("--split <name>", "the documents held out, or those learned from")
          .choices(SPLITS)
          .default("validation"),
      )
      .option("--json", "print JSON")
      .addOption(dataOption())
      .addOption(allowOption())
      .addOption(skipBadOption())
      .addOption(new Option("--adapter <source>", "the device (default: the best there is)").choices(SOURCES))
      .action(async (path: string, options: Options) => {
        const trained = openTrained(path, options);
        if (!trained) return finish(EXIT.wrongInput);
        const { spec, folder, reach, weights } = trained;
        const notice = (text: string) => process.stderr.write(`${text}\n`);
        checkDataThere(trained);
        const { dataSet } = await prepare(spec.data, spec.model, {
          host: nodeHost,
          folder,
          reach,
          skipBad: options.skipBad,
          notice,
        });
        if (trained.documents !== undefined && trained.documents !== dataSet.fingerprint)
          notice(
            "note: these are other documents than the run was trained on, so some may be held out here and learned there",
          );
        const documents = dataSet[options.split];
        if (documents.length === 0) {
          throw new InputError(
            "no-documents",
            `No document is held out: data.held_out is ${spec.data.held_out}.`,
            "Take --split train, or train a run with a larger data.held_out.",
          );
        }
        const device = await openDevice(options.adapter ? { adapter: options.adapter } : {});
        const compiled = compile(spec, {
          profile: device.profile,
          batch: spec.train.batch,
          length: spec.data.length,
          phases: EVALUATION_PHASES,
          variants: "first",
          choices: weights.choices,
        });
        const model = await openModel(device, compiled);
        await model.load("parameters", weights.tensors);
        const record = await validate(model, spec, dataSet, weights.step, documents);
        model.runtime.destroy();
        const { split } = options;
        process.stdout.write(
          options.json
            ? `${JSON.stringify({ ...record, kind: undefined, split, documents: documents.length })}\n`
            : text(record, split, documents.length, lossUnits(spec)),
        );
        finish(EXIT.done);
      });
  },
};

function text(
  { step, loss, losses }: ValidationRecord,
  split: Split,
  documents: number,
  units: Readonly<Record<string, string>>,
): string {
  const about = split === "validation" ? "held out" : "learned from";
  const rows = [
    ...Object.entries(losses).map(([name, value]) => [name, formatLoss(value), units[name] ?? ""] as const),
    ["all", formatLoss(loss), "weighted"] as const,
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value, unit]) => `  ${name.padEnd(width)}  ${value.padEnd(6)}  ${unit}`);
  return `Step ${step}, ${documents} documents ${about}:\n${lines.join("\n")}\n`;
}
