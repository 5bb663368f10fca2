// The machine as what a program calls needs it: disk, pictures, packages and devices. `node/host.ts` is Node's.
import type { DataHost } from "../data/host.js";
import type { AdapterSource, OpenDevice } from "../gpu/dawn.js";
import type { Deflate } from "../report/png.js";

export interface Host extends DataHost {
  readonly deflate: Deflate;
  /** @throws DeviceError where there is none, or not the one that is named */
  readonly openDevice: (adapter?: AdapterSource) => Promise<OpenDevice>;
  /** A new folder for files that go away again. */
  readonly temporaryFolder: (name: string) => string;
}
