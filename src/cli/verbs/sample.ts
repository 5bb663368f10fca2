// `mom sample`: samples from a trained model: continues text, denoises pictures, lists codes and units.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { nodeHost } from "../../api/node/host.js";
import type { PromptOptions } from "../../api/prompt.js";
import { SAMPLE_DEFAULTS, sample } from "../../api/sample.js";
import type { TrainedOptions } from "../../api/trained.js";
import { writeNpy } from "../../data/npy.js";
import { InputError } from "../../diagnostics/input-error.js";
import { visible } from "../../diagnostics/visible.js";
import { type AdapterSource, SOURCES } from "../../gpu/dawn.js";
import { ITEM_SAMPLERS } from "../../objectives/items.js";
import { pngOf } from "../../report/png.js";
import type { SampledDocument } from "../../sample/document.js";
import { type Showing, type ShownLatent, shown } from "../../sample/shown.js";
import { allowOption, setOption } from "../compile-options.js";
import { CHECKPOINT_OPTION, openTrained, RUN_ARGUMENT, STEP_OPTION, stepOrBest, wholeNumber } from "../trained.js";
import { EXIT, type Verb } from "../verb.js";

interface Options extends TrainedOptions, PromptOptions {
  readonly modality?: string;
  readonly count: number;
  readonly tokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed: number;
  readonly steps: number;
  readonly sampler?: string;
  readonly guidance: number;
  readonly out: string;
  readonly json?: true;
  readonly adapter?: AdapterSource;
}

const within =
  (least: number, most: number, whole = false) =>
  (text: string): number => {
    const value = Number(text);
    const fits = text.trim() !== "" && value >= least && value <= most && (!whole || Number.isInteger(value));
    if (!fits) throw new InvalidArgumentError(`Expected a ${whole ? "whole " : ""}number from ${least} to ${most}.`);
    return value;
  };
const count = (most: number) => within(1, most, true);

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument(...RUN_ARGUMENT)
      .option("--prompt <text>", "a text to continue")
      .option("--image <file>", "a picture to continue from; it precedes the text")
      .option("--audio <file>", "a recording of speech to continue from; it precedes both")
      .option("--modality <name>", "sample one segment of this modality (default: the rest of the document)")
      .option("--count <n>", "documents to sample", count(10_000), SAMPLE_DEFAULTS.count)
      .option("--tokens <n>", "the most positions to sample in each", count(1_000_000), SAMPLE_DEFAULTS.tokens)
      .option(
        "--temperature <x>",
        "divides the logits; 0 always picks the most likely token",
        within(0, 100),
        SAMPLE_DEFAULTS.temperature,
      )
      .option("--top-k <n>", "choose among this many of the most likely tokens", count(1e9))
      .option("--top-p <p>", "choose among the fewest tokens whose probabilities reach this sum", within(0, 1))
      .option("--seed <n>", "the random seed; the same seed gives the same samples", wholeNumber, SAMPLE_DEFAULTS.seed)
      .option("--steps <n>", "the number of denoising steps for a picture", count(100_000), SAMPLE_DEFAULTS.steps)
      .addOption(
        new Option("--sampler <name>", "how a picture is denoised (default: the objective's)").choices(ITEM_SAMPLERS),
      )
      .option(
        "--guidance <g>",
        "how strongly the text before a picture conditions it; 1 means no extra guidance",
        within(0, 100),
        SAMPLE_DEFAULTS.guidance,
      )
      .option("--out <folder>", "the folder for pictures", "samples")
      .option("--json", "print JSON")
      .addOption(setOption())
      .addOption(allowOption())
      .option(...STEP_OPTION, stepOrBest)
      .option(...CHECKPOINT_OPTION)
      .addOption(new Option("--adapter <source>", "the device (default: the best one available)").choices(SOURCES))
      .action(async (path: string, options: Options) => {
        const trained = openTrained(path, options);
        if (!trained) return finish(EXIT.wrongInput);
        const notice = (line: string) => void process.stderr.write(`${line}\n`);
        const { documents, showing } = await sample(nodeHost, trained, { ...options, notice });
        const printed = documents.map((document, number) => printedDocument(document, number, showing, options.out));
        process.stdout.write(
          options.json
            ? `${JSON.stringify({ step: trained.weights.step, seed: options.seed, samples: printed })}\n`
            : printed.map((one, number) => text(one, options.count > 1 ? number + 1 : undefined)).join("\n"),
        );
        finish(EXIT.done);
      });
  },
};

interface PrintedSegment {
  readonly modality: string;
  readonly text?: string | undefined;
  /** In the vocabulary of the modality, from 0. */
  readonly ids?: readonly number[] | undefined;
  /** A PNG, or for a latent a .npy of [channels, height, width]. */
  readonly file?: string | undefined;
}

interface PrintedDocument {
  readonly segments: readonly PrintedSegment[];
  readonly ended: boolean;
}

/** The sampled document as it is printed. Writes its pictures. */
function printedDocument(
  { segments, ended }: SampledDocument,
  number: number,
  showing: Showing,
  out: string,
): PrintedDocument {
  const files = new Set<string>();
  const printed = segments.map((segment): PrintedSegment => {
    const { modality, ids, text: words, picture, latent } = shown(segment, showing);
    const name = showing.parts.modalities[modality]?.name ?? "";
    if (picture === undefined && latent === undefined) return { modality: name, text: words, ids };
    const before = [...files].filter((file) => file.startsWith(`${number + 1}-${name}`)).length;
    const file = `${number + 1}-${name}${before > 0 ? `-${before + 1}` : ""}.${picture ? "png" : "npy"}`;
    files.add(file);
    writePicture(join(out, file), picture ? pngOf(picture, nodeHost.deflate) : npyOf(latent as ShownLatent));
    return { modality: name, ids, file: join(out, file) };
  });
  return { segments: printed, ended };
}

const npyOf = ({ shape, data }: ShownLatent): Uint8Array => writeNpy({ type: "f4", shape, data });

function writePicture(file: string, bytes: Uint8Array): void {
  try {
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputError("disk", `${file} can't be written: ${why}.`, "Name another folder with --out.");
  }
}

function text({ segments, ended }: PrintedDocument, number: number | undefined): string {
  if (segments.length === 0) return `${number === undefined ? "" : `Sample ${number}\n`}(the document ends here)\n`;
  const lines = segments.map(
    ({ modality, text: words, ids, file }) => `${modality}: ${visible(file ?? words ?? ids?.join(" ") ?? "")}`,
  );
  const head = number === undefined ? [] : [`Sample ${number}`];
  return `${[...head, ...lines, ...(ended ? [] : ["(cut at --tokens)"])].join("\n")}\n`;
}
