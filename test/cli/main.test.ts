// The command line as a process: exit codes, help, colours, speed.
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildMom, type Mom, ROOT } from "../support/mom.js";

let mom: Mom;
let folder: string;
beforeAll(async () => {
  mom = await buildMom();
  folder = mkdtempSync(join(tmpdir(), "mom-cli-"));
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};

describe("usage", () => {
  test("--help lists the verbs and exits with 0", () => {
    const { code, stdout } = mom.runAlone(["--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/check .*report errors and warnings/);
  });
  test("--version", () => {
    expect(mom.runAlone(["--version"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
  test("a verb's help has an example", () => {
    const { code, stdout } = mom.runAlone(["check", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Example:\n  mom check specs/quickstart.mom");
  });
  test("no verb, an unknown verb, an unknown option and a missing argument exit with 2", () => {
    expect(mom.runAlone([]).code).toBe(2);
    const unknown = mom.runAlone(["chekc"]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain("Did you mean `check`?");
    expect(mom.runAlone(["check", "--fromat", "json", "x.mom"]).code).toBe(2);
    expect(mom.runAlone(["check"]).code).toBe(2);
    expect(mom.runAlone(["check", "--format", "xml", "specs/emoji.mom"]).code).toBe(2);
  });
});

describe("mom check", () => {
  test("the starter specs have no errors", () => {
    const { code, stdout, stderr } = mom.run(["check", "specs/quickstart.mom", "specs/emoji.mom"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe("specs/quickstart.mom: no errors\nspecs/emoji.mom: no errors\n");
  });
  test("errors exit with 1, as text without colours in a pipe, or as JSON", () => {
    write("wrong.mom", "model {\n  d_modle: 3\n}\n");
    const text = mom.runAlone(["check", "wrong.mom"], folder);
    expect(text.code).toBe(1);
    expect(text.stdout).toContain("wrong.mom:2:3");
    expect(text.stdout).not.toContain("\u001b");
    const json = mom.runAlone(["check", "--format", "json", "wrong.mom"], folder);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toContainEqual(
      expect.objectContaining({ code: "MOM0103", file: "wrong.mom", start: { line: 2, column: 3 } }),
    );
  });
  test("SARIF has a rule for each error code, and a location for each result", () => {
    const { code, stdout } = mom.run(["check", "--format", "sarif", "wrong.mom"], folder);
    expect(code).toBe(1);
    const log = JSON.parse(stdout);
    expect(log.version).toBe("2.1.0");
    const [{ tool, results }] = log.runs;
    const ids = tool.driver.rules.map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { ruleId, ruleIndex, level, message, locations } of results) {
      expect(ids[ruleIndex]).toBe(ruleId);
      expect(["error", "warning"]).toContain(level);
      expect(message.text).not.toBe("");
      expect(locations[0].physicalLocation.artifactLocation.uri).toBe("wrong.mom");
    }
    const misspelt = results.find(({ ruleId }: { ruleId: string }) => ruleId === "MOM0103");
    const region = { startLine: 2, startColumn: 3, endLine: 2, endColumn: 10 };
    expect(misspelt.locations[0].physicalLocation.region).toEqual(region);
  });
  test("locations are links if the terminal supports them", () => {
    const linked = mom.runAlone(["check", "wrong.mom"], folder, { FORCE_HYPERLINK: "1" }).stdout;
    const address = pathToFileURL(join(folder, "wrong.mom")).href;
    expect(linked).toContain(`\u001b]8;;${address}\u0007wrong.mom:2:3\u001b]8;;\u0007`);
    expect(mom.runAlone(["check", "wrong.mom"], folder).stdout).not.toContain("\u001b");
  });
  test("warnings are printed, and the exit code is 0", () => {
    write("warned.mom", readFileSync(join(ROOT, "specs/quickstart.mom"), "utf8").replace("weight: 20", "weight: 0"));
    const { code, stdout } = mom.run(["check", "warned.mom"], folder);
    expect(stdout).toContain("warning: Objective with weight 0 [MOM0327]");
    expect(code).toBe(0);
  });
  test("FORCE_COLOR turns colours on, and NO_COLOR overrides it", () => {
    expect(mom.runAlone(["check", "wrong.mom"], folder, { FORCE_COLOR: "1" }).stdout).toContain("\u001b[31m");
    expect(mom.runAlone(["check", "wrong.mom"], folder, { FORCE_COLOR: "1", NO_COLOR: "1" }).stdout).not.toContain(
      "\u001b",
    );
  });
  test("a missing file and a folder are errors", () => {
    for (const [name, message] of [
      ["none.mom", "`none.mom` does not exist"],
      [".", /`\.` is a folder\.\nhelp Name a spec in it: .*`wrong\.mom`/],
    ] as const) {
      const { code, stderr } = mom.run(["check", name], folder);
      expect(code).toBe(1);
      expect(stderr).toMatch(message);
    }
  });
  test("the right name is suggested for a misspelt spec or one without its extension", () => {
    expect(mom.run(["check", "wrong"], folder).stderr).toContain("Did you mean `wrong.mom`");
    expect(mom.run(["train", "./wrogn.mom"], folder).stderr).toContain("Did you mean `wrong.mom`");
  });
  test("a file of 100 MB is refused quickly because of its size", () => {
    const name = write("large.mom", `// ${"x".repeat(100 * 2 ** 20)}`);
    const { code, stdout, milliseconds } = mom.runAlone(["check", name], folder);
    expect(code).toBe(1);
    expect(stdout).toContain("larger than 1 MiB");
    expect(milliseconds).toBeLessThan(5000);
    rmSync(join(folder, name));
  });
  test("no import reads outside the project, by .. or by a link", () => {
    write("secret.mom", "secret");
    const project = mkdtempSync(join(folder, "project-"));
    symlinkSync(join(folder, "secret.mom"), join(project, "link.mom"));
    writeFileSync(join(project, "a.mom"), 'import "../secret.mom"\nimport "link.mom"\n');
    const { code, stdout } = mom.run(["check", "a.mom"], project);
    expect(code).toBe(1);
    expect(stdout.match(/is outside the project's folder/g)).toHaveLength(2);
  });
  test("the project is the folder of the nearest package.json", () => {
    const project = mkdtempSync(join(folder, "project-"));
    writeFileSync(join(project, "package.json"), "{}");
    const deep = mkdtempSync(join(project, "deep-"));
    writeFileSync(join(project, "base.mom"), "train { steps: 1 }\n");
    writeFileSync(join(deep, "a.mom"), 'import "../base.mom"\n');
    expect(mom.run(["check", "a.mom"], deep).stdout).not.toContain("outside");
  });
});

describe("mom explain", () => {
  test("describes a field", () => {
    const { code, stdout } = mom.run(["explain", "train.optimizer.lr"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Peak learning rate.");
    expect(stdout).toContain("a number from 1.2e-38 to 10");
  });
  test("describes an error by its code or its name, with an example", () => {
    for (const topic of ["MOM0103", "mom0103", "unknown-field"]) {
      const { code, stdout } = mom.run(["explain", topic]);
      expect(code).toBe(0);
      expect(stdout).toContain("MOM0103 Unknown field [unknown-field, an error]");
      expect(stdout).toContain("error: Unknown field [MOM0103]");
    }
    const [found] = JSON.parse(mom.run(["explain", "MOM0327", "--json"]).stdout);
    expect(found).toMatchObject({ code: "MOM0327", name: "weight-of-nothing", severity: "warning" });
    expect(mom.run(["explain", "unknown-feild"]).stderr).toContain("Did you mean `unknown-field`");
  });
  test("suggests the nearest names", () => {
    const { code, stderr } = mom.run(["explain", "d_stat"]);
    expect(code).toBe(1);
    expect(stderr).toContain("model.block.mamba.d_state");
  });
});
