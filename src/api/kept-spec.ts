// The copy of a spec in a run's folder: its paths are rewritten for that folder, and the files that it needs are copied there.
import type { Reach } from "../data/reach.js";
import { readNamed } from "../data/read-input.js";
import { printSpec } from "../front/print-spec.js";
import type { Json } from "../front/spec.js";
import { RUN_FILES } from "../train/run-folder.js";
import type { NamedFile } from "../train/whole-folder.js";
import { withPaths } from "./spec-paths.js";

export interface KeptSpec {
  /** The text of the run's spec.mom. */
  readonly text: string;
  /** Reads the files of the spec, tokenizers and codebooks, with their names in the run's folder. */
  readonly files: () => NamedFile[];
}

/**
 * @param json the resolved spec
 * @param folder the folder that its paths are relative to
 * @param out the run's folder
 */
export function keptSpec(json: Json, folder: string, out: string, reach: Reach): KeptSpec {
  const { relative, resolve } = reach.disk.paths;
  const copies = new Map<string, string>();
  const kept = withPaths(json, (path, use, index) => {
    if (use === "data" || use === "init") return relative(resolve(out), resolve(folder, path)).replaceAll("\\", "/");
    const name = `${RUN_FILES.files}/${use}-${index}${use === "tokenizer" ? ".json" : ".safetensors"}`;
    copies.set(name, path);
    return name;
  });
  const files = (): NamedFile[] =>
    [...copies].map(([name, path]) => ({ name, bytes: readNamed(resolve(folder, path), path, reach) }));
  return { text: printSpec(kept), files };
}
