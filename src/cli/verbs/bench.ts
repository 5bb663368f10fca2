// `mom bench`: times a training step, kernel by kernel, against the device's limits.

import { InvalidArgumentError, Option } from "commander";
import { benchSpec, namedShares } from "../../api/bench.js";
import { nodeHost } from "../../api/node/host.js";
import type { Bench, KernelTime } from "../../bench/bench.js";
import type { LoopTime } from "../../bench/loop.js";
import { type AdapterSource, SOURCES } from "../../gpu/dawn.js";
import { short, size } from "../../inspect/inspection-text.js";
import { columns } from "../../report/columns.js";
import type { TuneMode } from "../../tune/tune.js";
import { allowOption, setOption } from "../compile-options.js";
import { readSpec } from "../read-spec.js";
import { tuneOption } from "../tune-option.js";
import { EXIT, type Verb } from "../verb.js";

interface Options {
  readonly adapter?: AdapterSource;
  readonly json?: true;
  readonly allow?: readonly string[];
  readonly set?: readonly string[];
  readonly force?: string;
  readonly tune: TuneMode;
  readonly share?: ReadonlyMap<string, number>;
  readonly loop?: true | number;
}

const LOOP_STEPS = 50;
const MOST_LOOP_STEPS = 10_000;

function parseSteps(text: string): number {
  const steps = Number(text);
  if (Number.isInteger(steps) && steps >= 1 && steps <= MOST_LOOP_STEPS) return steps;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${MOST_LOOP_STEPS}.`);
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<file>", "the spec; it is timed on random data")
      .option(
        "--share <shares>",
        "each modality's share of the positions, such as text=0.99,image=0.01 (default: they alternate)",
        parseShares,
      )
      .option(
        "--loop [steps]",
        `train this many steps (default ${LOOP_STEPS}) and report the share of the time in which the device is busy`,
        parseSteps,
      )
      .option("--force <variant>", "use this kernel variant for every kernel that has it")
      .option("--json", "print JSON")
      .addOption(setOption())
      .addOption(allowOption())
      .addOption(new Option("--adapter <source>", "the device (default: the best one available)").choices(SOURCES))
      .addOption(tuneOption())
      .addHelpText("after", "  mom bench specs/quickstart.mom --tune full\n")
      .action(async (file: string, { adapter, json, force, tune, share, loop, allow, set }: Options) => {
        const { spec } = readSpec(file, { allow, set });
        if (spec === undefined) return finish(EXIT.wrongInput);
        const shares = share && namedShares(share, spec.model.modalities);
        const notice = (line: string): void => void process.stderr.write(`${line}\n`);
        const loopSteps = loop === true ? LOOP_STEPS : loop;
        const benched = await benchSpec(nodeHost, spec, { shares, loopSteps, force, tune, adapter, notice });
        const asText = benched.kind === "loop" ? loopText(benched.found) : tableText(benched.found);
        process.stdout.write(json ? `${JSON.stringify({ file, ...benched.found }, null, 2)}\n` : asText);
        finish(EXIT.done);
      });
  },
};

const NUMERIC_COLUMNS = new Set([3, 4, 5, 6, 7, 8]);

/** Explains the last columns and how the ceilings were measured. */
const BOUND_NOTE =
  "Ceilings: the fastest of several runs of small kernels, by the device's clock. A kernel's bound is the largest of three times at\nthe ceilings: for its FLOPs, for its bytes from the cache, and for the bytes from memory that the cache cannot hold.";

const milliseconds = (seconds: number): string => (1000 * seconds).toPrecision(3);

function loopText({ device, positions, steps, wallSeconds, aloneSeconds, busy, host }: LoopTime): string {
  const { batches, submit, record } = host;
  const each = wallSeconds / steps;
  return [
    device,
    `${steps} steps of training on ${positions} positions take ${milliseconds(each)} ms each (${short(positions / each)} positions/s); the device is busy ${(100 * busy).toFixed(1)} % of the time`,
    `A step takes ${milliseconds(aloneSeconds)} ms when it is submitted repeatedly, without the rest of the loop`,
    `For each step, the host makes the batches in ${milliseconds(batches)} ms, uploads and submits them in ${milliseconds(submit)} ms, and records the losses in ${milliseconds(record)} ms`,
    "",
  ].join("\n");
}

/** The table that the command prints. */
export function tableText(found: Bench): string {
  const { ceilings, stepSeconds, forwardSeconds, positions, modalities } = found;
  const { matrixFlopsPerSecond: units } = ceilings;
  const matrix = units === undefined ? "" : `${short(units)} on matrix units, `;
  const { cache } = ceilings;
  const cached = cache ? `, ${short(cache.bytesPerSecond)} from a cache of about ${size(cache.bytes)}` : "";
  const rows = found.kernels.map(rowOf);
  const whose = Object.entries(modalities)
    .map(([name, n]) => `${name} ${n}`)
    .join(", ");
  const heads = [
    "kernel",
    "variant",
    "sizes",
    "times",
    "ms",
    "share",
    "FLOP/s",
    "bytes/s",
    "of its bound",
    "limited by",
  ];
  return [
    `${found.device}: ${short(ceilings.flopsPerSecond)} FLOP/s of f32 multiply-adds, ${matrix}${short(ceilings.bytesPerSecond)} bytes/s from memory${cached}`,
    `A step of ${positions} positions (${whose}) takes ${milliseconds(stepSeconds)} ms (${short(positions / stepSeconds)} positions/s), forward alone ${milliseconds(forwardSeconds)} ms; ${size(found.bytesAllocated)} allocated`,
    "",
    columns(heads, rows, NUMERIC_COLUMNS),
    "",
    BOUND_NOTE,
    "",
  ].join("\n");
}

function rowOf({ op, variant, shape, times, seconds, flops, bytes, ofBound, limit, share }: KernelTime): string[] {
  return [
    op,
    variant,
    shape,
    String(times),
    milliseconds(seconds),
    `${(100 * share).toFixed(1)} %`,
    short(flops / seconds),
    short(bytes / seconds),
    `${(100 * ofBound).toFixed(0)} %`,
    limit,
  ];
}

/** Parses the shares on the command line, by the name of the modality. */
function parseShares(text: string): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  for (const piece of text.split(",")) {
    const [, name = "", digits = ""] = /^\s*(\w+)\s*=\s*(\d*\.?\d+(?:e-?\d+)?)\s*$/i.exec(piece) ?? [];
    if (name === "") {
      throw new InvalidArgumentError(
        `\`${piece}\` is not a share. Use NAME=NUMBER for each modality, such as text=0.99,image=0.01.`,
      );
    }
    if (shares.has(name)) throw new InvalidArgumentError(`Duplicate modality ${name}.`);
    shares.set(name, Number(digits));
  }
  return shares;
}
