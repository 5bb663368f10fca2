// `mom train`: compiles a spec and trains it.
import { basename, join } from "node:path";
import { Option } from "commander";
import { planned, programsOf, trainingOn } from "../../compile.js";
import { decodersOf } from "../../data/codecs.js";
import { prepare } from "../../data/prepare.js";
import { printSpec } from "../../front/print-spec.js";
import type { Json } from "../../front/spec.js";
import { type AdapterSource, openDevice, SOURCES } from "../../gpu/dawn.js";
import { recordedChoices } from "../../train/choices.js";
import { nodeDisk } from "../../train/disk.js";
import type { TuneMode } from "../../tune/tune.js";
import { outsideOption } from "../compile-options.js";
import { readSpec } from "../read-spec.js";
import { starting } from "../start.js";
import { runTraining } from "../training.js";
import { tuneOption } from "../tune-option.js";
import { tuned } from "../tuning.js";
import { EXIT, type Verb } from "../verb.js";

interface Options {
  readonly out?: string;
  readonly resume?: true;
  readonly tune: TuneMode;
  readonly adapter?: AdapterSource;
  readonly outside?: true;
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<file>", "the spec")
      .option("--out <folder>", "the run's folder (default: runs/NAME)")
      .option(
        "--resume",
        "go on with the run in that folder from its last checkpoint, with the spec and the kernels that it began with",
      )
      .addOption(
        new Option("--adapter <source>", "the device to train on (default: the best there is)").choices(SOURCES),
      )
      .addOption(tuneOption())
      .addOption(outsideOption())
      .addHelpText("after", "  mom train specs/quickstart.mom --tune full\n")
      .action(async (file: string, options: Options) => {
        const { spec, json, folder } = readSpec(file);
        if (!spec) return finish(EXIT.wrongInput);
        const name = basename(file).replace(/\.mom$/, "");
        const out = options.out ?? join("runs", name);
        const write = (text: string) => process.stderr.write(text);
        const { dataSet, codecs } = await prepare(spec.data, spec.model, {
          folder,
          notice: (text) => write(`${text}\n`),
        });
        const device = await openDevice(options.adapter ? { adapter: options.adapter } : {});
        write(`${name}: on ${device.description}\n`);
        const how = trainingOn(spec, device.profile);
        const stages = programsOf(spec, how);
        const notice = (text: string) => write(`${text}\n`);
        const choices = options.resume
          ? recordedChoices({ path: out, disk: nodeDisk })
          : await tuned({ mode: options.tune, spec, options: how, stages, opened: device, notice });
        const compiled = planned(stages, { ...how, choices });
        const code = await runTraining({
          spec,
          specText: printSpec(json as Json),
          specFile: file,
          compiled,
          dataSet,
          device,
          decoders: decodersOf(codecs),
          folder: out,
          resume: options.resume === true,
          start: starting(spec, compiled, { folder, outside: options.outside === true }),
          title: name,
          resumeCommand: `mom train ${file} --resume${options.out ? ` --out ${options.out}` : ""}`,
          terminal: process.stderr,
        });
        finish(code);
      });
  },
};
