// What a spec will cost, before a GPU is touched; and what each stage of the compiler makes of it.
import { type CompileOptions, dump, dumpPass, planned, programsOf, type Stage } from "../compile.js";
import type { Disk } from "../data/disk.js";
import { InputError } from "../diagnostics/input-error.js";
import { printSpec } from "../front/print-spec.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import { drawingFile } from "../inspect/drawing/drawing.js";
import { drawnModel } from "../inspect/drawing/model.js";
import { type Fit, fitInto } from "../inspect/fit.js";
import { type Inspection, inspect } from "../inspect/inspection.js";
import { inspectionPage } from "../inspect/page.js";
import { parseChoices } from "../train/choices.js";
import { replaceFile } from "../train/replace-file.js";
import { refusingTooLarge, trainingOptions } from "./compile-options.js";

export interface InspectOptions {
  /** The name of a profile. */
  readonly device: string;
  /** Sequences in a micro-batch, instead of the spec's. */
  readonly batch?: number | undefined;
  /** Plan the kernels that a run took, by its choices.json, and no others. */
  readonly choices?: string | undefined;
  /** Bytes that it should fit into. */
  readonly memory?: number | undefined;
}

export interface Inspected {
  readonly inspection: Inspection;
  /** Whether and how it fits, where that was asked. */
  readonly fit: Fit | undefined;
}

/** @throws InputError where the file of choices is not there or holds none */
export function inspectSpec(disk: Disk, spec: CheckedSpec, options: InspectOptions): Inspected {
  const how = howOf(disk, spec, options);
  const { memory } = options;
  return { inspection: inspect(spec, how), fit: memory === undefined ? undefined : fitInto(spec, how, memory) };
}

function howOf(disk: Disk, spec: CheckedSpec, { device, batch, choices: path }: InspectOptions): CompileOptions {
  const all = trainingOptions(spec, device, batch);
  if (path === undefined) return all;
  const choices = disk.exists(path) ? parseChoices(new TextDecoder().decode(disk.read(path))) : undefined;
  if (choices !== undefined) return { ...all, variants: "first", choices };
  throw new InputError(
    "bad-record",
    `${path} holds no choices of kernels.`,
    "Name the choices.json of a run's folder.",
  );
}

/** What a stage of the compiler makes, as text. @throws Failure where the spec is too large for the device */
export function dumped(
  disk: Disk,
  { spec, json }: { readonly spec: CheckedSpec; readonly json: Json },
  options: InspectOptions,
  stage: Stage,
): string {
  const how = howOf(disk, spec, options);
  if (stage === "read") return printSpec(json).trimStart();
  if (stage === "check") return `${JSON.stringify(spec, undefined, 2)}\n`;
  const stages = programsOf(spec, how);
  if (stage !== "allocate" && stage !== "emit") return dumpPass(stages, stage);
  return dump(
    refusingTooLarge(spec, how, () => planned(stages, how)),
    stage,
  );
}

/** The model drawn: a page with the tables, and the drawing alone. */
export interface DrawnFiles {
  readonly html?: string | undefined;
  readonly svg?: string | undefined;
}

/** Writes the files that are named, in place of what they held, and gives their paths. @throws Failure where the disk refuses */
export function draw(
  disk: Disk,
  spec: CheckedSpec,
  inspection: Inspection,
  title: string,
  { html, svg }: DrawnFiles,
): string[] {
  const then = ", then inspect again.";
  const files = [html, svg].filter((file) => file !== undefined);
  if (files.length === 0) return files;
  const model = drawnModel(spec, inspection);
  if (html !== undefined) replaceFile(disk, html, inspectionPage(inspection, model, title), then);
  if (svg !== undefined) replaceFile(disk, svg, drawingFile(model, title), then);
  return files;
}
