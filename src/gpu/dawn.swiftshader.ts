// The CPU Vulkan driver of `@sparticuz/chromium`, which is unpacked once into mom's cache and checked before each use.
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync } from "node:zlib";
import { DeviceError, NoAdapter } from "./device-error.js";

/** The files that are used. */
export const LIBRARIES = ["libvulkan.so.1", "libvk_swiftshader.so", "vk_swiftshader_icd.json"] as const;

/** File name → SHA-256, written beside the files. */
const MANIFEST = "checksums.json";
const PREFIX = "swiftshader-";

/** Finds packages at run time, since a bundled trainer does not contain the two that this file uses. */
const requireInstalled = createRequire(import.meta.url);

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** The cache folder: $MOM_CACHE, or else $XDG_CACHE_HOME/mom, or else ~/.cache/mom. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  if (environment.MOM_CACHE) return resolve(environment.MOM_CACHE);
  return join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "mom");
}

/** The folder with the unpacked, intact libraries. */
export async function swiftShaderFolder(cache: string): Promise<string> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new NoAdapter(
      "The bundled SwiftShader is for Linux on x64 only.",
      "Use a machine with a GPU and its driver.",
    );
  }
  const archive = await readArchive();
  if (archive === undefined) return await unpackedEarlier(cache);
  const folder = join(cache, `${PREFIX}${sha256(archive).slice(0, 16)}`);
  if (await isIntact(folder)) return folder;
  try {
    return await unpack(archive, folder);
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new NoAdapter(
      `SwiftShader can't be unpacked: ${why}`,
      "Set MOM_CACHE to a writable folder with 20 MB of free space.",
    );
  }
}

/** The archive's bytes; undefined if the package is not installed. */
async function readArchive(): Promise<Buffer | undefined> {
  try {
    const main = requireInstalled.resolve("@sparticuz/chromium");
    return await readFile(join(dirname(main), "..", "..", "bin", "swiftshader.tar.br"));
  } catch {
    return undefined;
  }
}

/** A compiled trainer runs without the package, and uses what another run of mom has unpacked. */
async function unpackedEarlier(cache: string): Promise<string> {
  const names = await readdir(cache).catch(() => []);
  const folders = names.filter((name) => /^swiftshader-[0-9a-f]{16}$/.test(name)).sort();
  for (const name of folders) {
    if (await isIntact(join(cache, name))) return join(cache, name);
  }
  const found = folders.length > 0 ? "the copy in the cache is damaged" : "the cache has no copy";
  throw new NoAdapter(
    `SwiftShader is missing: @sparticuz/chromium is not installed, and ${found}.`,
    "Install it beside the trainer (npm install @sparticuz/chromium), or run mom doctor once where mom is installed.",
  );
}

async function isIntact(folder: string): Promise<boolean> {
  try {
    const sums: unknown = JSON.parse(await readFile(join(folder, MANIFEST), "utf8"));
    if (typeof sums !== "object" || sums === null) return false;
    const expected = new Map(Object.entries(sums));
    const checks = LIBRARIES.map(async (name) => sha256(await readFile(join(folder, name))) === expected.get(name));
    return (await Promise.all(checks)).every(Boolean);
  } catch {
    return false;
  }
}

/** Unpacks beside `folder` and renames, so that no process sees an incomplete folder. */
async function unpack(archive: Buffer, folder: string): Promise<string> {
  const aside = `${folder}.${randomBytes(6).toString("hex")}`;
  await mkdir(aside, { recursive: true });
  try {
    const sums: Record<string, string> = {};
    for (const [name, bytes] of await extractLibraries(archive)) {
      await writeFile(join(aside, name), bytes);
      sums[name] = sha256(bytes);
    }
    await writeFile(join(aside, MANIFEST), `${JSON.stringify(sums, undefined, 2)}\n`);
    return await moveInto(aside, folder);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** If several processes unpack at once, the first one wins and the others use its files. */
async function moveInto(aside: string, folder: string): Promise<string> {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await rename(aside, folder);
      return folder;
    } catch (error) {
      if (await isIntact(folder)) return folder;
      const damaged = `${folder}.${randomBytes(6).toString("hex")}`;
      const moved = await rename(folder, damaged).then(
        () => true,
        () => false,
      );
      // A process that uses the damaged files keeps them open, so the folder can be removed.
      if (moved) await rm(damaged, { recursive: true, force: true });
      else if (attempt === 4) throw error;
    }
  }
  throw new NoAdapter(
    `Other processes keep changing ${folder}.`,
    "Set MOM_CACHE to a folder that no other process uses.",
  );
}

async function extractLibraries(archive: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const { extract }: typeof import("tar-stream") = requireInstalled("tar-stream");
  const entries = extract();
  entries.end(brotliDecompressSync(archive));
  const found = new Map<string, Buffer>();
  for await (const entry of entries) {
    const bytes = await buffer(entry);
    const name = LIBRARIES.find((library) => library === basename(entry.header.name));
    if (name !== undefined) found.set(name, bytes);
  }
  const missing = LIBRARIES.filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new NoAdapter(
      `This version of @sparticuz/chromium does not contain ${missing.join(", ")}.`,
      "Install version 147: npm install @sparticuz/chromium@147.",
    );
  }
  return found;
}
