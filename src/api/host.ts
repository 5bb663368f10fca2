// The interface to the machine: disk, pictures, packages and devices. `node/host.ts` implements it for Node.
import type { DataHost } from "../data/host.js";
import type { AdapterSource, OpenDevice } from "../gpu/dawn.js";
import type { Deflate } from "../report/png.js";

export interface Host extends DataHost {
  readonly deflate: Deflate;
  /** @throws DeviceError if there is no device, or the named one is missing */
  readonly openDevice: (adapter?: AdapterSource) => Promise<OpenDevice>;
  /** Creates a folder for temporary files. */
  readonly temporaryFolder: (name: string) => string;
}
