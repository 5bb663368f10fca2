// The spec that a run is resumed with, and how it differs from the run's own.
import type { Disk } from "../data/disk.js";
import { readRegular, textOf } from "../data/open-file.js";
import { isError } from "../diagnostics/diagnostic.js";
import { changesBetween, type FieldChange } from "../front/resumable.js";
import type { Json } from "../front/spec.js";
import { changesOf } from "../train/changes.js";
import { fieldsFixed } from "../train/errors.js";
import { meaningOf, originOf, pathIn, type Run } from "../train/run-folder.js";
import { keptSpec } from "./kept-spec.js";
import { checkFile, type Reading, type ReadSpec, readSpec } from "./read-spec.js";
import { SOURCE_BYTES } from "./read-spec-files.js";
import { isRunFolder } from "./run-spec.js";

/**
 * Reads the spec to resume the run in `out` with. If it is the file that the run started with, all settings of the run stay:
 * the spec is then the one in the run's folder.
 * @param path a spec, or the folder of the run
 * @throws Failure if it cannot be read
 */
export function readToResume(disk: Disk, path: string, out: string, reading: Pick<Reading, "allow" | "set">): ReadSpec {
  const read = readSpec(disk, path, reading);
  if (read.isRun || !isRunFolder(disk, out)) return read;
  const run = { path: out, disk };
  const { started } = changesOf(run);
  const written = originOf(run)?.written ?? (started && meaningOf(started));
  if (written === undefined) return read;
  const plain = reading.set === undefined ? read : readSpec(disk, path, { allow: reading.allow });
  if (plain.json === undefined) return read;
  const { text } = keptSpec(plain.json, plain.folder, out, plain.reach);
  if (meaningOf(text) !== written || meaningOf(specTextOf(run)) === written) return read;
  // The run may read what the spec that the user named may read.
  return readSpec(disk, out, { ...reading, allow: [...(reading.allow ?? []), ...plain.reach.folders] });
}

const specTextOf = (run: Run): string => textOf(readRegular(run.disk, pathIn(run, "spec"), SOURCE_BYTES));

/**
 * The differences between a run's spec and the one that it is resumed with; undefined if the run's cannot be checked, for
 * example because an earlier version wrote it.
 * @throws Failure if a field differs that may not change
 */
export function changesAtResume(disk: Disk, out: string, json: Json): readonly FieldChange[] | undefined {
  const { json: was, diagnostics } = checkFile(disk, out);
  if (was === undefined || diagnostics.some(isError)) return undefined;
  const changes = changesBetween(was, json);
  const fixed = changes.filter(({ allowed }) => !allowed);
  if (fixed.length > 0) throw fieldsFixed(out, fixed);
  return changes;
}
