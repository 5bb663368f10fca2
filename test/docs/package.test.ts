// The README's links also work in the package that npm installs.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../support/mom.js";

test("every file that the README links to is in the package", () => {
  const packed = JSON.parse(
    execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: ROOT, encoding: "utf8" }),
  ) as [{ readonly files: readonly { readonly path: string }[] }];
  const files = new Set(packed[0].files.map(({ path }) => path));
  const links = [...readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/\]\(([^)]+)\)/g)].map(([, to = ""]) => to);
  const local = links.filter((to) => !to.startsWith("https://")).map((to) => to.replace(/#.*/, ""));
  expect(local.length).toBeGreaterThan(20);
  expect(local.filter((to) => !files.has(to))).toEqual([]);
});
