// Node as what preparing data needs: files, sharp's decoders, installed packages. No device.
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { DataHost } from "../../data/host.js";
import { nodeDisk } from "./disk.js";
import { decodeElsewhere } from "./pictures/decoders.js";

/** `$MOM_CACHE`, else `$XDG_CACHE_HOME/mom`, else `~/.cache/mom`. */
function cacheFolder(): string {
  const { MOM_CACHE, XDG_CACHE_HOME } = process.env;
  return MOM_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "mom");
}

export const nodeDataHost: DataHost = {
  disk: nodeDisk,
  cacheFolder,
  decodePicture: decodeElsewhere,
  packageFolder(name) {
    try {
      return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    } catch {
      return undefined;
    }
  },
};
