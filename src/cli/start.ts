// What a run's weights start from, found where the spec's `init` says; and how a compiled folder carries them along.
import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Compiled } from "../compile.js";
import { writeSafetensors } from "../data/safetensors.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec, InitFields } from "../front/spec.js";
import { type StartRecord, startRecord } from "../report/start-text.js";
import { type Start, startFrom } from "../train/start.js";
import { readWeights } from "../train/start-source.js";
import { isWithin, packageFolder, realpathOf } from "./project.js";

export interface Started {
  readonly tensors: Start["tensors"];
  readonly record: StartRecord;
  readonly warnings: readonly Diagnostic[];
}

/** In a compiled folder: every weight that its model starts with. */
export const START_FILE = "start.safetensors";

function start(spec: CheckedSpec, compiled: Pick<Compiled, "parameters">, init: InitFields, path: string): Started {
  const { weights, warnings } = readWeights(init, path);
  const names = spec.model.modalities.map(({ name }) => name);
  const made = startFrom(weights, compiled, names, spec.train.seed);
  return { tensors: made.tensors, record: startRecord(weights.from, made, compiled), warnings };
}

/**
 * Finds the weights of the spec's `init` when called; undefined where they are drawn.
 * @param where the folder that paths in the spec are relative to, and whether others than the project's may be read
 */
export function starting(
  spec: CheckedSpec,
  compiled: Pick<Compiled, "parameters">,
  where: { readonly folder: string; readonly outside: boolean },
): (() => Started) | undefined {
  const { init } = spec.train;
  if (init === undefined) return undefined;
  return () => {
    const path = resolve(where.folder, init.path);
    if (!where.outside) refuseOutside(init, path, where.folder);
    return start(spec, compiled, init, path);
  };
}

/** The same for a folder that `mom compile` has made. */
export function carried(
  spec: CheckedSpec,
  compiled: Pick<Compiled, "parameters">,
  folder: string,
): (() => Started) | undefined {
  if (spec.train.init === undefined) return undefined;
  return () => start(spec, compiled, { kind: "checkpoint", path: START_FILE }, join(folder, START_FILE));
}

export const startBytes = ({ tensors, record }: Started): Uint8Array =>
  writeSafetensors(tensors, { from: record.from });

function refuseOutside({ path: written }: InitFields, path: string, folder: string): void {
  const here = realpathSync(folder);
  if (isWithin(packageFolder(here) ?? here, realpathOf(path) ?? path)) return;
  throw new InputError(
    `init: ${written} is outside the project's folder.`,
    "Copy the weights into the project (its folder is that of the nearest package.json, or of the spec), or allow it with --outside.",
  );
}
