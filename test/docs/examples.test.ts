// The pages show what the program does: their specs are checked, their commands run, and the output is compared.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compare, type Folder, isRun, pageFolder, place, wholeSpec } from "../../site/examples.js";
import { commandsOf, type Fence, fencesOf, matches, parseInfo } from "../../site/fences.js";
import { sourcesIn } from "../../site/pages.js";
import { writtenBy } from "../support/follow.js";
import { buildMom, type Mom, ROOT } from "../support/mom.js";

const pages = sourcesIn(ROOT).map((source) => ({ ...source, fences: fencesOf(source.markdown) }));
const title = ({ line, language, options }: Fence): string => `line ${line}: ${language} ${options.file ?? ""}`;

let mom: Mom;
beforeAll(async () => {
  mom = await buildMom();
});
afterAll(() => mom.dispose());

test("code blocks have known options, and those not run give the reason", () => {
  const known = ["file", "over", "wrong", "train", "by-hand", "fill", "as", "picture", "at"];
  for (const { path, fences } of pages) {
    for (const fence of fences) {
      expect(known, `${path} ${title(fence)}`).toEqual(expect.arrayContaining(Object.keys(fence.options)));
      // The option by-hand gives the reason why a block is not run.
      expect(fence.options["by-hand"], `${path} ${title(fence)}`).not.toBe("");
    }
  }
  const all = pages.flatMap(({ fences }) => fences);
  expect(all.filter(({ language }) => language === "mom").length).toBeGreaterThan(12);
  expect(all.filter(isRun).length).toBeGreaterThan(12);
});

describe.each(pages.filter(({ fences }) => fences.some((f) => f.language === "mom" || isRun(f))))(
  "docs/$file",
  ({ fences }) => {
    let folder: Folder;
    beforeAll(() => {
      folder = pageFolder(ROOT);
      for (const fence of fences) place(fence, folder.path);
    });
    afterAll(() => folder.dispose());

    for (const [i, fence] of fences.entries()) {
      if (fence.language === "mom") {
        test(title(fence), () => {
          writeFileSync(join(folder.path, `block-${i}.mom`), wholeSpec(fence));
          const { code, stderr } = mom.run(["check", `block-${i}.mom`], folder.path);
          expect(code, stderr).toBe(fence.options.wrong === undefined ? 0 : 1);
          if (fence.options.train === undefined) return;
          // The same spec, narrower and with less held-out data, because the test has to be fast.
          const few = `import "block-${i}.mom"
model { d_model: 32 }
data { held_out: 0.01 }
train { steps: 2, batch: 2, validate_every: 2, checkpoint_every: 2 }
`;
          writeFileSync(join(folder.path, `few-${i}.mom`), few);
          const trained = mom.run(["train", `few-${i}.mom`], folder.path);
          expect(trained.code, trained.stderr).toBe(0);
        });
      }
      if (isRun(fence)) {
        test(`line ${fence.line}: ${commandsOf(fence.text)[0]?.command}`, () => {
          expect(commandsOf(fence.text).length).toBeGreaterThan(0);
          expect(compare(fence, folder.path, mom.main)).toBeUndefined();
        });
      }
    }
  },
);

test("files and folders that the pages name exist", () => {
  const made = [...pages.flatMap(({ markdown }) => writtenBy(markdown)), "dist-docs", "codegen-templates/NAME.wgsl"];
  for (const { path: page, markdown } of pages) {
    const named = markdown.matchAll(
      /`((?:src|grammar|codegen-templates|test|specs|scripts|bench|examples|site)\/[\w./-]*[\w/])`/g,
    );
    for (const [, path = ""] of named) {
      if (!made.includes(path)) expect(existsSync(join(ROOT, path)), `${page}: ${path}`).toBe(true);
    }
  }
});

test("the pages or the README mention every verb of the command line", () => {
  const words = [...pages.map(({ markdown }) => markdown), readFileSync(join(ROOT, "README.md"), "utf8")].join("\n");
  for (const verb of readdirSync(join(ROOT, "src/cli/verbs")))
    expect(words).toContain(`mom ${verb.replace(".ts", "")}`);
});

describe("the notation of code blocks", () => {
  test("a block has options with and without values", () => {
    expect(parseInfo('mom over="a b.mom" wrong')).toEqual({ language: "mom", options: { over: "a b.mom", wrong: "" } });
  });

  test("a block ends at a fence as long as its first one, also in lists", () => {
    const [first, second, ...more] = fencesOf("````text\n```\n````\n- a\n  ```ts\n  x\n    y\n  ```\n");
    expect(first?.text).toBe("```\n");
    expect(second).toMatchObject({ language: "ts", text: "x\n  y\n", line: 5 });
    expect(more).toEqual([]);
  });

  test("a command continues after a backslash", () => {
    expect(commandsOf("$ a \\\n  b\nout\n$ c\n")).toEqual([
      { command: "a b", output: ["out"] },
      { command: "c", output: [] },
    ]);
  });

  test.each([
    [["a", "b"], ["a", "b"], true],
    [["a", "b"], ["a", "c"], false],
    [["a", "…", "d"], ["a", "b", "c", "d"], true],
    [["a", "…", "d"], ["a", "d"], true],
    [["a", "…", "d"], ["a", "b"], false],
    [["a …ms (1.5)"], ["a 12 ms (1.5)"], true],
    [["a …ms (1.5)"], ["a 12 ms (125)"], false],
    [["a"], ["a", "b"], false],
    [["a"], ["a", ""], true],
  ])("%j shows %j: %s", (shown, printed, expected) => {
    expect(matches(shown, printed)).toBe(expected);
  });
});
