// `mom trace`: steps on tensors from a safetensors file, and everything that they make, for comparing with other programs.
import { readFileSync, writeFileSync } from "node:fs";
import { InvalidArgumentError, Option } from "commander";
import { nodeHost } from "../../api/node/host.js";
import { type TraceSettings, traceSpec } from "../../api/trace.js";
import { readSafetensors, writeSafetensors } from "../../data/safetensors.js";
import { InputError } from "../../diagnostics/input-error.js";
import { SOURCES } from "../../gpu/dawn.js";
import { allowOption } from "../compile-options.js";
import { readSpec } from "../read-spec.js";
import { EXIT, type Verb } from "../verb.js";

interface Options extends TraceSettings {
  readonly tensors: string;
  readonly out: string;
  readonly allow?: readonly string[];
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("It must be a whole number from 1 on.");
  return value;
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputError(
      "file-unreadable",
      `${path} can't be read: ${why}.`,
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
        "parameters by their checkpoint names, and batch.STEP.{tokens, modality, noisy, noise, timestep}; with --stack input, modality and cotangent; with data.reset also document; state.layers.N.{h, conv} where sequences go on from a state",
      )
      .requiredOption("--out <file>", "where everything that was made goes, as safetensors")
      .option("--stack", "the stack of blocks alone: from input to the sum of output · cotangent")
      .addOption(allowOption())
      .option("--steps <n>", "updates to make", positive, 1)
      .option("--prefix <text>", "before the parameters' names in the file", "")
      .option("--chunk <n>", "positions in a chunk of the scan", positive)
      .option("--variant <name>", "a kernel variant to take wherever there is one of that name")
      .addOption(new Option("--adapter <source>", "the device (default: the best there is)").choices(SOURCES))
      .action(async (file: string, options: Options) => {
        const { spec } = readSpec(file, { allow: options.allow });
        if (!spec) return finish(EXIT.wrongInput);
        const { tensors } = readSafetensors(readFile(options.tensors), options.tensors);
        const { tensors: made, device } = await traceSpec(nodeHost, spec, tensors, options);
        writeFile(options.out, writeSafetensors(made));
        process.stderr.write(`${made.size} tensors on ${device}: ${options.out}\n`);
        finish(EXIT.done);
      });
  },
};
