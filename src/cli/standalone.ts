// train.mjs of a compiled folder: trains the model in that folder. Its only dependency is `webgpu`.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadDataSet, openCompiled, shardPaths } from "../api/compiled-folder.js";
import { nodeDisk } from "../api/node/disk.js";
import { nodeHost } from "../api/node/host.js";
import { trainWithProgress } from "../api/node/train-with-progress.js";
import { carried } from "../api/start.js";
import { runTraining } from "../api/training.js";
import { DEFAULT_TUNE, tunedFolder } from "../api/tuning.js";
import { withChoices } from "../gpu/choose.js";
import { type AdapterSource, SOURCES } from "../gpu/dawn.js";
import { recordedChoices } from "../train/choices.js";
import { movedSpec } from "../train/placed-spec.js";
import { RUN_FILES } from "../train/run-folder.js";
import type { NamedFile } from "../train/whole-folder.js";
import { TUNE_MODES, type TuneMode } from "../tune/tune.js";
import { endWith, guardStreams, logged } from "./streams.js";
import { exitOf, reportThrown } from "./thrown.js";
import { EXIT, type ExitCode } from "./verb.js";

const USAGE = `Trains the model in this folder.

  node train.mjs [--out FOLDER] [--resume] [--adapter ${SOURCES.join("|")}] [--tune ${TUNE_MODES.join("|")}]

  --out      the run's folder (default: run, beside this file)
  --resume   continue the run in that folder from its last checkpoint
  --adapter  the device to train on (default: the best one available)
  --tune     how kernel variants are chosen. off: the first that the device supports; cached: the fastest, if it was
  measured before (default); full: measure the others. A resumed run keeps its variants.
`;

const here = dirname(fileURLToPath(import.meta.url));

const isMode = (text: string): text is TuneMode => (TUNE_MODES as readonly string[]).includes(text);
const isSource = (text: string): text is AdapterSource => (SOURCES as readonly string[]).includes(text);

/** Tokenizers and codebooks, with the names that they have in a run's folder. */
const filesIn = (folder: string): NamedFile[] =>
  existsSync(folder)
    ? readdirSync(folder).map((name) => ({
        name: `${RUN_FILES.files}/${name}`,
        bytes: readFileSync(join(folder, name)),
      }))
    : [];

async function main(): Promise<ExitCode> {
  const options = {
    out: { type: "string" },
    resume: { type: "boolean" },
    adapter: { type: "string" },
    tune: { type: "string" },
    help: { type: "boolean" },
  } as const;
  let given: ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];
  try {
    given = parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return EXIT.wrongUsage;
  }
  if (given.help) {
    process.stdout.write(USAGE);
    return EXIT.done;
  }
  if (given.adapter !== undefined && !isSource(given.adapter)) {
    process.stderr.write(`error: unknown adapter "${given.adapter}"\n\n${USAGE}`);
    return EXIT.wrongUsage;
  }
  const tune = given.tune ?? DEFAULT_TUNE;
  if (!isMode(tune)) {
    process.stderr.write(`error: unknown tuning mode "${tune}"\n\n${USAGE}`);
    return EXIT.wrongUsage;
  }
  const model = openCompiled(here, nodeDisk);
  const { spec } = model;
  const shards = shardPaths(here, nodeDisk, spec.model);
  const dataSet = loadDataSet(nodeDisk, shards, spec.model, spec.data.held_out);
  const device = await nodeHost.openDevice(given.adapter);
  process.stderr.write(`On ${device.description}\n`);
  const out = given.out ?? join(here, "run");
  const choices = given.resume
    ? recordedChoices({ path: out, disk: nodeDisk })
    : await tunedFolder(nodeHost, model, device, tune, (line) => process.stderr.write(`${line}\n`));
  const plan = withChoices(model.compiled.plan, device.profile, choices ?? {});
  const compiled = { ...model.compiled, plan };
  const resumeCommand = `node ${process.argv[1]} --resume${given.out ? ` --out ${given.out}` : ""}`;
  const outcome = await trainWithProgress({ ...logged(process.stderr), folder: out, resumeCommand }, (how) =>
    runTraining({
      ...how,
      host: nodeHost,
      spec,
      specText: movedSpec(readFileSync(join(here, "spec.mom"), "utf8"), here, out, nodeDisk.paths),
      specFiles: () => filesIn(join(here, RUN_FILES.files)),
      compiled,
      dataSet,
      device,
      folder: out,
      resume: given.resume === true,
      start: carried(spec, compiled, here, nodeDisk),
      title: "A compiled model",
    }),
  );
  return exitOf(outcome);
}

let code: ExitCode = EXIT.done;
guardStreams(() => code);
code = await main().catch(reportThrown);
endWith(code);
