// The sound files of a folder, or those that a JSON Lines file names.

import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { InputError } from "../../diagnostics/input-error.js";
import { fileInFolder } from "../file-in-folder.js";
import { type Line, linesOf } from "../json-lines.js";
import { readInput } from "../read-input.js";
import { AUDIO_ENDINGS } from "./read-audio.js";

export interface SoundFile {
  readonly path: string;
  /** Names it in errors. */
  readonly place: string;
}

/**
 * @param path a folder, all of which is searched, in the order of names; or a file of documents
 * @throws InputError where there is none
 */
export function soundFiles(path: string): SoundFile[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw new InputError(
      `there is no folder or file ${path}`,
      "Give a folder of WAV or FLAC files, or a JSON Lines file.",
    );
  }
  const files = isFolder
    ? filesBelow(path).map((file) => ({ path: file, place: file }))
    : linesOf(readInput(path), path).flatMap((line) => named(line, dirname(path)));
  if (files.length > 0) return files;
  throw new InputError(
    `${path}: no sound files`,
    isFolder ? `Their names end in ${AUDIO_ENDINGS.join(" or ")}.` : 'A document names one as {"audio": "a.wav"}.',
  );
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return AUDIO_ENDINGS.some((ending) => entry.name.toLowerCase().endsWith(ending)) ? [path] : [];
  });
}

function named({ place, value }: Line, folder: string): SoundFile[] {
  const segments = isRecord(value) && Array.isArray(value.segments) ? value.segments : [];
  return segments.flatMap((segment: unknown) =>
    isRecord(segment) && typeof segment.audio === "string"
      ? [{ path: fileInFolder(segment.audio, { place, folder, what: "sound" }), place: `${place}: ${segment.audio}` }]
      : [],
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
