// The modules with which a compiled trainer reads data need no packages, no image decoder, and no direct access to files.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, it } from "vitest";

/** Modules that entries of src/data import, directly or not, inside and outside the repository. */
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

it("packing and batching import no packages and no Node modules", async () => {
  const { inside, outside } = await reach("data-set.ts", "order.ts", "fixed-batches.ts", "safetensors.ts");
  expect(outside).toEqual([]);
  expect(inside.length).toBeGreaterThan(8);
});

it("loading and preparing use the given disk, without Node's modules", async () => {
  expect((await reach("../api/compiled-folder.ts")).outside.filter((name) => name.startsWith("node:"))).toEqual([]);
  const { outside } = await reach("prepare.ts");
  expect(outside.filter((name) => name.startsWith("node:") || name === "sharp")).toEqual([]);
});

it("images are decoded in a separate process", async () => {
  expect((await reach("../api/node/host.ts")).outside).not.toContain("sharp");
  expect((await reach("../api/node/pictures/decoder.ts")).outside).toContain("sharp");
});
