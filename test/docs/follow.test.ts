// The pages that add something, followed to the letter in one copy of the repository: what they add checks and trains.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sourcesIn } from "../../site/pages.js";
import { missingAdapter } from "../gpu/adapter.js";
import { follow, writtenBy } from "../support/follow.js";
import { buildMom, type Mom, ROOT } from "../support/mom.js";

const missing = await missingAdapter();
const COPIED = [
  "src",
  "grammar",
  "recipes",
  "codegen-templates",
  "scripts",
  "test/accept",
  "test/reject",
  "package.json",
];
const pages = sourcesIn(ROOT).filter(({ markdown }) => writtenBy(markdown).length > 0);

let copy: string;
let mom: Mom;
beforeAll(async () => {
  copy = mkdtempSync(join(tmpdir(), "mom-follow-"));
  for (const path of COPIED) cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  for (const { markdown } of pages) follow(markdown, copy);
  const made = spawnSync(process.execPath, [join(copy, "scripts/generate.mjs")], { encoding: "utf8" });
  expect(made.status, made.stderr).toBe(0);
  mom = await buildMom(copy);
}, 120_000);
afterAll(() => {
  mom?.dispose();
  rmSync(copy, { recursive: true, force: true });
});

test("pages are followed", () => {
  expect(pages.map(({ name }) => name)).toContain("add-a-block");
});

describe.each(pages)("$path", ({ markdown }) => {
  const fixtures = (folder: string) =>
    writtenBy(markdown).filter((path) => path.startsWith(`test/${folder}/`) && path.endsWith(".mom"));

  test.each(fixtures("reject"))("%s is refused", (path) => {
    const { code, stderr } = mom.run(["check", path], copy);
    expect(code, stderr).toBe(1);
  });

  test.each(fixtures("accept"))("%s checks and trains", (path) => {
    const { code, stderr } = mom.run(["check", path], copy);
    expect(code, stderr).toBe(0);
    if (missing !== undefined) return;
    const few = join(copy, "test/accept", `few-${basename(path)}`);
    writeFileSync(few, `import "${basename(path)}"\ntrain { steps: 1, batch: 1 }\n`);
    const trained = mom.run(["train", few, "--out", join(copy, "runs", basename(path))], copy);
    expect(trained.code, trained.stderr).toBe(0);
  });
});
