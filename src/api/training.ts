// A training run from its data to its report: what `mom train` and a compiled folder's train.mjs both do.
import type { DataSet } from "../data/data-set.js";
import { mistake } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import { choicesOf } from "../gpu/choose.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { itemOf } from "../modalities/modality.fields.js";
import type { Decode } from "../modalities/text.js";
import { type Deflate, pngOf } from "../report/png.js";
import { formatCount } from "../report/progress.js";
import type { SampleGroup, TextSample } from "../report/render.js";
import { readStart, writeAbout, writeReport, writeStart } from "../report/run-report.js";
import { hasSamples, writeSamples } from "../report/samples.js";
import type { StartRecord } from "../report/start-text.js";
import type { TrainingEvents, TrainingOutcome } from "../report/training-words.js";
import type { SampleSettings } from "../sample/document.js";
import { type Compared, chosen, hasPictures, type Show, type Shown, showSamples } from "../sample/shown.js";
import { choicesText } from "../train/choices.js";
import { type CompiledModel, planText } from "../train/compiled.js";
import { diverged } from "../train/diverged.js";
import { openModel, type Tensors } from "../train/model.js";
import { type Resumed, resumeRun, trainRecorded } from "../train/recorded.js";
import { closeRun, createRun, dataText, openRun, pathIn, type Run } from "../train/run-folder.js";
import { checkTeaches } from "../train/teaching.js";
import type { NamedFile } from "../train/whole-folder.js";
import type { Host } from "./host.js";
import type { Started } from "./start.js";
import { lossUnits } from "./units.js";

export interface TrainingRequest {
  readonly host: Pick<Host, "disk" | "deflate">;
  readonly spec: CheckedSpec;
  /** The spec as resolved, which the run keeps: its paths are right in the run's folder. */
  readonly specText: string;
  /** Reads the tokenizers and codebooks that go with it. */
  readonly specFiles?: () => readonly NamedFile[];
  /** The file that the spec was read from, if it was. */
  readonly specFile?: string;
  readonly compiled: CompiledModel["compiled"];
  readonly dataSet: DataSet;
  readonly device: OpenDevice;
  /** Of modalities with a tokenizer, by index: what samples are shown with. */
  readonly decoders?: ReadonlyMap<number, Decode>;
  /** The run's folder. */
  readonly folder: string;
  readonly resume: boolean;
  /** Finds what the weights start from; absent where they are drawn. */
  readonly start?: (() => Started) | undefined;
  readonly title: string;
  readonly events: TrainingEvents;
  /** Asked after every update: whether to save and stop. */
  readonly stopWanted: () => boolean;
}

function aboutOf({ spec, compiled, device, dataSet, title }: TrainingRequest, start: StartRecord | undefined) {
  const parameters = compiled.parameters.reduce((sum, { shape }) => sum + shape.reduce((p, n) => p * n, 1), 0);
  const memory = compiled.plan.buffers.reduce((sum, { bytes }) => sum + bytes, 0);
  const latents = spec.model.modalities.filter((modality) => itemOf(modality)?.type === "F32");
  return {
    title,
    facts: [
      ["Parameters", formatCount(parameters)],
      ["Documents", `${dataSet.train.length} to learn from, ${dataSet.validation.length} held out`],
      ["Device", device.description],
      ["Planned memory", `${(memory / 2 ** 20).toFixed(1)} MiB`],
      ...latents.map(({ name }) => ["Pictures", `none of ${name}: its latents are for their own decoder`] as const),
      ...(start ? [["Weights from", start.from] as const] : []),
    ] as const,
    units: lossUnits(spec),
  };
}

/** Trains, and leaves a report. @throws Failure or InputError where the run, its data or the device are wrong */
export async function runTraining(request: TrainingRequest): Promise<TrainingOutcome> {
  const { spec, folder, resume, events } = request;
  const { disk, deflate } = request.host;
  checkTeaches(spec, request.dataSet);
  const choices = choicesOf(request.compiled.plan, request.device.profile);
  // Before there is a folder, for what is refused leaves none.
  const begins = resume ? undefined : request.start?.();
  const run: Run = resume
    ? openRun(folder, disk)
    : createRun(
        folder,
        {
          spec: request.specText,
          plan: planText({ ...request, profile: request.device.profile }),
          choices: choicesText(choices, request.device.description),
          data: dataText(request.dataSet.fingerprint, request.dataSet.documents.length),
          files: request.specFiles?.(),
          file: request.specFile,
        },
        disk,
      );
  try {
    events.opened((text) => run.disk.append(pathIn(run, "log"), new TextEncoder().encode(text)));
    const { checkpoint, warnings }: Resumed = resume
      ? resumeRun(run, { ...request, choices })
      : { checkpoint: undefined, warnings: [] };
    if (warnings.length > 0) events.warned(warnings);
    if (resume) events.resumed(checkpoint?.step ?? 0);
    const start = checkpoint ? undefined : (begins ?? request.start?.());
    if (start) beginFrom(start, run, events);
    writeAbout(run, aboutOf(request, readStart(run)));
    const model = await openModel(request.device, request.compiled);
    const begun = Date.now();
    const outcome = await trainRecorded(
      run,
      { model, spec, dataSet: request.dataSet },
      {
        stepped: ({ step, losses, gradient_norm }, tokens_per_second) =>
          events.stepped({ step, steps: spec.train.steps, losses, gradient_norm, tokens_per_second }),
        validated: ({ step, losses }) => events.validated(step, losses),
        stopWanted: request.stopWanted,
      },
      { checkpoint, start: start?.tensors },
    );
    const { step } = outcome;
    if (outcome.kind === "diverged") return { kind: "diverged", failure: diverged(outcome, run, spec.data.carry) };
    events.trained();
    if (outcome.kind === "stopped") return { kind: "stopped", step, report: writeReport(run) };
    const weights = await model.read("parameters");
    model.runtime.destroy();
    const made = step - (checkpoint?.step ?? 0);
    if (made > 0 || !hasSamples(run, step)) {
      const groups = await trainingSamples({ ...request, deflate }, weights).catch((error: unknown): SampleGroup[] => {
        // The run is done and saved; that a model whose logits are not finite cannot be sampled is no failure of it.
        if (!(error instanceof InputError)) throw error;
        events.unsampled(error.message);
        return [];
      });
      if (groups.length > 0) writeSamples(run, step, groups);
    }
    const report = writeReport(run);
    const checkpointPath = `${pathIn(run, "checkpoints")}/step-${step}`;
    return { kind: "done", step, made, seconds: (Date.now() - begun) / 1000, checkpoint: checkpointPath, report };
  } finally {
    closeRun(run);
  }
}

/** Tells what the weights start from and keeps it; a run that begins again must begin with the same. */
function beginFrom({ record, warnings }: Started, run: Run, events: TrainingEvents): void {
  if (warnings.length > 0) events.warned(warnings);
  const before = readStart(run);
  if (before !== undefined && before.sha256 !== record.sha256) {
    throw new Failure([
      mistake("other-init", `The run in ${run.path} began with other weights than ${record.from} has now.`, {
        help: "Bring the old ones back, or start a new run with another --out.",
      }),
    ]);
  }
  writeStart(run, record);
  events.started(record);
}

/** Documents of each split: pictures beside pictures take little room, texts a line each. */
const PICTURES = 8;
const TEXTS = 4;
/** Most tokens of a text, or units. */
const TOKENS = 48;
/** Most characters of a text that are shown. */
const CHARACTERS = 300;

interface SamplesRequest {
  readonly deflate: Deflate;
  readonly spec: CheckedSpec;
  readonly dataSet: DataSet;
  readonly device: OpenDevice;
  /** Of modalities with a tokenizer, by index. */
  readonly decoders?: ReadonlyMap<number, Decode> | undefined;
}

const SPLITS = [
  ["train", "learned from"],
  ["validation", "held out"],
] as const;

/** Groups of samples for each modality that has an objective; the first that has pictures comes first. */
async function trainingSamples(request: SamplesRequest, weights: Tensors): Promise<SampleGroup[]> {
  const { spec, dataSet, device, deflate, decoders = new Map() } = request;
  const { seed } = spec.train;
  const settings: SampleSettings = {
    seed,
    tokens: TOKENS,
    temperature: 0.7,
    steps: 50,
    guidance: 1,
  };
  // Numbers that are no pixels are nothing to look at.
  const modalities = spec.model.modalities.flatMap((declared, modality) =>
    spec.objectives[modality] && itemOf(declared)?.type !== "F32"
      ? [{ name: declared.name, modality, pictures: hasPictures(spec, dataSet.codebooks, modality) }]
      : [],
  );
  modalities.sort((a, b) => Number(b.pictures) - Number(a.pictures));
  const wanted = modalities.flatMap(({ name, modality, pictures }) =>
    SPLITS.map(([split, words]) => {
      const documents = chosen(dataSet[split], pictures ? PICTURES : TEXTS, seed);
      const show: Show = { modality, documents, settings: pictures ? { ...settings, temperature: 1 } : settings };
      return { label: `${name}, ${words}`, pictures, show };
    }),
  );
  const shows = wanted.map(({ show }) => show);
  const made = await showSamples(device, weights, { spec, dataSet, decoders, shows });
  return wanted.flatMap(({ label, pictures }, i): SampleGroup[] => {
    const compared = made[i] ?? [];
    if (compared.length === 0) return [];
    return [
      pictures
        ? { label, samples: compared.map((one) => pictureSample(one, deflate)) }
        : { label, samples: [], texts: compared.map((one) => textSample(one, deflate)) },
    ];
  });
}

const png = ({ picture }: Shown, deflate: Deflate): Uint8Array => {
  if (picture === undefined) throw new Error("a segment that was to be shown as a picture is none");
  return pngOf(picture, deflate);
};

const pictureSample = ({ label, truth, sampled }: Compared, deflate: Deflate) => ({
  name: label,
  truth: png(truth, deflate),
  sampled: [png(sampled, deflate)],
});

function textSample({ label, given, truth, sampled }: Compared, deflate: Deflate): TextSample {
  const picture = given.find((one) => one.picture !== undefined);
  const words = given.flatMap((one) => (one.picture === undefined ? [inWords(one)] : []));
  return {
    name: label,
    given: lastOf(words.join(" ")),
    ...(picture && { picture: png(picture, deflate) }),
    truth: firstOf(inWords(truth)),
    sampled: firstOf(inWords(sampled)),
  };
}

const firstOf = (text: string): string => (text.length > CHARACTERS ? `${text.slice(0, CHARACTERS)} …` : text);
const lastOf = (text: string): string => (text.length > CHARACTERS ? `… ${text.slice(-CHARACTERS)}` : text);

const inWords = ({ text, latent, ids = [] }: Shown): string =>
  text ?? (latent ? "(a latent)" : undefined) ?? `${ids.slice(0, TOKENS).join(" ")}${ids.length > TOKENS ? " …" : ""}`;
