// The host for Node: data preparation, and devices through Dawn.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { openDevice } from "../../gpu/dawn.js";
import type { Host } from "../host.js";
import { nodeDataHost } from "./data-host.js";

export const nodeHost: Host = {
  ...nodeDataHost,
  deflate: (bytes) => deflateSync(bytes, { level: 9 }),
  openDevice: (adapter) => openDevice(adapter === undefined ? {} : { adapter }),
  temporaryFolder: (name) => mkdtempSync(join(tmpdir(), name)),
};
