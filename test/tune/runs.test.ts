// Runs with chosen kernels through the command line: the same choices give the same numbers, and a resumed run keeps its
// choices even if the cache has changed.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { type CompileOptions, programsOf, TRAINING_PHASES, trainingOn } from "../../src/compile.js";
import { check } from "../../src/front/check.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import type { Choices, Profile } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import { settingsFor } from "../../src/kernels/draft.js";
import { openCache } from "../../src/tune/cache.js";
import { measuredAs, type TunableNode, tunableNodes } from "../../src/tune/nodes.js";
import { freshDevice, missingAdapter } from "../gpu/adapter.js";
import { buildMom, type Mom, type Outcome, ROOT } from "../support/mom.js";

const missing = await missingAdapter();
const STEPS = 6;
const SPEC = `
model {
  modality text: bytes
  modality codes: tokens(vocab: 20)
  d_model: 12
  block mixer: mamba { d_state: 4, decouple: [in_proj] }
  layers: 1 * mixer
}
objective { text: cross_entropy, codes: cross_entropy }
data { source: files("words.jsonl"), length: 96, held_out: 0.2 }
train { steps: ${STEPS}, batch: 2, optimizer: adamw(lr: 3e-3), seed: 3, checkpoint_every: 2, validate_every: 100 }

ablate seeds { vary train.seed: [1, 2] }
`;

describe.skipIf(missing)("runs", () => {
  let mom: Mom;
  let folder: string;
  let file: string;
  let opened: OpenDevice;
  let spec: CheckedSpec;
  beforeAll(async () => {
    mom = await buildMom();
    // Inside the project, so that packages are found.
    mkdirSync(join(ROOT, "node_modules/.cache"), { recursive: true });
    folder = mkdtempSync(join(ROOT, "node_modules/.cache/mom-tuned-"));
    file = join(folder, "small.mom");
    writeFileSync(file, SPEC);
    const words = Array.from({ length: 60 }, (_, i) => [{ text: `word ${i}` }, { tokens: [i % 20, (3 * i) % 20, 7] }]);
    writeFileSync(join(folder, "words.jsonl"), words.map((segments) => `${JSON.stringify({ segments })}\n`).join(""));
    spec = check({ path: file, text: SPEC }, () => undefined).spec as CheckedSpec;
    opened = await freshDevice("all");
  });
  afterAll(() => {
    mom.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const cacheFolder = () => join(folder, "cache");
  const environment = () => ({ MOM_CACHE: cacheFolder(), MOM_ADAPTER: opened.source });
  const run = (...args: string[]): Outcome => mom.run(args, ROOT, environment());
  const train = (out: string, ...flags: string[]): void => {
    const { code, stderr } = run("train", file, "--out", join(folder, out), ...flags);
    expect(code, stderr).toBe(0);
  };
  const textIn = (...path: string[]): string => readFileSync(join(folder, ...path), "utf8");
  const choicesIn = (out: string): Choices => JSON.parse(textIn(out, "choices.json")).choices;
  /** A hash of a run's records and of every byte of its last checkpoint. */
  const left = (out: string): string => {
    const hash = createHash("sha256").update(textIn(out, "metrics.jsonl"));
    const last = join(folder, out, "checkpoints", `step-${STEPS}`);
    for (const name of readdirSync(last).sort()) hash.update(name).update(readFileSync(join(last, name)));
    return hash.digest("hex");
  };

  const nodesOf = (options: CompileOptions): TunableNode[] =>
    tunableNodes(programsOf(spec, options), [options.profile, opened.profile], settingsFor(options.profile));
  /** Puts choices for nodes into the cache, except for nodes without a choice. */
  async function fill(nodes: readonly TunableNode[], choice: (node: TunableNode) => string | undefined): Promise<void> {
    const cache = openCache(nodeDisk, cacheFolder(), opened, () => {});
    for (const node of nodes) {
      const variant = choice(node);
      const name = measuredAs(node, (kernel) => kernel);
      if (variant !== undefined) await cache.add(name, { variant, candidates: { [variant]: { milliseconds: 1 } } });
    }
  }
  const forget = () => rmSync(join(cacheFolder(), "tuned"), { recursive: true, force: true });
  /** The last variant of three nodes, which differs from their first. */
  const others = (nodes: readonly TunableNode[]): Choices =>
    Object.fromEntries(nodes.slice(0, 3).map(({ key, candidates }) => [key, candidates.at(-1)?.variant as string]));

  test("with one cache are byte-identical, use its variants, and keep them when resumed with another cache", async () => {
    const nodes = nodesOf(trainingOn(spec, opened.profile));
    const named = others(nodes);
    train("first", "--tune", "off");
    await fill(nodes, ({ key }) => named[key]);
    for (const out of ["one", "two"]) train(out);
    expect(left("two")).toBe(left("one"));
    expect(choicesIn("one")).toEqual({ ...choicesIn("first"), ...named });
    for (const [key, variant] of Object.entries(named)) expect(choicesIn("first")[key]).not.toBe(variant);
    const plan = JSON.parse(textIn("one", "plan.json")).compiled.plan as {
      buffers: { bytes: number }[];
      phases: { nodes: { key?: string; choices: { variant: string }[] }[] }[];
    };
    const ran = plan.phases.flatMap(({ nodes }) => nodes.filter(({ key }) => key !== undefined));
    expect(ran.length).toBeGreaterThan(20);
    for (const { key, choices } of ran) {
      expect(choices.map(({ variant }) => variant)).toEqual([choicesIn("one")[key as string]]);
    }
    const saved = JSON.parse(textIn("one", "checkpoints", `step-${STEPS}`, "state.json"));
    expect(saved.state.choices).toEqual(choicesIn("one"));

    const device = profileNamed(opened.profile.name);
    if (device !== undefined) {
      const choices = join(folder, "one", "choices.json");
      const inspected = run("inspect", file, "--device", device.name, "--choices", choices, "--json");
      expect(JSON.parse(inspected.stdout).memory.total).toBe(plan.buffers.reduce((sum, { bytes }) => sum + bytes, 0));
      expect(run("inspect", file, "--choices", file).stderr).toContain("does not contain kernel choices");
    }

    // It continues with its first choices, although the cache has changed.
    cpSync(join(folder, "one"), join(folder, "one resumed"), { recursive: true });
    for (const step of [4, 6]) rmSync(join(folder, "one resumed", "checkpoints", `step-${step}`), { recursive: true });
    forget();
    await fill(nodes, ({ key, candidates }) => (key in named ? candidates[0]?.variant : candidates.at(-1)?.variant));
    train("one resumed", "--resume", "--tune", "full");
    expect(left("one resumed")).toBe(left("one"));
    expect(choicesIn("one resumed")).toEqual(choicesIn("one"));

    const recorded = JSON.parse(textIn("one", "metrics.jsonl").trim().split("\n").at(-1) as string);
    const held = JSON.parse(run("eval", join(folder, "one"), "--json").stdout);
    expect(held).toMatchObject({ step: STEPS, loss: recorded.loss, losses: recorded.losses });
  }, 300_000);

  test("are refused if their choices are damaged, and warn if a variant no longer exists", () => {
    const damaged = join(folder, "one resumed", "choices.json");
    const before = readFileSync(damaged, "utf8");
    writeFileSync(damaged, before.slice(0, 40));
    const refused = run("train", file, "--out", join(folder, "one resumed"), "--resume");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("choices.json does not list the kernels that the run started with");
    writeFileSync(damaged, before.replaceAll(/: "[a-z-]+"/g, ': "gone"'));
    const warned = run("train", file, "--out", join(folder, "one resumed"), "--resume");
    expect(warned.code, warned.stderr).toBe(0);
    expect(warned.stderr).toContain("started with different variants of");
  });

  test("measure missing choices with --tune full: train, bench, and an ablation before its variants", async () => {
    const nodes = nodesOf(trainingOn(spec, opened.profile));
    const [lacking] = nodes;
    const others = () => fill(nodes, (node) => (node === lacking ? undefined : node.candidates[0]?.variant));
    const known = () => Object.keys(openCache(nodeDisk, cacheFolder(), opened, () => {}).read()).length;
    const commands = [
      ["train", file, "--out", join(folder, "measured"), "--tune", "full"],
      ["bench", file, "--json", "--loop", "1", "--tune", "full"],
      ["ablate", file, "--out", join(folder, "ablation"), "--jobs", "2", "--tune", "full"],
    ];
    for (const command of commands) {
      forget();
      await others();
      const { code, stderr } = run(...command);
      expect(code, stderr).toBe(0);
      expect(stderr).toContain(`Tuning 1 of ${nodes.length} kernels`);
      expect(stderr).toContain(`1/1 ${lacking?.key}: `);
      expect(known()).toBe(nodes.length);
    }
    const variants = readdirSync(join(folder, "ablation", "variants"));
    expect(variants).toHaveLength(2);
    // It was measured again, and nearly equal times can give another result.
    const { key } = lacking as TunableNode;
    const verdict = openCache(nodeDisk, cacheFolder(), opened, () => {}).read()[
      measuredAs(lacking as TunableNode, (kernel) => kernel)
    ];
    const expected = { ...choicesIn("measured"), [key]: verdict?.variant };
    for (const variant of variants) expect(choicesIn(join("ablation", "variants", variant))).toEqual(expected);
    const again = run("bench", file, "--json", "--loop", "1", "--tune", "full");
    expect(again.code, again.stderr).toBe(0);
    // A driver may print there too.
    expect(again.stderr).not.toContain("Tuning");
  }, 300_000);

  test("of a compiled folder take and keep choices for the folder's kernels", async () => {
    const made = join(folder, "made");
    expect(run("compile", file, "-o", made).code).toBe(0);
    mkdirSync(join(made, "node_modules"));
    symlinkSync(join(ROOT, "node_modules/webgpu"), join(made, "node_modules/webgpu"));
    const node = (...flags: string[]) => {
      const env = { ...process.env, ...environment() };
      return spawnSync(process.execPath, ["train.mjs", ...flags], { cwd: made, encoding: "utf8", env });
    };
    const profile = profileNamed("webgpu-default") as Profile;
    const nodes = nodesOf({ ...trainingOn(spec, profile), phases: TRAINING_PHASES });
    const named = others(nodes);
    forget();
    await fill(nodes, ({ key }) => named[key]);
    for (const [out, mode] of [
      ["off", "off"],
      ["cached", "cached"],
    ] as const) {
      const { status, stderr } = node("--out", join(folder, out), "--tune", mode);
      expect(status, stderr).toBe(0);
    }
    expect(choicesIn("cached")).toEqual({ ...choicesIn("off"), ...named });
    expect(choicesIn("cached")).not.toEqual(choicesIn("off"));
    // Measurements are valid only for unchanged kernels.
    for (const name of readdirSync(join(made, "kernels"))) {
      const path = join(made, "kernels", name);
      writeFileSync(path, `// edited\n${readFileSync(path, "utf8")}`);
    }
    const edited = node("--out", join(folder, "edited"));
    expect(edited.status, edited.stderr).toBe(0);
    expect(choicesIn("edited")).toEqual(choicesIn("off"));
    const wrong = node("--tune", "fastest");
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain('unknown tuning mode "fastest"');
  }, 300_000);
});
