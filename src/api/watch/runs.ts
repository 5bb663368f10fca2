// The runs and ablations in some folders, as the page of runs shows them. New folders appear while it is open.
import { ABLATION_FILES } from "../../ablate/folder.js";
import type { Disk } from "../../data/disk.js";
import { openRunReader, type RunPlace, type RunReader } from "../../report/page/run-reader.js";
import type { PageState, RunView } from "../../report/page/view.js";
import { RUN_FILES } from "../../train/run-folder.js";
import { type AblationReader, openAblationReader } from "./ablation-reader.js";
import { specOf } from "./given-spec.js";

export interface Runs {
  /** Looks for new folders. */
  readonly find: () => void;
  /** Reads records for at most about so long, a piece of each run in turn. Returns whether anything remains. */
  readonly read: (milliseconds: number) => boolean;
  /** What has changed after a version, as far as it is read. */
  readonly state: (since: number) => PageState;
  readonly run: (id: number) => RunReader | undefined;
  readonly ablation: (index: number) => AblationReader | undefined;
}

/** Bytes of a file of records that are read at once. */
const PIECE_BYTES = 2 ** 21;

/** @param paths folders of runs and ablations, or folders that hold some */
export function openRuns(disk: Disk, paths: readonly string[], now: () => number): Runs {
  const readers: RunReader[] = [];
  const ids = new Map<string, number>();
  const ablations = new Map<string, AblationReader>();
  const sent: { readonly text: string; readonly view: RunView; readonly version: number }[] = [];
  let version = 0;
  /** The first of them that may have more to read. */
  let next = 0;
  let reading = false;

  const add = (place: Omit<RunPlace, "id" | "specOf">): void => {
    const key = disk.paths.resolve(place.run.path);
    if (ids.has(key)) return;
    const id = readers.length;
    ids.set(key, id);
    readers.push(openRunReader({ ...place, id, specOf }));
  };
  const find = (): void => {
    for (const { path, name, kind } of paths.flatMap((path) => foldersIn(disk, path))) {
      const key = disk.paths.resolve(path);
      if (kind === "run") add({ name, run: { path, disk } });
      else if (!ablations.has(key)) {
        const idOf = (run: string): number | undefined => ids.get(disk.paths.resolve(run));
        ablations.set(key, openAblationReader({ path, disk }, name, ablations.size, idOf));
      }
    }
    for (const ablation of ablations.values()) for (const place of ablation.runs()) add(place);
  };
  /** Reads pieces in turn until the time is over. Returns whether anything remains. */
  const read = (until: number): boolean => {
    let rest = readers.length;
    while (rest > 0 && now() < until) {
      const more = readers[next % readers.length]?.read(PIECE_BYTES) ?? false;
      rest = more ? readers.length : rest - 1;
      next++;
    }
    return rest > 0;
  };
  return {
    find,
    read(milliseconds) {
      reading = read(now() + milliseconds);
      return reading;
    },
    state(since) {
      for (const [id, reader] of readers.entries()) {
        const view = reader.view();
        const text = JSON.stringify(view);
        if (sent[id]?.text !== text) sent[id] = { text, view, version: ++version };
      }
      const runs = sent.filter((one) => one.version > since).map(({ view }) => view);
      return { version, runs, ablations: [...ablations.values()].map((one) => one.view()), reading };
    },
    run: (id) => readers[id],
    ablation: (index) => [...ablations.values()][index],
  };
}

/** The files of which a folder has at least one, even if it is only partly copied. */
const SIGNS = {
  ablation: [ABLATION_FILES.variants, ABLATION_FILES.design, ABLATION_FILES.table],
  run: [RUN_FILES.metrics, RUN_FILES.plan, RUN_FILES.about],
} as const;

interface Found {
  readonly path: string;
  readonly name: string;
  readonly kind: keyof typeof SIGNS;
}

function kindOf(disk: Disk, path: string): Found["kind"] | undefined {
  const has = (names: readonly string[]): boolean => names.some((name) => disk.exists(disk.paths.join(path, name)));
  return has(SIGNS.run) ? "run" : has(SIGNS.ablation) ? "ablation" : undefined;
}

/** Whether a path is a run or an ablation, or a folder that contains some. */
export const holdsRuns = (disk: Disk, path: string): boolean => foldersIn(disk, path).length > 0;

/** What is at a path, or in the folder there; temporary folders do not count. */
function foldersIn(disk: Disk, path: string): Found[] {
  const { basename, join, resolve } = disk.paths;
  const found = (path: string, name: string): Found[] => {
    const kind = kindOf(disk, path);
    return kind === undefined ? [] : [{ path, name, kind }];
  };
  const itself = found(path, basename(resolve(path)));
  if (itself.length > 0) return itself;
  try {
    return [...disk.foldersIn(path)]
      .filter((name) => !name.startsWith("."))
      .sort()
      .flatMap((name) => found(join(path, name), name));
  } catch {
    return [];
  }
}
