// The picture files of a folder, those that a JSON Lines file names, or the emoji.
import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { InputError } from "../diagnostics/input-error.js";
import { emojiPictures } from "./emoji-pictures.js";
import { fileInFolder } from "./file-in-folder.js";
import { type Line, linesOf } from "./json-lines.js";
import { readInput } from "./read-input.js";

export interface PictureFile {
  readonly path: string;
  /** Names it in errors. */
  readonly place: string;
}

const ENDINGS = [".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".tif", ".tiff", ".svg"] as const;

/**
 * @param from `emoji`; or a folder, all of which is searched, in the order of names; or a file of documents
 * @throws InputError where there is none
 */
export function pictureFiles(from: string): PictureFile[] {
  if (from === "emoji")
    return emojiPictures().emoji.map(({ name, picture }) => ({ path: picture, place: `emoji "${name}"` }));
  let isFolder: boolean;
  try {
    isFolder = statSync(from).isDirectory();
  } catch {
    throw new InputError(
      `there is no folder or file ${from}`,
      "Give `emoji`, a folder of pictures, or a JSON Lines file.",
    );
  }
  const files = isFolder
    ? filesBelow(from).map((path) => ({ path, place: path }))
    : linesOf(readInput(from), from).flatMap((line) => named(line, dirname(from)));
  if (files.length > 0) return files;
  throw new InputError(
    `${from}: no pictures`,
    isFolder ? `Their names end in ${ENDINGS.join(", ")}.` : 'A document names one as {"image": "a.png"}.',
  );
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return ENDINGS.some((ending) => entry.name.toLowerCase().endsWith(ending)) ? [path] : [];
  });
}

function named({ place, value }: Line, folder: string): PictureFile[] {
  const segments = isRecord(value) && Array.isArray(value.segments) ? value.segments : [];
  return segments.flatMap((segment: unknown) =>
    isRecord(segment) && typeof segment.image === "string"
      ? [{ path: fileInFolder(segment.image, { place, folder, what: "image" }), place: `${place}: ${segment.image}` }]
      : [],
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
