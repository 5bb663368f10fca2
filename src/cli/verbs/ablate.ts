// `mom ablate`: trains every variant of an ablation and reports the effects.
import { InvalidArgumentError, Option } from "commander";
import type { Design } from "../../ablate/design.js";
import { severalGpus } from "../../ablate/errors.js";
import { type AblationFolder, stateOf } from "../../ablate/folder.js";
import { chosenDesign } from "../../api/ablate/choose.js";
import { costsOf, type Estimate, type EstimateRequest, estimated } from "../../api/ablate/costs.js";
import { dataSetsIn } from "../../api/ablate/data-sets.js";
import { defaultFolder } from "../../api/ablate/run.js";
import { refuseArmsForTorch } from "../../api/ablate/torch-fit.js";
import { ablateWithProgress } from "../../api/node/ablate-with-progress.js";
import { nodeDisk } from "../../api/node/disk.js";
import { nvidiaGpus } from "../../api/node/gpus.js";
import { nodeHost } from "../../api/node/host.js";
import type { Python } from "../../api/node/torchrun.js";
import { diagnosticOf } from "../../diagnostics/diagnostic.js";
import { Failure } from "../../diagnostics/failure.js";
import { InputError } from "../../diagnostics/input-error.js";
import { visibleLine } from "../../diagnostics/visible.js";
import { printSpec } from "../../front/print-spec.js";
import type { Json } from "../../front/spec.js";
import { type AdapterSource, SOURCES } from "../../gpu/dawn.js";
import { size } from "../../inspect/inspection-text.js";
import { armsText, listingJson, listingText } from "../../report/ablation/listing.js";
import type { AblationOutcome } from "../../report/ablation/progress.js";
import { formatDuration } from "../../report/progress.js";
import type { TuneMode } from "../../tune/tune.js";
import { allowOption, setOption, skipBadOption } from "../compile-options.js";
import { type EmitOptions, emitJobs, emitOptions } from "../emit-jobs.js";
import { readSpec } from "../read-spec.js";
import { logged } from "../streams.js";
import { wholeNumber } from "../trained.js";
import { tuneOption } from "../tune-option.js";
import { EXIT, type ExitCode, type Verb } from "../verb.js";

interface Options extends EmitOptions {
  readonly out?: string;
  readonly list?: true;
  readonly dryRun?: true;
  readonly report?: true;
  readonly json?: true;
  readonly index?: number;
  readonly jobs?: number;
  readonly maxFailures?: number;
  readonly retry?: true;
  readonly keepWeights?: true;
  readonly adapter?: AdapterSource;
  readonly tune: TuneMode;
  readonly allow?: readonly string[];
  readonly set?: readonly string[];
  readonly skipBad?: true;
}

const MOST_JOBS = 64;

function jobs(text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || n < 1 || n > MOST_JOBS)
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${MOST_JOBS}.`);
  return n;
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<file>", "a spec with `ablate` blocks")
      .argument("[name]", "the ablation to run, if the spec has several")
      .option("--out <folder>", "the ablation's folder (default: runs/FILE-NAME)")
      .option("--list", "list the variants and their states; train nothing")
      .option("--dry-run", "list the variants with their costs, and estimate time and disk space from a few steps")
      .option("--report", "write the report of the finished variants; train nothing")
      .option("--json", "with --list or --dry-run: print JSON")
      .option("--index <i>", "train only the variant with this index", wholeNumber)
      .option(
        "--jobs <n>",
        "processes that train at the same time (default: 1; in a cluster's queue, as many as it allows)",
        jobs,
      )
      .option("--max-failures <n>", "start no more variants after this many failures", jobs)
      .option("--retry", "train only the variants that failed")
      .option("--keep-weights", "keep the checkpoints of finished variants")
      .addOption(
        new Option("--adapter <source>", "the device to train on (default: the best one available)").choices(SOURCES),
      )
      .addOption(tuneOption());
    for (const option of emitOptions()) command.addOption(option);
    command
      .addOption(setOption())
      .addOption(allowOption())
      .addOption(skipBadOption())
      .action(async (path: string, name: string | undefined, options: Options) => {
        const { spec, json, file, folder: specFolder, reach } = readSpec(path, options);
        if (!spec) return finish(EXIT.wrongInput);
        const design = chosenDesign(nodeDisk, spec, json as Json, name, file, options.allow);
        const folder: AblationFolder = { path: options.out ?? defaultFolder(file, design.name), disk: nodeDisk };
        checkIndex(design, options.index);
        if (options.target === "torch") refuseForPyTorch(design, options);
        const statesNow = () => design.variants.map(({ id }) => stateOf(folder, id));
        if (options.list) {
          const listing = { design, states: statesNow() };
          process.stdout.write(
            options.json ? `${JSON.stringify(listingJson(listing), null, 2)}\n` : listingText(listing),
          );
          return finish(EXIT.done);
        }
        if (options.emit) {
          const { jobs } = options;
          const script = emitJobs({ file, json: json as Json, design, out: folder.path, jobs, options });
          process.stdout.write(`${script}\n`);
          return finish(EXIT.done);
        }
        const notice = (text: string) => process.stderr.write(`${text}\n`);
        const dataSetOf = dataSetsIn({ host: nodeHost, folder: specFolder, reach, skipBad: options.skipBad }, notice);
        const costs = await costsOf(design, printSpec(json as Json), dataSetOf);
        const { target, gpus, python: program } = options;
        const torch = target === "torch" ? { program, gpus } : undefined;
        const request = { ...options, torch, jobs: options.jobs ?? 1, file, design, folder, costs };
        if (options.dryRun) {
          await dryRun({ ...request, host: nodeHost, dataSetOf });
          return finish(EXIT.done);
        }
        refuseSharedGpu(request);
        finish(exitOf(await ablateWithProgress({ ...request, ...logged(process.stderr) }), options.index));
      });
  },
};

/**
 * The exit code for several failures. A device failure outranks a divergence, because a divergence is a result.
 * @param index the only variant that was to be trained; the others do not count
 */
function exitOf({ kind, states: all }: AblationOutcome, index: number | undefined): ExitCode {
  if (kind === "stopped") return EXIT.interrupted;
  const states = index === undefined ? all : all.slice(index, index + 1);
  if (index !== undefined && states.some(({ state }) => state === "running" || state === "pending")) return EXIT.inUse;
  const codes = new Set<number>(states.map((one) => (one.state === "failed" ? one.exit : EXIT.done)));
  return [EXIT.deviceFailed, EXIT.fault, EXIT.wrongInput, EXIT.diverged].find((code) => codes.has(code)) ?? EXIT.done;
}

/** What `--target torch` cannot do. */
function refuseForPyTorch(design: Design, { gpus, adapter, dryRun }: Options): void {
  if (adapter !== undefined)
    throw new InputError(
      "bad-option",
      "--adapter chooses a device for mom's own kernels, not for PyTorch",
      "Use --gpus; 0 trains on a CPU.",
    );
  if (dryRun)
    throw new InputError(
      "bad-option",
      "--dry-run measures mom's own kernels, not PyTorch",
      "Leave --target out for an estimate.",
    );
  refuseArmsForTorch(design, gpus);
}

/** Several jobs on several GPUs of one kind would all train on the first. */
function refuseSharedGpu({
  jobs,
  file,
  adapter,
  index,
  report,
  torch,
}: Options & { readonly jobs: number; readonly file: string; readonly torch: Python | undefined }): void {
  const onAdapter = adapter === undefined ? process.env.MOM_ADAPTER !== "swiftshader" : adapter !== "swiftshader";
  const usesGpu = torch === undefined ? onAdapter : torch.gpus > 0;
  const count = jobs > 1 && index === undefined && !report && usesGpu ? nvidiaGpus() : 0;
  if (count > 1) throw severalGpus(count, visibleLine(file), torch !== undefined);
}

function checkIndex({ variants }: Design, index: number | undefined): void {
  if (index === undefined || index < variants.length) return;
  const message = `Unknown variant ${index}: the ablation has variants 0 to ${variants.length - 1}.`;
  throw new Failure([diagnosticOf("no-variant", message, { help: "`--list` shows the variants." })]);
}

interface DryRun extends Omit<EstimateRequest, "measuring" | "keepWeights"> {
  readonly keepWeights?: true;
  readonly json?: true;
}

async function dryRun({ json, keepWeights, ...request }: DryRun): Promise<void> {
  const { design, costs } = request;
  const keeps = keepWeights === true;
  const { states, device, left, estimate } = await estimated({
    ...request,
    keepWeights: keeps,
    measuring: (arm, on) => process.stderr.write(`Measuring a few steps of \`${arm.label}\` on ${on}\n`),
  });
  const listing = { design, states, costs };
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...(listingJson(listing) as object), device, estimate }, null, 2)}\n`
      : `${armsText(design, costs)}\n${listingText(listing)}${estimateText(estimate, left, request.jobs, keeps)}`,
  );
}

function estimateText(
  { seconds, bytes, peakBytes }: Estimate,
  left: number,
  jobs: number,
  keepWeights: boolean,
): string {
  if (left === 0) return "Nothing is left to train.\n";
  const weights = keepWeights
    ? "with their weights"
    : "weights are deleted when a variant is done; --keep-weights keeps them";
  const at = jobs === 1 ? "one at a time" : `${jobs} at a time, if they do not slow each other down`;
  return (
    `Remaining variants: ${left}. Training them takes about ${formatDuration(seconds)} here, ${at}, ` +
    `and ${size(Math.round(bytes))} of disk space, at most ${size(Math.round(peakBytes))} during training (${weights}).\n`
  );
}
