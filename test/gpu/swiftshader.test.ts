// The bundled SwiftShader: unpacked once even in a race, checked before each use, and found without its package.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openDevice } from "../../src/gpu/dawn.js";
import { cacheFolder, LIBRARIES } from "../../src/gpu/dawn.swiftshader.js";

const elsewhere =
  process.platform === "linux" && process.arch === "x64" ? undefined : "the bundled SwiftShader is for Linux on x64";
if (elsewhere !== undefined) console.warn(`SwiftShader tests skipped: ${elsewhere}.`);

test("the cache is in the folder that the user chooses", () => {
  expect(cacheFolder({ MOM_CACHE: "/somewhere", XDG_CACHE_HOME: "/x" })).toBe("/somewhere");
  expect(cacheFolder({ MOM_CACHE: "", XDG_CACHE_HOME: "/x" })).toBe("/x/mom");
  expect(cacheFolder({})).toMatch(/\.cache\/mom$/);
});

describe.skipIf(elsewhere)("unpacking SwiftShader", () => {
  let folder: string;
  let cache: string;
  /** Unpacks in a separate process, which prints the folder or the error's message. */
  const unpack = async (where: "with" | "without"): Promise<string> => {
    const script = join(folder, where, "unpack.mjs");
    const environment = { ...process.env, MOM_CACHE: cache };
    const { stdout } = await promisify(execFile)(process.execPath, [script], { env: environment });
    return stdout.trim();
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mom-swiftshader-"));
    for (const where of ["with", "without"]) {
      await build({
        stdin: {
          contents: `import { cacheFolder, swiftShaderFolder } from "./src/gpu/dawn.swiftshader.ts";
            const result = await swiftShaderFolder(cacheFolder(process.env)).catch((error) => error.message);
            console.log(result);`,
          resolveDir: resolve("."),
        },
        outfile: join(folder, where, "unpack.mjs"),
        bundle: true,
        platform: "node",
        format: "esm",
      });
    }
    await symlink(resolve("node_modules"), join(folder, "with", "node_modules"));
  });
  beforeEach(async () => {
    cache = await mkdtemp(join(folder, "cache-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("gives racing processes one complete copy", async () => {
    const folders = await Promise.all([unpack("with"), unpack("with"), unpack("with")]);
    const [name] = await readdir(cache);
    expect(await readdir(cache)).toEqual([expect.stringMatching(/^swiftshader-[0-9a-f]{16}$/)]);
    expect(new Set(folders)).toEqual(new Set([join(cache, name as string)]));
    expect((await readdir(folders[0] as string)).sort()).toEqual([...LIBRARIES, "checksums.json"].sort());
  });

  test.each(LIBRARIES)("notices that %s is damaged, and unpacks again", async (library) => {
    const unpacked = await unpack("with");
    const whole = await readFile(join(unpacked, library));
    const damaged = Buffer.from(whole);
    damaged[damaged.length - 2] = (damaged.at(-2) as number) ^ 1;
    await writeFile(join(unpacked, library), damaged);
    expect(await unpack("without")).toContain("damaged");
    expect(await Promise.all([unpack("with"), unpack("with")])).toEqual([unpacked, unpacked]);
    expect((await readFile(join(unpacked, library))).equals(whole)).toBe(true);
    expect(await readdir(cache)).toHaveLength(1);
  });

  test("notices a truncated or missing file", async () => {
    const unpacked = await unpack("with");
    await truncate(join(unpacked, "libvk_swiftshader.so"), 1000);
    await rm(join(unpacked, "vk_swiftshader_icd.json"));
    expect(await unpack("with")).toBe(unpacked);
    expect(await unpack("without")).toBe(unpacked);
  });

  test("without its package uses an unpacked copy, or names what is missing", async () => {
    expect(await unpack("without")).toBe(
      "SwiftShader is missing: @sparticuz/chromium is not installed, and the cache has no copy.",
    );
    const unpacked = await unpack("with");
    expect(await unpack("without")).toBe(unpacked);
  });

  test("reports a cache that can't be written", async () => {
    await rm(cache, { recursive: true });
    await writeFile(cache, "not a folder");
    expect(await unpack("with")).toMatch(/^SwiftShader can't be unpacked: /);
    await rm(cache);
    await mkdir(cache);
  });
});

describe.skipIf(elsewhere)("opening SwiftShader", () => {
  test("by name gives a CPU device, and restores the environment", async () => {
    const before = { ...process.env };
    const { device, profile, source, description } = await openDevice({ adapter: "swiftshader" });
    expect(source).toBe("swiftshader");
    expect(profile.name).toBe("swiftshader");
    expect(profile.kind).toBe("cpu");
    expect(profile.subgroup).toEqual({ min: 4, max: 4 });
    expect(description).toContain("SwiftShader");
    expect({ ...process.env }).toEqual(before);
    device.destroy();
  });

  test("works for several devices, in sequence and at the same time", async () => {
    const opened = await Promise.all([1, 2, 3].map(() => openDevice({ adapter: "swiftshader" })));
    for (const { device } of opened) device.destroy();
    const { device } = await openDevice({ adapter: "swiftshader" });
    expect(device.limits.maxStorageBuffersPerShaderStage).toBeGreaterThanOrEqual(8);
    device.destroy();
  });
});

test("an unknown MOM_ADAPTER is refused with the valid names", async () => {
  const before = process.env.MOM_ADAPTER;
  process.env.MOM_ADAPTER = "cuda";
  try {
    await expect(openDevice()).rejects.toMatchObject({
      message: 'MOM_ADAPTER is "cuda".',
      remedy: "Set it to one of gpu, system, swiftshader.",
    });
  } finally {
    if (before === undefined) delete process.env.MOM_ADAPTER;
    else process.env.MOM_ADAPTER = before;
  }
});
