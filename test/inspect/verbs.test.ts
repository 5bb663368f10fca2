// `mom inspect` and `mom compile`, run as processes.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openCompiled, writeCompiled } from "../../src/api/compiled-folder.js";
import { nodeDisk } from "../../src/api/node/disk.js";
import { checkFile } from "../../src/api/read-spec.js";
import { compile, TRAINING_PHASES } from "../../src/compile.js";
import type { Profile } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import { buildMom, type Mom, ROOT } from "../support/mom.js";

let mom: Mom;
let folder: string;
beforeAll(async () => {
  mom = await buildMom();
  folder = mkdtempSync(join(tmpdir(), "mom-inspect-"));
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const TRANSFUSION = join(ROOT, "specs/transfusion-bytes.mom");
const large = (): string => {
  const text = readFileSync(TRANSFUSION, "utf8")
    .replace("d_model: 64", "d_model: 4096")
    .replace("2 * mixer", "1 * mixer");
  writeFileSync(join(folder, "large.mom"), text);
  return join(folder, "large.mom");
};

describe("mom inspect", () => {
  test("prints every section, with colours only if they are forced", () => {
    const { code, stdout, stderr } = mom.run(["inspect", TRANSFUSION]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const title of [
      "Parameters",
      "Cost per token",
      "Stack",
      "Memory on webgpu-default",
      "Kernels for",
      "Dispatches",
    ]) {
      expect(stdout).toContain(title);
    }
    expect(stdout).toMatch(/0–1 {3}mixer \(mamba\) {3}d_inner 128, d_state 8, .*in_proj × 2/);
    expect(stdout).not.toContain("\u001b");
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(140);
    expect(mom.run(["inspect", TRANSFUSION], ROOT, { FORCE_COLOR: "1" }).stdout).toContain("\u001b[1m");
  });
  test("--json prints every value, and --batch, --device and --memory affect them", () => {
    const inspected = (...more: string[]) => JSON.parse(mom.run(["inspect", TRANSFUSION, "--json", ...more]).stdout);
    const eight = inspected();
    expect(eight).toMatchObject({ profile: "webgpu-default", batch: 8, length: 128, d_model: 64, vocabulary: 260 });
    expect(eight.formulas.scan).toContain("7N");
    expect(eight.memory.total).toBeGreaterThan(inspected("--batch", "1").memory.total);
    const h100 = inspected("--device", "nvidia-h100");
    expect(h100.kernels.count).toBeLessThan(eight.kernels.count);
    expect(h100.modalities).toEqual(eight.modalities);
    expect(eight.fit).toBeUndefined();
    expect(inspected("--memory", "1GiB").fit).toMatchObject({ budget: 2 ** 30, bytes: eight.memory.total, fits: true });
  });
  test("a model that exceeds a binding is reported with its parameters and FLOPs, but has no plan", () => {
    const { code, stdout } = mom.run(["inspect", large()]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/total +\d{3},\d{3},\d{3}/);
    expect(stdout).toMatch(/does not fit: a binding is limited to 128 MiB/);
    expect(stdout).toMatch(/the parameters of layer 0 +\d/);
    expect(stdout).toContain("`--device swiftshader` is large enough");
    expect(mom.run(["inspect", large(), "--dump", "fuse"]).stdout).toMatch(/gate × 1: the gate joins the scan/);
    expect(stdout).toMatch(/workspace +\d.*\n +total +\d/);
    const dumped = mom.run(["inspect", large(), "--dump", "emit"]);
    expect(dumped.code).toBe(1);
    expect(dumped.stderr).toMatch(/Too large for the device.*--device swiftshader/s);
  });
  test.each([
    ["lower", /^program model: batch 8, length 128, \d+ ops\n {2}noise/],
    ["differentiate", /scan_grad/],
    ["fuse", /token-loss × 1/],
    ["read", /^model \{\n {2}modality text: bytes/],
    ["check", /^\{\n {2}"model": \{/],
    ["narrow", /^\d+ ops, \d+ bytes → \d+ ops, \d+ bytes\nprogram model/],
    ["recompute", /^\d+ ops, \d+ bytes → \d+ ops, \d+ bytes\nprogram model/],
    ["allocate", /^\d+ buffers, \d+ bytes\n {2}parameters\.0 \(parameters\)/],
    ["emit", /@compute/],
  ])("--dump %s prints the result of the stage", (stage, pattern) => {
    const { code, stdout } = mom.run(["inspect", TRANSFUSION, "--dump", stage]);
    expect(code).toBe(0);
    expect(stdout).toMatch(pattern);
  });
  test("--html and --svg overwrite their files, and the report is still printed", () => {
    const [html, svg] = [join(folder, "drawn.html"), join(folder, "drawn.svg")];
    writeFileSync(svg, "old");
    const { code, stdout, stderr } = mom.run(["inspect", TRANSFUSION, "--json", "--html", html, "--svg", svg]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `wrote ${html}\nwrote ${svg}\n` });
    expect(JSON.parse(stdout)).toMatchObject({ d_model: 64 });
    expect(readFileSync(svg, "utf8")).toMatch(/^<\?xml .*<svg .*transfusion-bytes.*<\/svg>\n$/s);
    expect(readFileSync(html, "utf8")).toMatch(/<svg .*Parameters by part.*Memory on webgpu-default/s);
    expect(mom.run(["inspect", large(), "--html", html]).code).toBe(0);
    expect(readFileSync(html, "utf8")).toContain("It does not fit");
    const spec = readFileSync(TRANSFUSION, "utf8");
    expect(mom.run(["inspect", TRANSFUSION, "--svg", TRANSFUSION]).code).toBe(2);
    expect(readFileSync(TRANSFUSION, "utf8")).toBe(spec);
    const nowhere = mom.run(["inspect", TRANSFUSION, "--svg", join(folder, "none/drawn.svg")]);
    expect(nowhere.code).toBe(1);
    expect(nowhere.stderr).toMatch(/drawn\.svg could not be written: .*Check the path/s);
  });
  test("invalid usage exits with 2, an invalid spec with 1", () => {
    for (const invalid of [
      ["--device", "abacus"],
      ["--dump", "link"],
      ["--batch", "0"],
      ["--batch", "1.5"],
      ["--memory", "80apples"],
    ]) {
      expect(mom.run(["inspect", TRANSFUSION, ...invalid]).code).toBe(2);
    }
    expect(mom.run(["inspect", "none.mom"]).code).toBe(1);
  });
});

test("neither command loads Dawn or a module of src/gpu", async () => {
  const entryPoints = ["inspect", "compile"].map((name) => join(ROOT, `src/cli/verbs/${name}.ts`));
  const options = { bundle: true, write: false, metafile: true, outdir: folder, platform: "node" } as const;
  const { metafile } = await build({ ...options, entryPoints, format: "esm", packages: "external" });
  const inputs = Object.entries(metafile.inputs);
  expect(inputs.length).toBeGreaterThan(40);
  expect(inputs.filter(([file]) => file.includes("src/gpu/"))).toEqual([]);
  expect(inputs.flatMap(([, { imports }]) => imports.filter(({ path }) => path === "webgpu"))).toEqual([]);
});

describe("mom compile", () => {
  const at = (name: string): string => join(folder, name);
  test("writes a folder that reads back as the compiled model", () => {
    writeFileSync(at("copy.mom"), readFileSync(TRANSFUSION, "utf8"));
    const { code, stdout, stderr } = mom.run(["compile", at("copy.mom"), "-o", at("made")]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^made .*: \d+ kernels for webgpu-default\n$/m);
    expect(readdirSync(at("made")).sort()).toEqual([
      "README.md",
      "data",
      "kernels",
      "package.json",
      "plan.json",
      "spec.mom",
      "train.mjs",
    ]);
    const { spec } = checkFile(nodeDisk, at("copy.mom"));
    expect(checkFile(nodeDisk, join(at("made"), "spec.mom")).spec).toEqual(spec);
    const made = openCompiled(at("made"), nodeDisk);
    expect(made.spec).toEqual(spec);
    const profile = profileNamed("webgpu-default") as Profile;
    const options = { profile, batch: 8, length: 128, phases: TRAINING_PHASES, variants: "all" } as const;
    const { stages: _, ...compiled } = compile(made.spec, options);
    expect(made.compiled).toStrictEqual(compiled);
    expect(readdirSync(join(at("made"), "kernels")).length).toBe(compiled.plan.kernels.length);
    expect(JSON.parse(readFileSync(join(at("made"), "package.json"), "utf8"))).toMatchObject({
      type: "module",
      dependencies: { webgpu: expect.stringMatching(/^\^\d/) },
    });
  });
  test("an existing folder is kept unless --force is given, and one with unknown files is always kept", () => {
    const run = (...more: string[]) => mom.run(["compile", TRANSFUSION, "-o", at("twice"), ...more]);
    expect(run().code).toBe(0);
    const file = join(at("twice"), "plan.json");
    writeFileSync(file, "mine");
    const refused = run();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/twice already exists.*--force/s);
    expect(readFileSync(file, "utf8")).toBe("mine");
    mkdirSync(join(at("twice"), "node_modules"));
    expect(run("--force").code).toBe(0);
    expect(readFileSync(file, "utf8")).toContain("mom plan 1");
    writeFileSync(join(at("twice"), "thesis.tex"), "mine");
    const kept = run("--force");
    expect(kept.code).toBe(1);
    expect(kept.stderr).toContain("contains thesis.tex");
    expect(existsSync(join(at("twice"), "thesis.tex"))).toBe(true);
  });
  test("a command that fails leaves no folder and changes no file", () => {
    writeFileSync(at("file"), "mine");
    for (const more of [[], ["--force"]]) {
      expect(mom.run(["compile", TRANSFUSION, "-o", at("file"), ...more]).code).toBe(1);
    }
    expect(readFileSync(at("file"), "utf8")).toBe("mine");
    expect(mom.run(["compile", large(), "-o", at("none")]).code).toBe(1);
    expect(mom.run(["compile", "none.mom", "-o", at("none")]).code).toBe(1);
    expect(mom.run(["compile", TRANSFUSION]).code).toBe(2);
    expect(existsSync(at("none"))).toBe(false);
  });
  test("a full disk leaves no partial folder, and an existing folder stays intact", () => {
    const model = openCompiled(at("made"), nodeDisk);
    const before = readFileSync(join(at("made"), "plan.json"));
    const extras = [{ name: "spec.mom", bytes: new Uint8Array(8) }];
    for (const room of [0, 1, 5, 40]) {
      let files = 0;
      const disk = {
        ...nodeDisk,
        create: (path: string, bytes: Uint8Array) => {
          if (files++ >= room) throw Object.assign(new Error("No space is left."), { code: "ENOSPC" });
          nodeDisk.create(path, bytes);
        },
      };
      expect(() => writeCompiled(at("full"), model, extras, { disk })).toThrow(
        /could not be written: the disk is full/,
      );
      expect(() => writeCompiled(at("made"), model, extras, { disk, force: true })).toThrow(/disk is full/);
    }
    expect(existsSync(at("full"))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
    expect(readFileSync(join(at("made"), "plan.json")).equals(before)).toBe(true);
  });
});
