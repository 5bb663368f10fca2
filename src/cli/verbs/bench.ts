// `mom bench`: the time of a training step, kernel by kernel, against what the device could do.
import { Option } from "commander";
import { type Bench, bench, type KernelTime } from "../../bench/bench.js";
import { type AdapterSource, openDevice, SOURCES } from "../../gpu/dawn.js";
import { short, size } from "../../report/inspection-text.js";
import { columns } from "../columns.js";
import { readSpec } from "../read-spec.js";
import { EXIT, type Verb } from "../verb.js";

interface Options {
  readonly adapter?: AdapterSource;
  readonly json?: true;
  readonly force?: string;
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<file>", "the spec; its data are made up")
      .option("--force <variant>", "take that variant of kernels wherever there is one")
      .option("--json", "print JSON")
      .addOption(new Option("--adapter <source>", "the device (default: the best there is)").choices(SOURCES))
      .action(async (file: string, { adapter, json, force }: Options) => {
        const { spec } = readSpec(file);
        if (spec === undefined) return finish(EXIT.wrongInput);
        const device = await openDevice(adapter ? { adapter } : {});
        const found = await bench(spec, device, force === undefined ? {} : { force });
        process.stdout.write(json ? `${JSON.stringify({ file, ...found }, null, 2)}\n` : text(found));
        finish(EXIT.done);
      });
  },
};

/** Columns of the table that hold numbers. */
const NUMBERS = new Set([3, 4, 5, 6, 7, 8]);

const milliseconds = (seconds: number): string => (1000 * seconds).toPrecision(3);

function text(found: Bench): string {
  const { ceilings, stepSeconds, forwardSeconds, kernelSeconds, positions } = found;
  const rows = found.kernels.map((kernel) => rowOf(kernel, kernelSeconds));
  const heads = ["kernel", "variant", "sizes", "times", "ms", "share", "FLOP/s", "bytes/s", "of its bound"];
  return [
    `${found.device}: ${short(ceilings.flopsPerSecond)} FLOP/s of multiply-adds, ${short(ceilings.bytesPerSecond)} bytes/s of copying`,
    `A step of ${positions} positions takes ${milliseconds(stepSeconds)} ms (${short(positions / stepSeconds)} positions/s), forward alone ${milliseconds(forwardSeconds)} ms; ${size(found.bytesAllocated)} allocated`,
    "",
    columns(heads, rows, NUMBERS),
    "",
  ].join("\n");
}

function rowOf({ op, variant, shape, times, seconds, flops, bytes, bound }: KernelTime, whole: number): string[] {
  return [
    op,
    variant,
    shape,
    String(times),
    milliseconds(seconds),
    `${((100 * seconds) / whole).toFixed(1)} %`,
    short(flops / seconds),
    short(bytes / seconds),
    `${((100 * bound) / seconds).toFixed(0)} %`,
  ];
}
