// Shows the costs of a spec and the output of each compiler stage. Needs no GPU.
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
  /** Sequences in a micro-batch (default: the spec's). */
  readonly batch?: number | undefined;
  /** A choices.json of a run: only its kernel variants are planned. */
  readonly choices?: string | undefined;
  /** The bytes that the training should fit into. */
  readonly memory?: number | undefined;
}

export interface Inspected {
  readonly inspection: Inspection;
  /** Whether and how the training fits; undefined without `memory`. */
  readonly fit: Fit | undefined;
}

/** @throws InputError if the file of choices is missing or invalid */
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
    `${path} does not contain kernel choices.`,
    "Name the choices.json of a run's folder.",
  );
}

/** The output of a compiler stage as text. @throws Failure if the spec is too large for the device */
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

/** Files for the drawing of the model: a page with the tables, and only the drawing. */
export interface DrawnFiles {
  readonly html?: string | undefined;
  readonly svg?: string | undefined;
}

/** Writes the named files, overwriting existing ones, and returns their paths. @throws Failure if a write fails */
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
