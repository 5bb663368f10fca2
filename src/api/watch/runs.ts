// The runs in some folders, as the page of runs shows them. New folders appear while it is open.
import type { Disk } from "../../data/disk.js";
import { openRunReader, type RunReader } from "../../report/page/run-reader.js";
import type { PageState, RunView } from "../../report/page/view.js";
import { RUN_FILES } from "../../train/run-folder.js";
import { specOf } from "./given-spec.js";

export interface Runs {
  /**
   * Looks for new folders, reads records for at most about so long, and returns what has changed after a version.
   * At least one piece of each file is read if there is time for any.
   */
  readonly state: (since: number, milliseconds: number) => PageState;
  readonly run: (id: number) => RunReader | undefined;
}

/** Bytes of a file of records that are read at once. */
const PIECE_BYTES = 2 ** 21;

/** @param paths folders of runs, or folders that hold some */
export function openRuns(disk: Disk, paths: readonly string[], now: () => number): Runs {
  const readers: RunReader[] = [];
  const known = new Set<string>();
  const sent: { readonly text: string; readonly view: RunView; readonly version: number }[] = [];
  let version = 0;
  /** The first of them that may have more to read. */
  let next = 0;

  const find = (): void => {
    for (const [path, name] of paths.flatMap((path) => foldersIn(disk, path))) {
      const key = disk.paths.resolve(path);
      if (known.has(key)) continue;
      known.add(key);
      readers.push(openRunReader({ id: readers.length, name, run: { path, disk }, specOf }));
    }
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
    state(since, milliseconds) {
      find();
      const reading = read(now() + milliseconds);
      for (const [id, reader] of readers.entries()) {
        const view = reader.view();
        const text = JSON.stringify(view);
        if (sent[id]?.text !== text) sent[id] = { text, view, version: ++version };
      }
      const runs = sent.filter((one) => one.version > since).map(({ view }) => view);
      return { version, runs, ablations: [], reading };
    },
    run: (id) => readers[id],
  };
}

/** The files of which a folder of a run has at least one, even if it is only partly copied. */
const SIGNS = [RUN_FILES.metrics, RUN_FILES.plan, RUN_FILES.about];

const isRunLike = (disk: Disk, path: string): boolean => SIGNS.some((name) => disk.exists(disk.paths.join(path, name)));

/** The folders of runs at a path, with their names; temporary folders do not count. */
function foldersIn(disk: Disk, path: string): [path: string, name: string][] {
  const { basename, join, resolve } = disk.paths;
  if (isRunLike(disk, path)) return [[path, basename(resolve(path))]];
  try {
    return [...disk.foldersIn(path)]
      .filter((name) => !name.startsWith("."))
      .sort()
      .flatMap((name): [string, string][] => (isRunLike(disk, join(path, name)) ? [[join(path, name), name]] : []));
  } catch {
    return [];
  }
}
