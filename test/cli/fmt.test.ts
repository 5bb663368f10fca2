// `mom fmt` as a process: the files it writes, the files it leaves alone, and its output.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildMom, type Mom, ROOT } from "../support/mom.js";

let mom: Mom;
let folder: string;
beforeAll(async () => {
  mom = await buildMom();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mom-fmt-"));
  return () => rmSync(folder, { recursive: true, force: true });
});
afterAll(() => mom.dispose());

const LOOSE = "// Kept.\ndata {length:4 // why\n\n\n   source:emoji\n}\n";
const SET = "// Kept.\ndata {\n  length: 4 // why\n\n  source: emoji\n}\n";

const write = (name: string, text: string | Uint8Array): string => {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), text);
  return name;
};
const read = (name: string): string => readFileSync(join(folder, name), "utf8");
const fmt = (...args: string[]) => mom.run(["fmt", ...args], folder);
const piped = (input: string, ...args: string[]) =>
  spawnSync(process.execPath, [mom.main, "fmt", ...args], { cwd: folder, encoding: "utf8", input });

describe("files", () => {
  test("are rewritten and listed if their format changes", () => {
    write("a.mom", LOOSE);
    write("b.mom", SET);
    const before = statSync(join(folder, "b.mom")).mtimeMs;
    const { code, stdout, stderr } = fmt("a.mom", "b.mom");
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "a.mom\n", stderr: "2 specs: 1 formatted\n" });
    expect(read("a.mom")).toBe(SET);
    expect(statSync(join(folder, "b.mom")).mtimeMs).toBe(before);
    expect(readdirSync(folder).sort()).toEqual(["a.mom", "b.mom"]);
  });

  test("keep their permissions, and links remain links", () => {
    write("real/a.mom", LOOSE);
    chmodSync(join(folder, "real/a.mom"), 0o600);
    symlinkSync("real/a.mom", join(folder, "link.mom"));
    expect(fmt("link.mom").code).toBe(0);
    expect(lstatSync(join(folder, "link.mom")).isSymbolicLink()).toBe(true);
    expect(read("real/a.mom")).toBe(SET);
    expect(statSync(join(folder, "real/a.mom")).mode & 0o777).toBe(0o600);
  });

  test("of a folder are all formatted, except hidden and installed ones", () => {
    for (const name of ["x/a.mom", "x/y/b.mom", "x/.z/c.mom", "x/node_modules/d.mom", "x/e.txt"]) write(name, LOOSE);
    expect(fmt("x").stdout).toBe("x/a.mom\nx/y/b.mom\n");
    for (const name of ["x/.z/c.mom", "x/node_modules/d.mom", "x/e.txt"]) expect(read(name)).toBe(LOOSE);
  });

  test("with syntax errors are not changed; the others are formatted", () => {
    write("a.mom", "data {\n  length = 4\n");
    write("b.mom", LOOSE);
    const { code, stdout, stderr } = fmt("a.mom", "b.mom");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "b.mom\n" });
    expect(stderr).toContain("a.mom:2:10");
    expect(stderr).toContain("Write `name: value`");
    expect(stderr).toContain("2 specs: 1 formatted, 1 with errors\n");
    expect(read("a.mom")).toBe("data {\n  length = 4\n");
  });

  test("with unknown fields are formatted", () => {
    write("a.mom", "nonsense {lenght:4}");
    expect(fmt("a.mom").code).toBe(0);
    expect(read("a.mom")).toBe("nonsense { lenght: 4 }\n");
  });

  test("that are not valid UTF-8 are refused and unchanged", () => {
    const bytes = Uint8Array.from([...Buffer.from("// caf"), 0xe9, 0x0a]);
    write("a.mom", bytes);
    const { code, stderr } = fmt("a.mom");
    expect(code).toBe(1);
    expect(stderr).toContain("`a.mom` is not valid UTF-8");
    expect(readFileSync(join(folder, "a.mom"))).toEqual(Buffer.from(bytes));
  });

  test("that do not exist, a folder without specs, and no arguments are errors", () => {
    mkdirSync(join(folder, "empty"));
    expect(fmt("a.mom")).toMatchObject({ code: 1, stderr: expect.stringContaining("`a.mom` does not exist") });
    expect(fmt("empty")).toMatchObject({ code: 1, stderr: expect.stringContaining("`empty` contains no specs") });
    expect(fmt().code).toBe(2);
    expect(fmt("--stdin", "a.mom").code).toBe(2);
  });
});

describe("--check", () => {
  test("lists the specs to format, shows the changes, writes nothing and exits with 1", () => {
    write("a.mom", LOOSE);
    write("b.mom", SET);
    const { code, stdout, stderr } = fmt("--check", "a.mom", "b.mom");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "2 specs: 1 to format\n" });
    expect(stdout).toBe(
      [
        "a.mom",
        "@@ line 1 @@",
        " // Kept.",
        "-data {length:4 // why",
        "+data {",
        "+  length: 4 // why",
        " ",
        "-",
        "-   source:emoji",
        "+  source: emoji",
        " }",
        "",
        "",
      ].join("\n"),
    );
    expect(read("a.mom")).toBe(LOOSE);
  });
  test("exits with 0 if every spec is formatted, as in this repository", () => {
    const { code, stdout } = mom.run(["fmt", "--check", "specs", "bench"], ROOT);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });
});

describe("stdin", () => {
  test("is formatted to stdout", () => {
    for (const argument of ["--stdin", "-"])
      expect(piped(LOOSE, argument)).toMatchObject({ status: 0, stdout: SET, stderr: "" });
  });
  test("with an error prints nothing to stdout", () => {
    const { status, stdout, stderr } = piped("data {", "--stdin");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain("<stdin>:1");
  });
  test("is checked with --check", () => {
    expect(piped(LOOSE, "--stdin", "--check")).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("<stdin>\n"),
    });
    expect(piped(SET, "--stdin", "--check")).toMatchObject({ status: 0, stdout: "" });
  });
});

describe("JSON", () => {
  const emitted = (file: string, at = folder) => mom.run(["check", "--emit", "json", file], at);

  test("from `check --emit json`, with imports merged, is converted back with `fmt --from json` from a file or stdin", () => {
    const { code, stdout, stderr } = emitted("specs/transfusion.mom", ROOT);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      model: { modality: { text: { kind: "tokens", tokenizer: "emoji-tokenizer.json" } } },
      train: { seed: 7, clip: 1 },
    });
    write("emoji-tokenizer.json", readFileSync(join(ROOT, "specs/emoji-tokenizer.json")));
    write("a.json", stdout);
    const { stdout: text } = fmt("--from", "json", "a.json");
    expect(text).toContain('modality text:  tokens(vocab: 661, tokenizer: "emoji-tokenizer.json")');
    expect(piped(stdout, "--from", "json", "-").stdout).toBe(text);
    write("a.mom", text);
    expect(fmt("--check", "a.mom").code).toBe(0);
    expect(JSON.parse(emitted("a.mom").stdout)).toEqual(JSON.parse(stdout));
    // The JSON itself is also accepted as a spec.
    expect(JSON.parse(emitted("a.json").stdout)).toEqual(JSON.parse(stdout));
    expect(mom.run(["inspect", "a.json"], folder).stdout).toBe(
      mom.run(["inspect", "a.mom"], folder).stdout.replaceAll("a.mom", "a.json"),
    );
  });

  test("with an error prints nothing to stdout, and the line and the remedy to stderr", () => {
    write("a.json", '{\n  "model": { "d_modle": 4 }\n}\n');
    for (const { code, stdout, stderr } of [fmt("--from", "json", "a.json"), emitted("a.json")]) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain("a.json:2:14");
      expect(stderr).toContain("Did you mean `d_model`?");
    }
    const { status, stderr } = piped("{,}", "--from", "json", "-");
    expect(status).toBe(1);
    expect(stderr).toContain("expected a key in double quotes");
  });

  test("needs --from json, and is converted one file at a time", () => {
    write("a.json", "{}");
    expect(fmt("a.json")).toMatchObject({ code: 2, stderr: expect.stringContaining("--from json") });
    expect(fmt("--from", "json", "a.json", "a.json").code).toBe(2);
    expect(mom.run(["check", "--emit", "json", "a.json", "a.json"], folder).code).toBe(2);
  });
});
