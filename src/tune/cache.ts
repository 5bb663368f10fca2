// Caches measured choices in one file per device. Several processes may write the file at the same time.

import type { Disk } from "../data/disk.js";
import { textOf } from "../data/open-file.js";
import { isRecord } from "../diagnostics/json-shape.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { digest } from "../ir/digest.js";
import type { Finding, Verdict } from "./trial.js";

/** Verdicts, keyed by `measuredAs` in nodes.ts. */
export type Verdicts = Readonly<Record<string, Verdict>>;

export interface Cache {
  readonly path: string;
  readonly read: () => Verdicts;
  /** Adds a verdict unless the cache has one for this name. Returns the verdict that the cache has. */
  readonly add: (name: string, verdict: Verdict) => Promise<Verdict>;
}

const FORMAT = "mom choices 1";
/** A lock is held for milliseconds. An older lock belongs to a process that died. */
const STALE_MS = 10_000;
const LOOK_MS = 20;

interface CacheFile {
  readonly format: typeof FORMAT;
  readonly device: string;
  readonly verdicts: Verdicts;
}

const isFinding = (value: unknown): value is Finding =>
  isRecord(value) &&
  (typeof value.milliseconds === "number" ||
    typeof value.refused === "string" ||
    typeof value.error === "number" ||
    value.error === null);

const isVerdict = (value: unknown): value is Verdict =>
  isRecord(value) &&
  typeof value.variant === "string" &&
  isRecord(value.candidates) &&
  Object.values(value.candidates).every(isFinding);

const isCacheFile = (value: unknown): value is CacheFile =>
  isRecord(value) &&
  value.format === FORMAT &&
  isRecord(value.verdicts) &&
  Object.values(value.verdicts).every(isVerdict);

/** Covers all that times depend on: the description has the adapter and driver, the profile has the limits and features. */
function fileName({ profile, description }: OpenDevice): string {
  return `${profile.name.replaceAll(/[^a-z0-9-]+/g, "-")}-${digest(JSON.stringify([description, profile]))}.json`;
}

const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? error.code : undefined);

/**
 * @param folder mom's cache folder
 * @param warn called if a file is damaged or cannot be written
 */
export function openCache(disk: Disk, folder: string, device: OpenDevice, warn: (text: string) => void): Cache {
  const path = disk.paths.join(folder, "tuned", fileName(device));
  const lock = `${path}.lock`;
  let [latest, refused]: [Verdicts, boolean] = [{}, false];

  const read = (): Verdicts => {
    let text: string;
    try {
      text = textOf(disk.read(path));
    } catch {
      return {};
    }
    const parsed = parse(text);
    if (isCacheFile(parsed)) return parsed.verdicts;
    const aside = `${path}.damaged`;
    warn(`${path} is damaged and was renamed to ${aside}. Use --tune full to measure again.`);
    try {
      disk.rename(path, aside);
    } catch {
      // Another process has renamed it, or the folder is read-only. In that case the file stays and is ignored.
    }
    return {};
  };

  const write = (verdicts: Verdicts): void => {
    const contents: CacheFile = { format: FORMAT, device: device.description, verdicts };
    const aside = `${path}.${disk.processes.token}.writing`;
    disk.write(aside, [new TextEncoder().encode(`${JSON.stringify(contents, undefined, 1)}\n`)]);
    disk.rename(aside, path);
  };

  return {
    path,
    read,
    async add(name, verdict) {
      try {
        disk.makeFolders(disk.paths.dirname(path));
        await take(disk, lock);
        try {
          latest = { ...latest, ...read() };
          const known = latest[name];
          if (known !== undefined) return known;
          latest = { ...latest, [name]: verdict };
          write(latest);
        } finally {
          disk.remove(lock);
        }
      } catch (error) {
        if (codeOf(error) === undefined) throw error;
        if (!refused) warn(`Choices can't be saved in ${path}: ${error instanceof Error ? error.message : error}.`);
        refused = true;
      }
      return verdict;
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Takes a lock. The lock is a folder, because only one of several processes succeeds in creating it. */
async function take(disk: Disk, lock: string): Promise<void> {
  for (;;) {
    try {
      disk.makeFolder(lock);
      return;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    if (isStale(disk, lock)) disk.remove(lock);
    else await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function isStale(disk: Disk, lock: string): boolean {
  try {
    return Date.now() - disk.stamp(lock).modified > STALE_MS;
  } catch {
    return false;
  }
}
