// The prose linter finds forbidden words in pages, comments, strings and descriptions.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../support/mom.js";

const PLANTED: Readonly<Record<string, string>> = {
  "page.md": "# A page\n\n`fmt` ends all discussion of blanks.\n",
  "comment.ts": "// It goes on with what was there.\nexport const x = 1;\n",
  "text.ts": 'export const help = "Begin anew with another seed";\n',
  "kernel.wgsl": "// What comes after begins not here.\nfn main() {}\n",
  "spec.mom": "// The model is mended below.\nmodel {}\n",
  "grammar/spec.schema.json": '{\n  "description": "Tells what is stored."\n}\n',
  "right.ts": "// It continues with the previous values.\nexport const says = 1;\n",
};

test("only planted words are found", () => {
  const folder = mkdtempSync(join(tmpdir(), "mom-prose-"));
  for (const [name, text] of Object.entries(PLANTED)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  execFileSync("git", ["init", "--quiet"], { cwd: folder });
  execFileSync("git", ["add", "."], { cwd: folder });
  const { stderr, status } = spawnSync(process.execPath, [join(ROOT, "scripts/prose.mjs"), "--root", folder], {
    encoding: "utf8",
  });
  rmSync(folder, { recursive: true });
  expect(status).toBe(1);
  const found = [...stderr.matchAll(/^([\w./]+):\d+:\d+/gm)].map(([, name = ""]) => name);
  expect([...new Set(found)].sort()).toEqual(
    Object.keys(PLANTED)
      .filter((name) => name !== "right.ts")
      .sort(),
  );
});
