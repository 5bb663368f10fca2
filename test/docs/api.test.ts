// The programs of docs/api.md pass the type checker, and print the output shown on the page.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { transform } from "esbuild";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { place } from "../../site/examples.js";
import { fencesOf } from "../../site/fences.js";
import { missingAdapter } from "../gpu/adapter.js";
import { buildMom, type Mom, ROOT } from "../support/mom.js";

const missing = await missingAdapter();
const fences = fencesOf(readFileSync(join(ROOT, "docs/api.md"), "utf8"));
const programs = fences.flatMap((fence, i) =>
  fence.language === "ts"
    ? [{ name: fence.options.file ?? "", text: fence.text, prints: fences[i + 1]?.text ?? "" }]
    : [],
);

let folder: string;
let mom: Mom;
beforeAll(async () => {
  mom = await buildMom();
  const cache = join(ROOT, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, "api-"));
  // Programs import the package by its name. Here the sources replace it.
  for (const { name, text } of programs)
    writeFileSync(join(folder, name), text.replaceAll('"mixture-of-mamba"', '"../../../src/index.js"'));
  cpSync(join(ROOT, "specs"), join(folder, "specs"), { recursive: true });
  for (const fence of fences) if (fence.language === "mom") place(fence, folder);
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test("the programs pass the type checker, and its expected errors occur", () => {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: ["src/index.ts"] }, ts.sys, ROOT);
  const names = programs.map(({ name }) => join(folder, name));
  const program = ts.createProgram(names, { ...options, noEmit: true });
  // Only errors in these files count. The build checks the sources.
  const found = names.flatMap((name) => {
    const file = program.getSourceFile(name);
    if (file === undefined) throw new Error(`the program lacks ${name}`);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  });
  expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
}, 120_000);

test.skipIf(missing).each(programs)(
  "$name prints the output shown on the page",
  async ({ name, text, prints }) => {
    const library = pathToFileURL(join(dirname(mom.main), "../../index.js")).href;
    const { code } = await transform(text.replaceAll('"mixture-of-mamba"', JSON.stringify(library)), { loader: "ts" });
    const outfile = join(folder, name.replace(/\.ts$/, ".mjs"));
    writeFileSync(outfile, code);
    const { status, stdout, stderr } = spawnSync(process.execPath, [outfile], { cwd: folder, encoding: "utf8" });
    expect(status, stderr).toBe(0);
    expect(stdout).toBe(prints);
  },
  240_000,
);
