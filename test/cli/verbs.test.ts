// Small verbs as processes: diff, schema, check --emit, and check --watch while files appear and change.
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { schema } from "../../grammar/schema.gen.js";
import { check, checkJson } from "../../src/front/check.js";
import { publicSchema } from "../../src/front/schema.js";
import { buildMom, type Mom } from "../support/mom.js";

let mom: Mom;
let folder: string;
beforeAll(async () => {
  mom = await buildMom();
  folder = mkdtempSync(join(tmpdir(), "mom-verbs-"));
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const SPEC = `model {
  modality text: bytes
  d_model: 16
  block mixer: mamba
  layers: mixer
}
objective { text: cross_entropy }
data { source: emoji, length: 64 }
train { steps: 1, batch: 1, optimizer: adamw(lr: 1e-3) }
`;
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test("--set changes the spec of a command", () => {
  const file = write("set.mom", SPEC);
  const parameters = (...set: string[]) =>
    JSON.parse(mom.run(["inspect", file, "--json", ...set]).stdout).parameters.total;
  expect(parameters("--set", "model.layers=3 * mixer", "--set", "mixer.d_state=4")).toBeGreaterThan(parameters());
  expect(mom.run(["inspect", file, "--set", "mixer.d_stat=4"])).toMatchObject({ code: 1 });
  expect(mom.run(["inspect", file, "--set", "mixer.d_state"])).toMatchObject({ code: 2 });
});

describe("mom diff", () => {
  test("shows changes and their costs, and --exit-code sets the exit code", () => {
    const one = write("one.mom", SPEC);
    const other = write("other.mom", SPEC.replace("layers: mixer", "layers: 3 * mixer"));
    const { code, stdout } = mom.run(["diff", one, other]);
    expect(code).toBe(0);
    expect(stdout).toContain("model.layers  mixer → 3 * mixer");
    expect(stdout).toMatch(/parameters +[\d,]+ +[\d,]+ +\+\d+\.\d %/);
    expect(mom.run(["diff", one, other, "--exit-code"]).code).toBe(1);
    expect(mom.run(["diff", one, one, "--exit-code"])).toMatchObject({ code: 0 });
    expect(mom.run(["diff", one, one]).stdout).toContain("mean the same");
  });
  test("gives costs as JSON equal to those of inspect", () => {
    const [one, other] = [join(folder, "one.mom"), join(folder, "other.mom")];
    const { changes, costs } = JSON.parse(mom.run(["diff", one, other, "--json"]).stdout);
    expect(changes).toEqual([{ path: "model.layers", before: "mixer", after: "3 * mixer" }]);
    const [before, after] = [one, other].map((file) => JSON.parse(mom.run(["inspect", file, "--json"]).stdout));
    expect(costs[0]).toEqual({
      what: "parameters",
      before: before.parameters.total,
      after: after.parameters.total,
    });
    expect(costs.at(-1)).toMatchObject({ before: before.memory.total, after: after.memory.total });
  });
  test("compares data files by their location, not by their relative paths", () => {
    for (const name of ["left", "right"]) mkdirSync(join(folder, name));
    write("package.json", "{}");
    const from = (path: string) => SPEC.replace("source: emoji", `source: files("${path}")`);
    const left = write("left/spec.mom", from("d.jsonl"));
    const right = write("right/spec.mom", from("d.jsonl"));
    const above = write("above.mom", from("left/d.jsonl"));
    const changes = (...files: readonly string[]) => JSON.parse(mom.run(["diff", ...files, "--json"]).stdout).changes;
    expect(changes(left, above)).toEqual([]);
    expect(changes(left, right)).toMatchObject([
      { path: "data.source.path", before: expect.stringMatching(/left\/d\.jsonl$/) },
    ]);
  });
  test("shows f16 on a device that supports it, and the optimizer's memory separately", () => {
    const half = write("half.mom", SPEC.replace("batch: 1", "batch: 1, precision: f16"));
    const { code, stdout } = mom.run(["diff", join(folder, "one.mom"), half, "--json"]);
    expect(code).toBe(0);
    const { changes, costs, device } = JSON.parse(stdout);
    expect(changes).toEqual([{ path: "train.precision", before: "f32", after: "f16" }]);
    const inspected = JSON.parse(mom.run(["inspect", half, "--json", "--device", device]).stdout);
    const kept = inspected.memory.roles.find(({ role }: { role: string }) => role === "optimizer");
    expect(costs).toContainEqual(
      expect.objectContaining({
        what: "optimizer state",
        after: kept.bytes,
      }),
    );
    expect(mom.run(["diff", half, half, "--device", "webgpu-default"]).code).toBe(1);
  });
  test("reports errors in a spec", () => {
    const wrong = write("wrong.mom", SPEC.replace("d_model", "d_modle"));
    const { code, stderr } = mom.run(["diff", join(folder, "one.mom"), wrong]);
    expect(code).toBe(1);
    expect(stderr).toContain("MOM0103");
  });
});

test("mom schema prints the checker's schema, opened for the extra keys that are accepted", () => {
  const { code, stdout } = mom.run(["schema"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual(publicSchema());
  expect(JSON.parse(stdout)).toMatchObject({ $id: schema.$id, $defs: schema.$defs, required: schema.required });
});

test("mom check generates no code from strings", () => {
  const environment = { NODE_OPTIONS: "--disallow-code-generation-from-strings" };
  expect(mom.run(["check", write("plain.mom", SPEC)], folder, environment)).toMatchObject({ code: 0, stderr: "" });
});

describe("mom check --emit json", () => {
  test("prints an equivalent spec with imports merged", () => {
    write("base.mom", SPEC);
    const { code, stdout } = mom.run([
      "check",
      write("wide.mom", 'import "base.mom"\nmodel { d_model: 32 }\n'),
      "--emit",
      "json",
    ]);
    expect(code).toBe(0);
    const merged = SPEC.replace("d_model: 16", "d_model: 32");
    const { spec } = check({ path: "a.mom", text: merged }, () => undefined);
    expect(checkJson(JSON.parse(stdout), "a.json", () => undefined).spec).toEqual(spec);
  });
  test("needs exactly one spec without errors", () => {
    const one = join(folder, "one.mom");
    expect(mom.run(["check", one, one, "--emit", "json"]).code).toBe(2);
    const { code, stdout, stderr } = mom.run(["check", join(folder, "wrong.mom"), "--emit", "json"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("MOM0103");
  });
});

test("mom check --watch reports again when a file changes, is replaced or is created", async () => {
  const importing = write("watched.mom", 'import "part.mom"\n');
  const child = mom.start(["check", importing, "--watch"]);
  let output = "";
  child.stdout?.on("data", (data) => {
    output += data;
  });
  /** Waits for words in the output, and discards the output up to them. */
  const until = async (words: string): Promise<void> => {
    const end = Date.now() + 20_000;
    while (!output.includes(words)) {
      if (Date.now() > end) throw new Error(`missing in the output: ${words}; output: ${output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    output = output.slice(output.indexOf(words) + words.length);
  };
  try {
    await until("There is no file `part.mom`");
    await until("Watching 2 files");
    write("part.mom", SPEC);
    await until("no errors");
    await until("Watching");
    // Editors save by replacing the file with another.
    renameSync(write("part.new", SPEC.replace("d_model: 16", "d_model: none")), join(folder, "part.mom"));
    await until("`d_model` cannot be `none`");
    await until("Watching");
    write("watched.mom", 'import "part.mom"\nmodel { d_model: 8 }\n');
    await until("no errors");
  } finally {
    child.kill("SIGINT");
  }
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on("exit", (...how) => resolve(how)),
  );
  expect(code === 130 || signal === "SIGINT").toBe(true);
}, 60_000);
