// What a compiled trainer needs to read data has no package and no image decoder behind it, and no files of its own.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, it } from "vitest";

/** Modules that an entry of src/data reaches, and what it imports from outside the repository. */
async function reach(...entries: readonly string[]): Promise<{ inside: string[]; outside: string[] }> {
  const { metafile } = await build({
    entryPoints: entries.map((entry) => fileURLToPath(new URL(`../../src/data/${entry}`, import.meta.url))),
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    packages: "external",
    outdir: "out",
    logLevel: "silent",
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  return {
    inside: Object.keys(metafile.inputs),
    outside: [...new Set(imports.filter(({ external }) => external).map(({ path }) => path))].sort(),
  };
}

it("packs, orders and batches without files or packages", async () => {
  const { inside, outside } = await reach("data-set.ts", "order.ts", "fixed-batches.ts", "safetensors.ts");
  expect(outside).toEqual([]);
  expect(inside.length).toBeGreaterThan(8);
});

it("loads shards, prepares and hashes with a disk that it is given", async () => {
  expect((await reach("../api/compiled-folder.ts")).outside.filter((name) => name.startsWith("node:"))).toEqual([]);
  const { outside } = await reach("prepare.ts");
  expect(outside.filter((name) => name.startsWith("node:") || name === "sharp")).toEqual([]);
});

it("decodes images in a process of its own", async () => {
  expect((await reach("../api/node/host.ts")).outside).not.toContain("sharp");
  expect((await reach("../api/node/pictures/decoder.ts")).outside).toContain("sharp");
});
