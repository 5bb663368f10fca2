// Node as a host: files, sharp's decoders, installed packages, Dawn.
import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { openDevice } from "../../gpu/dawn.js";
import { cacheFolder } from "../../gpu/dawn.swiftshader.js";
import type { Host } from "../host.js";
import { nodeDisk } from "./disk.js";
import { decodeElsewhere } from "./pictures/decoders.js";

export const nodeHost: Host = {
  disk: nodeDisk,
  cacheFolder: () => cacheFolder(process.env),
  decodePicture: decodeElsewhere,
  packageFolder(name) {
    try {
      return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    } catch {
      return undefined;
    }
  },
  deflate: (bytes) => deflateSync(bytes, { level: 9 }),
  openDevice: (adapter) => openDevice(adapter === undefined ? {} : { adapter }),
  temporaryFolder: (name) => mkdtempSync(join(tmpdir(), name)),
};
