// Only the edge uses Node. The rest can be bundled for a browser and uses no globals of Node.
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import ts from "typescript";
import { expect, test } from "vitest";
import { sourceTrees } from "../scripts/import-graph.mjs";
import { EDGE, nodeUsesIn } from "../scripts/node-uses.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const trees: ReadonlyMap<string, ts.SourceFile> = sourceTrees(ROOT);
const isEdge = (file: string): boolean => EDGE.some((one) => one.test(file));
/** The library's main file connects the core to Node. */
const core = [...trees.keys()].filter((file) => !isEdge(file) && file !== "src/index.ts");

/** The files of a browser bundle. Rejects if one of them needs a module that browsers lack. */
async function bundled(files: readonly string[], plugins: Plugin[] = []): Promise<string[]> {
  const contents = files.map((file) => `import ${JSON.stringify(`./${file}`)};`).join("\n");
  const { metafile } = await build({
    stdin: { contents, resolveDir: ROOT },
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    logLevel: "silent",
    plugins,
  });
  return Object.keys(metafile.inputs);
}

test("the core can be bundled for a browser without files of the edge", async () => {
  const inputs = await bundled(core);
  expect(inputs.length).toBeGreaterThan(300);
  expect(inputs.filter(isEdge)).toEqual([]);
});

test("no file of the core uses Node", () => {
  expect(core.flatMap((file) => nodeUsesIn(trees.get(file) as ts.SourceFile))).toEqual([]);
});

test.each([
  'import { readFileSync } from "node:fs";',
  'import fs from "fs";',
  'import * as promises from "fs/promises";',
  'import type { Stats } from "node:fs";',
  'import "node:process";',
  'export { join } from "node:path";',
  'export * from "path";',
  'import fs = require("node:fs");',
  'const fs = await import("node:fs");',
  "const fs = await import(`node:fs`);",
  'const name = "node:fs"; const fs = await import(name);',
  'let stats: import("node:fs").Stats;',
  'const fs = require("node:fs");',
  'import sharp from "sharp";',
  'import { create } from "webgpu";',
  "const bytes = Buffer.alloc(8);",
  "let bytes: Buffer;",
  "const isBuffer = (value: unknown) => value instanceof Buffer;",
  "let timer: NodeJS.Timeout;",
  "const { env } = process;",
  "const name = process.env.HOME;",
  "const own = globalThis.process.pid;",
  'const own = globalThis["process"].pid;',
  "const { process } = globalThis;",
  "setImmediate(() => {});",
  "const here = __dirname;",
  "global.answer = 42;",
  "const held = { process };",
])("the use of Node is found in: %s", (text) => {
  expect(nodeUsesIn(ts.createSourceFile("planted.ts", text, ts.ScriptTarget.Latest, true))).not.toEqual([]);
});

test.each(["plan.process(1);", "const held = { process: 1, Buffer: 2 };", 'const text = "process";', "x.global;"])(
  "no use of Node is found in: %s",
  (text) => {
    expect(nodeUsesIn(ts.createSourceFile("planted.ts", text, ts.ScriptTarget.Latest, true))).toEqual([]);
  },
);

test.each([
  'import { readFileSync } from "node:fs"; readFileSync("a");',
  'const fs = await import("fs"); fs.read("a");',
])("this cannot be bundled: %s", async (contents) => {
  const planted: Plugin = {
    name: "planted",
    setup(of) {
      of.onLoad({ filter: /src\/data\/crc32\.ts$/ }, () => ({ contents, loader: "ts" }));
    },
  };
  await expect(bundled(["src/data/shard.ts"], [planted])).rejects.toThrow(/Could not resolve "(node:)?fs"/);
});
