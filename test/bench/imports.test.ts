// What the programs of bench/ and scripts/ import from dist/ exists in src/, so that they run when somebody needs them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { ROOT } from "../support/mom.js";

const programs = ["bench", "scripts"].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".mjs"))
    .map((name) => `${folder}/${name}`),
);

/** The modules and names that a program imports from dist/src/. */
function importsOf(program: string): { readonly module: string; readonly names: readonly string[] }[] {
  const source = ts.createSourceFile(program, readFileSync(join(ROOT, program), "utf8"), ts.ScriptTarget.Latest);
  return source.statements.filter(ts.isImportDeclaration).flatMap(({ moduleSpecifier, importClause }) => {
    const [, module] = ts.isStringLiteral(moduleSpecifier)
      ? (/^\.\.\/dist\/src\/(.+)\.js$/.exec(moduleSpecifier.text) ?? [])
      : [];
    const named = importClause?.namedBindings;
    const elements = named && ts.isNamedImports(named) ? [...named.elements] : [];
    return module === undefined
      ? []
      : [{ module, names: elements.map(({ name, propertyName }) => (propertyName ?? name).text) }];
  });
}

test("the programs of bench/ and scripts/ import names that exist", async () => {
  const missing: string[] = [];
  let checked = 0;
  for (const program of programs) {
    for (const { module, names } of importsOf(program)) {
      const url = pathToFileURL(join(ROOT, "src", `${module}.ts`)).href;
      const found: object = await import(/* @vite-ignore */ url).catch(() => ({}));
      for (const name of names) {
        checked++;
        if (!(name in found)) missing.push(`${program}: ${name} of ${module}`);
      }
    }
  }
  expect(missing).toEqual([]);
  expect(checked).toBeGreaterThan(100);
});
