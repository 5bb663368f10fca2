// `mom sample`: what a trained model makes of a prompt: text continued, pictures denoised, codes and units listed.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { InputError } from "../../diagnostics/input-error.js";
import type { CheckedSpec } from "../../front/spec.js";
import { type AdapterSource, openDevice, SOURCES } from "../../gpu/dawn.js";
import { pixelsOf } from "../../modalities/pixels.js";
import { firstId, textOf } from "../../modalities/text.js";
import { encodePng } from "../../report/png.js";
import type { SampledDocument, SampledSegment } from "../../sample/document.js";
import { checkRequest, sampleDocuments } from "../../sample/sampling.js";
import { SAMPLERS, type Sampler } from "../../train/denoise.js";
import { modalityNamed, type PromptOptions, promptOf } from "../prompt.js";
import {
  CHECKPOINT_OPTION,
  openTrained,
  RUN_ARGUMENT,
  STEP_OPTION,
  type TrainedOptions,
  wholeNumber,
} from "../trained.js";
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
  readonly sampler: Sampler;
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
    if (!fits) throw new InvalidArgumentError(`It is a ${whole ? "whole " : ""}number from ${least} to ${most}.`);
    return value;
  };
const count = (most: number) => within(1, most, true);

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument(...RUN_ARGUMENT)
      .option("--prompt <text>", "a text to go on from")
      .option("--image <file>", "a picture to go on from, which stands before the text")
      .option("--modality <name>", "one segment of this modality (default: the document to its end)")
      .option("--count <n>", "documents to sample", count(10_000), 1)
      .option("--tokens <n>", "most positions to sample in each", count(1_000_000), 100)
      .option("--temperature <x>", "what logits are divided by; 0 takes the likeliest token", within(0, 100), 1)
      .option("--top-k <n>", "choose among so many of the likeliest tokens", count(1e9))
      .option("--top-p <p>", "choose among the fewest tokens whose probabilities reach this sum", within(0, 1))
      .option("--seed <n>", "the same seed gives the same samples", wholeNumber, 0)
      .option("--steps <n>", "timesteps that a picture is denoised in", count(100_000), 50)
      .addOption(new Option("--sampler <name>", "how a picture is denoised").choices(SAMPLERS).default("ddim"))
      .option(
        "--guidance <g>",
        "how strongly what precedes a picture conditions it; 1 is as learned",
        within(0, 100),
        1,
      )
      .option("--out <folder>", "where pictures go", "samples")
      .option("--json", "print JSON")
      .option(...STEP_OPTION, wholeNumber)
      .option(...CHECKPOINT_OPTION)
      .addOption(new Option("--adapter <source>", "the device (default: the best there is)").choices(SOURCES))
      .action(async (path: string, options: Options) => {
        const trained = openTrained(path, options);
        if (!trained) return finish(EXIT.wrongInput);
        const { spec, weights } = trained;
        const { count: documents, modality, out } = options;
        const only = modality === undefined ? undefined : modalityNamed(modality, spec.model);
        const prompt = await promptOf(options, spec.model);
        const request = {
          spec,
          settings: { ...options, only },
          prompts: Array.from({ length: documents }, () => prompt),
          counts: spec.model.modalities.map(() => undefined),
        };
        checkRequest(request);
        const device = await openDevice(options.adapter ? { adapter: options.adapter } : {});
        const sampled = await sampleDocuments(device, weights.tensors, request);
        const shown = sampled.map((document, number) => shownOf(document, number, spec, out));
        process.stdout.write(
          options.json
            ? `${JSON.stringify({ step: weights.step, seed: options.seed, samples: shown })}\n`
            : shown.map((one, number) => text(one, documents > 1 ? number + 1 : undefined)).join("\n"),
        );
        finish(EXIT.done);
      });
  },
};

interface ShownSegment {
  readonly modality: string;
  readonly text?: string;
  /** The modality's own, from 0. */
  readonly ids?: readonly number[];
  /** A PNG. */
  readonly file?: string;
}

interface Shown {
  readonly segments: readonly ShownSegment[];
  readonly ended: boolean;
}

/** What was sampled as people see it; its pictures are written. */
function shownOf({ segments, ended }: SampledDocument, number: number, spec: CheckedSpec, out: string): Shown {
  const pictures = new Map<number, number>();
  const fileFor = (modality: number): string => {
    const before = pictures.get(modality) ?? 0;
    pictures.set(modality, before + 1);
    return join(out, `${number + 1}-${spec.model.modalities[modality]?.name}${before > 0 ? `-${before + 1}` : ""}.png`);
  };
  return { segments: segments.map((segment) => shownSegment(segment, spec, fileFor)), ended };
}

function shownSegment(
  segment: SampledSegment,
  { model }: CheckedSpec,
  fileFor: (modality: number) => string,
): ShownSegment {
  const declared = model.modalities[segment.modality];
  if (declared === undefined) throw new Error(`there is no modality ${segment.modality}`);
  const { name } = declared;
  if (segment.kind === "tokens") {
    const first = firstId(segment.modality, model.vocabulary);
    const ids = segment.ids.map((id) => id - first);
    return declared.kind === "bytes"
      ? { modality: name, text: textOf(segment.ids, model), ids }
      : { modality: name, ids };
  }
  if (declared.kind !== "patches") throw new Error(`${name} has no pictures`);
  const { width, height, channels } = declared;
  const file = fileFor(segment.modality);
  const pixels = pixelsOf(segment.patches, declared);
  writePicture(file, encodePng({ width, height, channels: channels as 1 | 3 | 4, pixels }));
  return { modality: name, file };
}

function writePicture(file: string, bytes: Uint8Array): void {
  try {
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputError(`${file} can't be written: ${why}.`, "Name another folder with --out.");
  }
}

function text({ segments, ended }: Shown, number: number | undefined): string {
  if (segments.length === 0) return `${number === undefined ? "" : `Sample ${number}\n`}(it ends here)\n`;
  const lines = segments.map(({ modality, text: said, ids, file }) => `${modality}: ${file ?? said ?? ids?.join(" ")}`);
  const head = number === undefined ? [] : [`Sample ${number}`];
  return `${[...head, ...lines, ...(ended ? [] : ["(cut at --tokens)"])].join("\n")}\n`;
}
