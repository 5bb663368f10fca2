// `mom doctor` reports the same to people and programs, and its exit code shows whether an adapter works.
import { Command } from "commander";
import { afterEach, describe, expect, test, vi } from "vitest";
import { EXIT, type ExitCode } from "../../src/cli/verb.js";
import { verb } from "../../src/cli/verbs/doctor.js";
import { missingAdapter } from "./adapter.js";

const missing = await missingAdapter();

async function doctor(...args: readonly string[]): Promise<{ output: string; code: ExitCode }> {
  let code: ExitCode = EXIT.done;
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  const command = new Command("doctor");
  verb.declare(command, (given) => {
    code = given;
  });
  await command.parseAsync(args, { from: "user" });
  return { output: lines.join("\n"), code };
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe.skipIf(missing)("mom doctor with a working adapter", () => {
  test("shows every source, and the one that runs use", async () => {
    const { output, code } = await doctor();
    expect(code).toBe(EXIT.done);
    for (const source of ["gpu", "system", "swiftshader"]) expect(output).toContain(source);
    expect(output).toMatch(/works: a small kernel gave the correct result after \d+ ms/);
    expect(output).toMatch(/Runs use \S+: (the first that works|chosen by MOM_ADAPTER=\S+)\.$/);
  });

  test("--json reports the same to programs", async () => {
    const { output } = await doctor("--json");
    const findings = JSON.parse(output);
    expect(findings).toMatchObject({ node: process.version, platform: `${process.platform} ${process.arch}` });
    expect(findings.adapters.map(({ source }: { source: string }) => source)).toEqual(["gpu", "system", "swiftshader"]);
    const used = findings.adapters.find(({ source }: { source: string }) => source === findings.used);
    expect(used).toMatchObject({ works: true, milliseconds: expect.any(Number) });
    expect(used.profile.limits.storageBuffers).toBeGreaterThanOrEqual(8);
    for (const { works, problem, remedy } of findings.adapters) {
      if (!works) expect([problem, remedy]).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)]);
    }
  });
});

test("mom doctor shows what is missing and exits with 3 if the chosen source has no adapter", async () => {
  vi.stubEnv("MOM_ADAPTER", "nothing");
  const { output, code } = await doctor();
  expect(code).toBe(EXIT.deviceFailed);
  expect(output).toContain("No usable adapter: MOM_ADAPTER=nothing does not work.");
});
