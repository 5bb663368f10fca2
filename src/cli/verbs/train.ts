// `mom train`: compiles a spec and trains the model.
import { basename, join, resolve } from "node:path";
import { Option } from "commander";
import { withoutSettings } from "../../api/library.js";
import { nodeDisk } from "../../api/node/disk.js";
import { nodeHost } from "../../api/node/host.js";
import { openTracker } from "../../api/node/tracker.js";
import { trainWithProgress } from "../../api/node/train-with-progress.js";
import { isRunFolder } from "../../api/run-spec.js";
import { trainSpec } from "../../api/train.js";
import { checkDataThere, withData } from "../../api/where-data.js";
import { SKIP_BAD } from "../../data/bad-files.js";
import { allowFlags, setFlags } from "../../diagnostics/allow.js";
import type { Json } from "../../front/spec.js";
import { type AdapterSource, SOURCES } from "../../gpu/dawn.js";
import { folderExists } from "../../train/errors.js";
import { runAt } from "../../train/run-folder.js";
import type { TuneMode } from "../../tune/tune.js";
import { allowOption, dataOption, setOption, skipBadOption } from "../compile-options.js";
import { readSpec, readToResume } from "../read-spec.js";
import { logged } from "../streams.js";
import { exitOf } from "../thrown.js";
import { tuneOption } from "../tune-option.js";
import { EXIT, type Verb } from "../verb.js";

interface Options {
  readonly out?: string;
  readonly resume?: true;
  readonly tune: TuneMode;
  readonly adapter?: AdapterSource;
  readonly allow?: readonly string[];
  readonly set?: readonly string[];
  readonly skipBad?: true;
  readonly track?: string;
  readonly data?: string;
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<file>", "the spec; with --resume, the folder of the run is enough")
      .option("--out <folder>", "the run's folder (default: runs/NAME)")
      .option(
        "--resume",
        "continue the run in that folder from its last checkpoint; --set changes steps, learning rates, batch and more",
      )
      .addOption(
        new Option("--adapter <source>", "the device to train on (default: the best one available)").choices(SOURCES),
      )
      .addOption(tuneOption())
      .addOption(dataOption())
      .addOption(setOption())
      .addOption(allowOption())
      .addOption(skipBadOption())
      .option(
        "--track <file>",
        "a JavaScript module that receives the metrics and samples; it runs with your permissions",
      )
      .addHelpText("after", "  mom train specs/quickstart.mom --tune full\n")
      .action(async (file: string, options: Options) => {
        const resume = options.resume === true;
        const name = basename(resolve(file)).replace(/\.(?:mom|json)$/, "");
        const isRun = isRunFolder(nodeDisk, file);
        if (isRun && !resume && options.out === undefined) throw folderExists(file);
        // The name is not that of a spec, so a run is meant.
        if (resume && !isRun && !/\.(?:mom|json)$/.test(file)) runAt(file, nodeDisk);
        const out = options.out ?? (isRun ? file : join("runs", name));
        const found = resume ? readToResume(file, out, options) : readSpec(file, options);
        if (!found.spec) return finish(EXIT.wrongInput);
        const { spec, json, folder, reach, isRun: begun } = withData({ ...found, spec: found.spec }, options.data);
        checkDataThere({ spec, folder, reach, isRun: begun });
        const { tune, adapter, skipBad } = options;
        const resumeCommand = `mom train ${file} --resume${options.out ? ` --out ${options.out}` : ""}${options.data ? ` --data ${options.data}` : ""}${setFlags(options.set)}${allowFlags(options.allow)}${skipBad ? ` ${SKIP_BAD}` : ""}${options.track ? ` --track ${options.track}` : ""}`;
        const track = options.track === undefined ? undefined : await openTracker(options.track);
        const wanted = {
          host: nodeHost,
          spec,
          json: json as Json,
          written: resume ? undefined : withoutSettings(nodeDisk, file, options),
          file: found.file,
          folder,
          out,
          tune,
          adapter,
          reach,
          skipBad,
          resume,
          track,
        };
        const outcome = await trainWithProgress({ ...logged(process.stderr), folder: out, resumeCommand }, (how) =>
          trainSpec({ ...wanted, title: name, ...how }),
        );
        finish(exitOf(outcome));
      });
  },
};
