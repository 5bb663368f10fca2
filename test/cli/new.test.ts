// `mom new`: every choice gives a valid spec that trains, and no file is overwritten.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BLOCKS,
  MODALITIES,
  type NewBlocks,
  type NewModality,
  OWNING,
  type Owning,
  templateOf,
} from "../../src/api/new-spec.js";
import { render } from "../../src/diagnostics/render.js";
import { check } from "../../src/front/check.js";
import { missingAdapter } from "../gpu/adapter.js";
import { buildMom, type Mom } from "../support/mom.js";

const missing = await missingAdapter();
let mom: Mom;
let folder: string;
beforeAll(async () => {
  mom = await buildMom();
  folder = mkdtempSync(join(tmpdir(), "mom-new-"));
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const others = (Object.keys(MODALITIES) as NewModality[]).filter((name) => name !== "text");
const choices = others.reduce<NewModality[][]>((all, name) => all.flatMap((one) => [one, [...one, name]]), [["text"]]);

describe.each(choices.map((modalities) => ({ modalities })))("$modalities", ({ modalities }) => {
  const all = (Object.keys(BLOCKS) as NewBlocks[]).flatMap((blocks) =>
    (Object.keys(OWNING) as Owning[]).map((own) => ({ blocks, own })),
  );
  test.each(all)("a spec with $blocks that own $own has no errors and no warnings", ({ blocks, own }) => {
    const text = templateOf({ modalities, blocks, own, data: "emoji" });
    const { spec, diagnostics, sources } = check({ path: "new.mom", text }, () => undefined);
    expect(render(diagnostics, sources, { colour: false })).toBe("");
    const owners = spec?.model.blocks.flatMap(({ fields }) => Object.values(fields.parts)) ?? [];
    expect(owners.some(({ groups }) => groups > 1)).toBe(own === "all" && modalities.length > 1);
    expect(spec?.ablations.map(({ name }) => name)).toEqual(own === "ablate" ? ["owned"] : []);
  });
});

describe.skipIf(missing)("a new spec trains", () => {
  test.each([
    ["text", "mamba", "none"],
    ["text,codes", "attention", "all"],
    ["text,image,speech", "hybrid", "all"],
    ["text,codes,speech", "mamba", "ablate"],
  ])(
    "with %s, with %s that own %s",
    (modalities, blocks, own) => {
      const name = `${modalities.replaceAll(",", "-")}.mom`;
      const flags = ["--modalities", modalities, "--blocks", blocks, "--own", own];
      const { code, stderr } = mom.run(["new", name, ...flags], folder);
      expect(code, stderr).toBe(0);
      writeFileSync(
        join(folder, `few-${name}`),
        `import "${name}"\nmodel { d_model: 32 }\ntrain { steps: 2, batch: 2, validate_every: 2, checkpoint_every: 2 }\n`,
      );
      const trained = mom.run(["train", `few-${name}`, "--out", `run-${name}`], folder);
      expect(trained.code, trained.stderr).toBe(0);
      expect(trained.stdout + trained.stderr).toContain("Step 2, held-out: text");
    },
    120_000,
  );
});

test("a missing folder is created", () => {
  const flags = ["--modalities", "text,codes", "--blocks", "mamba", "--own", "all"];
  const { code, stderr } = mom.run(["new", "deep/er/codes.mom", ...flags], folder);
  expect(code, stderr).toBe(0);
  expect(mom.run(["check", "deep/er/codes.mom"], folder).code).toBe(0);
  expect(mom.run(["data", "look", "deep/er/codes.mom"], folder).code).toBe(0);
});

test("no file is overwritten, and without a terminal the missing options are listed", () => {
  writeFileSync(join(folder, "mine.mom"), "// mine\n");
  const flags = ["--modalities", "text,speech", "--blocks", "mamba", "--own", "all"];
  const taken = mom.run(["new", "mine.mom", ...flags], folder);
  expect(taken.code).toBe(1);
  expect(taken.stderr).toContain("mine.mom already exists.");
  expect(readFileSync(join(folder, "mine.mom"), "utf8")).toBe("// mine\n");
  mkdirSync(join(folder, "yours-data"));
  expect(mom.run(["new", "yours.mom", ...flags], folder).stderr).toContain("yours-data already exists");
  const unasked = mom.run(["new", "other.mom", "--blocks", "mamba"], folder);
  expect(unasked.code).toBe(2);
  expect(unasked.stderr).toContain("--modalities, --blocks and --own");
  expect(mom.run(["new", "other.mom", "--modalities", "text,imge"], folder).stderr).toContain("Did you mean `image`?");
  expect(mom.run(["new", "other.txt", ...flags], folder).code).toBe(2);
});
