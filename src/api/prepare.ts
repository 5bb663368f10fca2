// Prepares the data of a spec as a folder that travels: it needs neither the source's files nor its packages.
import { shardsIn, withShards } from "../data/data-set.js";
import type { DataHost } from "../data/host.js";
import { prepare } from "../data/prepare.js";
import type { Progress } from "../data/prepare-source.js";
import { manifestBytes, shardsNamed } from "../data/prepared-folder.js";
import type { Reach } from "../data/reach.js";
import { PREPARED_FILE } from "../data/sources/source.fields.js";
import { placeWhole, writeWhole } from "../data/write-whole.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";

export interface PrepareFolderOptions {
  /** The folder to write. It may exist only if it holds prepared data. */
  readonly out: string;
  readonly skipBad?: boolean | undefined;
  readonly notice: (line: string) => void;
  readonly progress?: Progress | undefined;
}

export interface PreparedFolder {
  readonly documents: { readonly train: number; readonly held_out: number };
  readonly shards: number;
  readonly bytes: number;
}

/** @throws InputError if the data are invalid, or the folder holds something else */
export async function prepareFolder(
  host: DataHost,
  { spec, folder, reach }: { readonly spec: CheckedSpec; readonly folder: string; readonly reach: Reach },
  { out, skipBad, notice, progress }: PrepareFolderOptions,
): Promise<PreparedFolder> {
  const { disk } = host;
  const { basename, join } = disk.paths;
  const data = join(out, PREPARED_FILE);
  if (disk.exists(out) && !disk.exists(data) && disk.list(out).length > 0)
    throw new InputError("bad-option", `--out: ${out} exists and is not a prepared data set`, "Name another folder.");
  const { dataSet, groups, codecs } = await prepare(spec.data, spec.model, {
    ...{ host, folder, reach, skipBad, notice, progress },
  });
  disk.makeFolders(out);
  const before = disk.exists(data) ? shardsNamed(disk.read(data)) : [];
  // Without its list, a folder that is being written is not a data set.
  disk.remove(data);
  let bytes = 0;
  for (const shard of shardsIn(groups)) {
    bytes += disk.stamp(shard).size;
    placeWhole(disk, shard, join(out, basename(shard)), "Free some space, or name another folder.");
  }
  writeWhole(disk, data, [manifestBytes(withShards(groups, basename), spec.model, codecs)], "Free some space.");
  const kept = new Set(shardsIn(groups).map((shard) => basename(shard)));
  for (const shard of before) if (!kept.has(shard)) disk.remove(join(out, shard));
  return {
    documents: { train: dataSet.train.length, held_out: dataSet.validation.length },
    shards: shardsIn(groups).length,
    bytes,
  };
}
