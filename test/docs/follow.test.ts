// The pages that add a block, a kernel and so on are followed in a copy of the repository. What they add compiles.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sourcesIn } from "../../site/pages.js";
import { follow, isFollowed, writtenBy } from "../support/follow.js";
import { buildMom, type Mom, ROOT } from "../support/mom.js";

/** Training takes most of the time, so by default specs are only compiled. */
const TRAINS = process.env.MOM_FOLLOW === "train";
const COPIED = [
  "src",
  "grammar",
  "recipes",
  "codegen-templates",
  "scripts",
  "test/accept",
  "test/reject",
  "test/reference",
  "package.json",
];
/** Sorted by name, because the kernel's page builds on the block's. */
const pages = sourcesIn(ROOT)
  .filter(({ markdown }) => isFollowed(markdown))
  .sort((a, b) => (a.name < b.name ? -1 : 1));

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

test("there are six pages to follow", () => {
  expect(pages.map(({ name }) => name)).toEqual([
    "add-a-block",
    "add-a-kernel",
    "add-a-modality",
    "add-a-source",
    "add-an-objective",
    "add-an-optimizer",
  ]);
});

describe.each(pages.filter(({ markdown }) => writtenBy(markdown).length > 0))("$path", ({ markdown }) => {
  const fixtures = (folder: string) =>
    writtenBy(markdown).filter((path) => path.startsWith(`test/${folder}/`) && path.endsWith(".mom"));

  test.each(fixtures("reject"))("%s is refused", (path) => {
    const { code, stderr } = mom.run(["check", path], copy);
    expect(code, stderr).toBe(1);
  });

  test.each(fixtures("accept"))("%s has no errors, and compiles or trains", (path) => {
    const few = join(copy, "test/accept", `few-${basename(path)}`);
    writeFileSync(few, `import "${basename(path)}"\ntrain { steps: 1, batch: 1 }\n`);
    const { code, stderr } = TRAINS
      ? mom.run(["train", few, "--out", join(copy, "runs", basename(path))], copy)
      : mom.run(["inspect", few], copy);
    expect(code, stderr).toBe(0);
  });
});
