// The packed VS Code extension has everything that its manifest names, and it runs `mom lsp`.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import vm from "node:vm";
import { inflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kernelsOf, programOf } from "../../editors/vscode/src/program.js";
import { installedVsce, packVscode, stageVscode } from "../../scripts/pack-vscode.mjs";
import { buildMom, type Mom } from "../support/mom.js";

let folder: string;
let stage: string;
let mom: Mom;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mom-vscode-"));
  stage = join(folder, "stage");
  await stageVscode(stage);
  mom = await buildMom();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mom.dispose();
});

/** The files of a zip archive, read from its central directory. */
function unzip(zip: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  const end = zip.lastIndexOf(Buffer.from("PK\u0005\u0006", "latin1"));
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [method, packed, name, extra, comment] = [10, 20, 28, 30, 32].map((offset) =>
      offset === 20 ? zip.readUInt32LE(at + offset) : zip.readUInt16LE(at + offset),
    ) as [number, number, number, number, number];
    const local = zip.readUInt32LE(at + 42);
    const data = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const bytes = zip.subarray(data, data + packed);
    found.set(zip.toString("utf8", at + 46, at + 46 + name), method === 0 ? bytes : inflateRawSync(bytes));
    at += 46 + name + extra + comment;
  }
  return found;
}

const staged = (name: string) => readFileSync(join(stage, name));
const json = (name: string) => JSON.parse(staged(name).toString());
const stagedFiles = () =>
  readdirSync(stage, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(stage, name)).isFile());

describe("the package", () => {
  test("has every file that its manifest names, and the compiler's version", () => {
    const manifest = json("package.json");
    const { contributes } = manifest;
    const named: string[] = [
      manifest.main,
      manifest.icon,
      contributes.languages[0].configuration,
      contributes.grammars[0].path,
      contributes.snippets[0].path,
    ];
    for (const path of named) expect(stagedFiles()).toContain(path.replace("./", ""));
    const own = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(manifest.version).toBe(own.version);
    expect(staged("icon.png").subarray(1, 4).toString()).toBe("PNG");
    expect(staged("NOTICES.txt").toString()).toMatch(/vscode-languageclient\n\n[^-]*MIT/s);
  });

  const missing = installedVsce() === undefined;
  test.skipIf(missing)(
    "is packed by vsce with the same bytes each time (needs vsce from `npm run pack:vscode`)",
    async () => {
      const packed = await Promise.all(
        ["a", "b"].map(async (name) => readFileSync(await packVscode(join(folder, name)))),
      );
      expect(packed[0]?.equals(packed[1] as Buffer)).toBe(true);
      const files = unzip(packed[0] as Buffer);
      // vsce renames these two files.
      const renamed: Readonly<Record<string, string>> = { LICENSE: "LICENSE.txt", "README.md": "readme.md" };
      const names = stagedFiles().map((name) => `extension/${renamed[name] ?? name}`);
      expect([...files.keys()].sort()).toEqual([...names, "extension.vsixmanifest", "[Content_Types].xml"].sort());
      for (const name of stagedFiles())
        expect(files.get(`extension/${renamed[name] ?? name}`)?.equals(staged(name)), name).toBe(true);
      expect(files.get("extension.vsixmanifest")?.toString()).toContain(
        `Id="mom" Version="${json("package.json").version}"`,
      );
    },
  );

  test("has a snippet of a complete spec without errors", () => {
    const snippets: Record<string, { body: string[] }> = json("snippets/mom.json");
    const complete = snippets["A whole spec"]?.body.join("\n").replaceAll(/\$\{\d+:([^}]*)\}/g, "$1") ?? "";
    const ablate = snippets["Which projections to decouple"]?.body.join("\n").replaceAll(/\$\{\d+:([^}]*)\}/g, "$1");
    const file = join(folder, "snippet.mom");
    writeFileSync(file, `${complete}\n\n${ablate}\n`);
    expect(mom.run(["check", file])).toMatchObject({ code: 0, stdout: `${file}: no errors\n` });
  });
});

describe("the extension", () => {
  /** Replaces every class, function and value of the editor. */
  function anything(known: Readonly<Record<string, unknown>> = {}): unknown {
    return new Proxy(class {}, {
      get: (target, key) => {
        if (typeof key === "string" && key in known) return known[key];
        if (key === "prototype") return target.prototype;
        return key === Symbol.toPrimitive ? () => "" : key === Symbol.iterator ? undefined : anything();
      },
      apply: () => anything(),
      construct: () => ({}),
    });
  }

  test("registers every command of the manifest", async () => {
    const registered: string[] = [];
    const registerCommand = (name: string): object => {
      registered.push(name);
      return {};
    };
    const vscode = anything({ version: "1.91.0", commands: { registerCommand } });
    const requireNode = createRequire(import.meta.url);
    const module = { exports: {} as { activate: (context: unknown) => Promise<void>; deactivate: () => unknown } };
    const load = (name: string): unknown => (name === "vscode" ? vscode : requireNode(name));
    const code = staged("dist/extension.cjs").toString();
    vm.runInThisContext(`(function (module, exports, require) {${code}\n})`)(module, module.exports, load);
    // Without an editor the client cannot start, but the commands are registered before it.
    await module.exports.activate({ subscriptions: [] }).catch(() => undefined);
    const named: { command: string }[] = json("package.json").contributes.commands;
    expect(registered.sort()).toEqual(named.map(({ command }) => command).sort());
  });

  test("runs mom from the settings, the workspace, the repository or the PATH", () => {
    const workspace = join(folder, "project");
    expect(programOf("", [workspace], "linux")).toEqual({ command: "mom", args: [], shell: false });
    expect(programOf("", [workspace], "win32")).toEqual({ command: "mom", args: [], shell: true });
    const script = join(workspace, "node_modules/mixture-of-mamba/bin/mom.mjs");
    mkdirSync(join(script, ".."), { recursive: true });
    writeFileSync(script, "");
    expect(programOf("", ["/none", workspace], "linux")).toEqual({ command: "node", args: [script], shell: false });
    const repository = join(folder, "repository");
    mkdirSync(join(repository, "bin"), { recursive: true });
    writeFileSync(join(repository, "bin/mom.mjs"), "");
    expect(programOf("", [repository], "linux").command).toBe("mom");
    writeFileSync(join(repository, "package.json"), '{ "name": "mixture-of-mamba" }');
    expect(programOf("", [repository], "linux").args).toEqual([join(repository, "bin/mom.mjs")]);
    expect(programOf("/opt/mom", [workspace], "linux").command).toBe("/opt/mom");
  });

  test("finds the kernels in the output of mom inspect", () => {
    const { stdout } = mom.run(["inspect", "specs/quickstart.mom", "--dump", "emit"]);
    const kernels = kernelsOf(stdout);
    expect(kernels.length).toBeGreaterThan(10);
    for (const { name, text } of kernels) {
      expect(name).toMatch(/^\w+\.[\w-]+\.[0-9a-f]{8}$/);
      expect(text.split("@compute").length).toBe(2);
    }
    expect(kernels.map(({ text }) => text).join("\n\n").length).toBeGreaterThan(0.95 * stdout.length);
  });
});
