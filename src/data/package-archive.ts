// Packages of npm that are fetched when they are needed. The cache keeps each one as npm packed it. It is checked before each
// use, so that the same spec reads the same bytes everywhere.
import { unpackTar } from "modern-tar";
import { InputError } from "../diagnostics/input-error.js";
import { longHash } from "./content-hash.js";
import type { Disk } from "./disk.js";
import { writeWhole } from "./write-whole.js";

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** The SHA-256 of the archive that `npm pack` writes. */
  readonly sha256: string;
}

/** Where archives come from, and where they are kept. */
export interface Archives {
  readonly disk: Disk;
  /** The cache folder. */
  readonly cache: string;
  /** The bytes of the archive, or why there are none. */
  readonly fetch: (wanted: NpmPackage) => Promise<Uint8Array | { readonly failed: string }>;
}

/** The name that `npm pack` gives an archive. */
export const archiveName = ({ name, version }: NpmPackage): string =>
  `${name.replace(/^@/, "").replaceAll("/", "-")}-${version}.tgz`;

/**
 * The archive from the cache, or else from npm.
 * @param fetching is called before npm
 * @throws InputError if it cannot be fetched, or if it differs from the one that is expected
 */
export async function packageArchive(
  wanted: NpmPackage,
  { disk, cache, fetch }: Archives,
  fetching: () => void,
): Promise<Uint8Array> {
  const folder = disk.paths.join(cache, "packages");
  const file = disk.paths.join(folder, archiveName(wanted));
  const isWanted = (bytes: Uint8Array) => longHash(disk, bytes) === wanted.sha256;
  if (disk.exists(file)) {
    const kept = await disk.readLater(file).catch(() => undefined);
    if (kept !== undefined && isWanted(kept)) return kept;
  }
  fetching();
  const fetched = await fetch(wanted);
  const called = `${wanted.name} ${wanted.version}`;
  if ("failed" in fetched)
    throw new InputError(
      "missing-program",
      `the package ${called} cannot be fetched (${fetched.failed})`,
      `Connect to the internet, or run \`npm pack ${wanted.name}@${wanted.version}\` elsewhere and copy its file to ${folder}.`,
    );
  if (!isWanted(fetched))
    throw new InputError(
      "missing-program",
      `the package ${called} from npm has another checksum than expected`,
      "Fetch from npm's own registry: see `npm config get registry`.",
    );
  writeWhole(disk, file, fetched, "Free some space, or set MOM_CACHE to a writable folder.");
  return fetched;
}

/** The files of an archive that are wanted, by their paths in the package. */
export async function filesOfArchive(
  archive: Uint8Array,
  isWanted: (path: string) => boolean,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const pathOf = (name: string) => name.slice(name.indexOf("/") + 1);
  const unpacked = new Blob([new Uint8Array(archive)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const entries = await unpackTar(unpacked, { filter: ({ name, type }) => type === "file" && isWanted(pathOf(name)) });
  return new Map(entries.map(({ header, data }) => [pathOf(header.name), data ?? new Uint8Array(0)]));
}
