// Choices that were measured before, kept in a file for each device. Several processes may write it at once.

import type { Disk } from "../data/disk.js";
import { textOf } from "../data/open-file.js";
import { isRecord } from "../diagnostics/json-shape.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { digest } from "../ir/digest.js";
import type { Finding, Verdict } from "./trial.js";

/** Verdicts by what they were measured as (`measuredAs` in nodes.ts). */
export type Verdicts = Readonly<Record<string, Verdict>>;

export interface Cache {
  readonly path: string;
  readonly read: () => Verdicts;
  /** Adds a verdict, unless there is one already, which then stands; gives that which stands. */
  readonly add: (name: string, verdict: Verdict) => Promise<Verdict>;
}

const FORMAT = "mom choices 1";
/** A lock is held for milliseconds: one that is older was left by a process that died. */
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

/** Adapter and driver by their description, limits and features by the profile: all that times depend on. */
function fileName({ profile, description }: OpenDevice): string {
  return `${profile.name.replaceAll(/[^a-z0-9-]+/g, "-")}-${digest(JSON.stringify([description, profile]))}.json`;
}

const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? error.code : undefined);

/**
 * @param folder where mom keeps what it can make again
 * @param warn told where a file is damaged, or nothing can be written
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
    warn(`${path} is damaged. It is set aside as ${aside}; --tune full measures again.`);
    try {
      disk.rename(path, aside);
    } catch {
      // Another process has set it aside, or nothing can be written here: then it stays, and counts for nothing.
    }
    return {};
  };

  const write = (verdicts: Verdicts): void => {
    const contents: CacheFile = { format: FORMAT, device: device.description, verdicts };
    const aside = `${path}.${disk.processes.own}.writing`;
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
        if (!refused) warn(`Choices can't be kept in ${path}: ${error instanceof Error ? error.message : error}.`);
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

/** Takes a lock, which is a folder: of several processes that make it one alone succeeds. */
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
