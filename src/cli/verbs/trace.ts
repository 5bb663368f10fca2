// `mom trace`: runs steps on tensors from a safetensors file and writes every result, for comparison with other programs.
import { readFileSync, writeFileSync } from "node:fs";
import { InvalidArgumentError, Option } from "commander";
import { nodeHost } from "../../api/node/host.js";
import { type TraceSettings, traceSpec } from "../../api/trace.js";
import { readSafetensors, writeSafetensors } from "../../data/safetensors.js";
import { InputError } from "../../diagnostics/input-error.js";
import { SOURCES } from "../../gpu/dawn.js";
import { allowOption, setOption } from "../compile-options.js";
import { readSpec } from "../read-spec.js";
import { EXIT, type Verb } from "../verb.js";

interface Options extends TraceSettings {
  readonly tensors: string;
  readonly out: string;
  readonly allow?: readonly string[];
  readonly set?: readonly string[];
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("Expected a whole number, 1 or more.");
  return value;
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputError(
      "file-unreadable",
      `${path} cannot be read: ${why}.`,
      "Name a safetensors file with --tensors.",
    );
  }
}

function writeFile(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputError("disk", `${path} can't be written: ${why}.`, "Name another file with --out.");
  }
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<file>", "the spec")
      .requiredOption(
        "--tensors <file>",
        "parameters by their checkpoint names, and batch.STEP.{tokens, modality, noisy, noise, timestep}; with --stack: input, modality and cotangent; with data.reset: also document; to continue from a state: state.layers.N.{h, conv}",
      )
      .requiredOption("--out <file>", "the safetensors file for the results")
      .option("--stack", "run only the stack of blocks, from input to the sum of output · cotangent")
      .addOption(setOption())
      .addOption(allowOption())
      .option("--steps <n>", "the number of updates", positive, 1)
      .option("--prefix <text>", "a prefix of the parameter names in the file", "")
      .option("--chunk <n>", "positions per chunk of the scan", positive)
      .option("--variant <name>", "use this kernel variant for every kernel that has it")
      .addOption(new Option("--adapter <source>", "the device (default: the best one available)").choices(SOURCES))
      .action(async (file: string, options: Options) => {
        const { spec } = readSpec(file, options);
        if (!spec) return finish(EXIT.wrongInput);
        const { tensors } = readSafetensors(readFile(options.tensors), options.tensors);
        const { tensors: made, device } = await traceSpec(nodeHost, spec, tensors, options);
        writeFile(options.out, writeSafetensors(made));
        process.stderr.write(`${made.size} tensors on ${device}: ${options.out}\n`);
        finish(EXIT.done);
      });
  },
};
