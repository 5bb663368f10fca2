// `mom data` for speech, as a process: units are fitted and listed; other programs fetch or synthesize recordings.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RECORDINGS, TRANSCRIPTS } from "../../recipes/asterisk.js";
import { sine, wavOf } from "../data/audio/wav-bytes.js";
import { buildMom, type Mom } from "../support/mom.js";

let mom: Mom;
const folder = mkdtempSync(join(tmpdir(), "mom-data-"));
const nothing = join(folder, "nothing");
beforeAll(async () => {
  mom = await buildMom();
  mkdirSync(join(folder, "sounds"));
  mkdirSync(nothing);
  for (const [name, hz] of Object.entries({ low: 211.7, high: 1_533.3 }))
    writeFileSync(join(folder, "sounds", `${name}.wav`), wavOf([sine(hz, 1, 8_000)], 8_000));
  const lines = ["low", "high"].map((name) => JSON.stringify({ segments: [{ text: name }, { audio: `${name}.wav` }] }));
  writeFileSync(join(folder, "sounds", "list.jsonl"), lines.join("\n"));
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});
const data = (...args: string[]) => mom.run(["data", ...args], folder);
const there = (program: string) => spawnSync(program, ["--version"]).error === undefined;

describe("mom data units and listen", () => {
  test("a folder and a list of the same recordings give the same codebook, and its units match those of `listen`", () => {
    const unitsOf = (audio: string, out: string) => data("units", "--audio", audio, "--out", out, "--entries", "6");
    const { code, stdout } = unitsOf("sounds/list.jsonl", "a.safetensors");
    expect(code).toBe(0);
    expect(stdout).toMatch(/a.safetensors: 6 units, fitted to 50 of 50 frames of 2 recordings \(0.001 h\)/);
    const listened = data("listen", "sounds/list.jsonl", "--codebook", "a.safetensors");
    expect(listened.stdout).toMatch(/^low.wav\t\d( \d)*\nhigh.wav\t\d( \d)*\n$/);
    const written = data("listen", "sounds/list.jsonl", "--codebook", "a.safetensors", "--out", "sounds/units.jsonl");
    expect(written.stdout).toMatch(/units.jsonl: 2 documents; 2 recordings \(0.001 h\) become \d+ units/);
    const [first] = readFileSync(join(folder, "sounds/units.jsonl"), "utf8").split("\n");
    const heard = listened.stdout.split("\n")[0]?.split("\t")[1]?.split(" ").map(Number);
    expect(JSON.parse(first ?? "")).toEqual({ segments: [{ text: "low" }, { codes: heard }] });
    expect(unitsOf("sounds/list.jsonl", "again.safetensors").code).toBe(0);
    expect(readFileSync(join(folder, "again.safetensors"))).toEqual(readFileSync(join(folder, "a.safetensors")));
  });

  test("errors exit with 1 and print a remedy; errors of usage exit with 2", () => {
    const unitsOf = (...args: string[]) => data("units", "--audio", "sounds", "--out", "b.safetensors", ...args);
    for (const [outcome, message] of [
      [unitsOf("--entries", "1"), "--entries is 1"],
      [unitsOf("--entries", "500"), "cannot fit 500 entries to 50 rows"],
      [data("units", "--audio", "nothing", "--out", "b"), "nothing: no sound files"],
      [data("listen", "sounds/list.jsonl", "--codebook", "none"), "none: cannot read the file"],
      [data("listen", "sounds/list.jsonl", "--codebook", "sounds/low.wav"), "sounds/low.wav: "],
    ] as const) {
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain(message);
      expect(outcome.stderr).toContain("help");
    }
    expect(existsSync(join(folder, "b.safetensors"))).toBe(false);
    expect(data("units", "--audio", "sounds").code).toBe(2);
    expect(data().code).toBe(2);
    expect(data("sing").code).toBe(2);
  });
});

describe("recipes that need other programs", () => {
  test("report a missing program and how to install it", () => {
    const without = (...args: string[]) => mom.run(["data", ...args], folder, { PATH: nothing });
    const asterisk = without("asterisk", "--out", "asterisk");
    expect(asterisk.code).toBe(1);
    expect(asterisk.stderr).toContain("the program apt-get is not installed");
    expect(asterisk.stderr).toContain("copy the package file asterisk-core-sounds-en-wav_….deb to asterisk");
    const emoji = without("spoken-emoji", "--out", "emoji");
    expect(emoji.code).toBe(1);
    expect(emoji.stderr).toContain("the program espeak-ng is not installed");
    expect(emoji.stderr).toContain("apt-get install espeak-ng");
  });

  test.skipIf(!there("dpkg-deb"))("unpack packages that exist, and pair recordings with their transcripts", () => {
    const out = join(folder, "packed");
    mkdirSync(out);
    const pack = (name: string, files: Readonly<Record<string, Uint8Array>>) => {
      const tree = mkdtempSync(join(folder, "tree-"));
      const control = `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@a>\nDescription: a\n`;
      for (const [path, bytes] of Object.entries({ ...files, "DEBIAN/control": Buffer.from(control) })) {
        mkdirSync(join(tree, path, ".."), { recursive: true });
        writeFileSync(join(tree, path), bytes);
      }
      expect(spawnSync("dpkg-deb", ["--build", tree, join(out, `${name}_1_all.deb`)]).status).toBe(0);
    };
    pack("asterisk-core-sounds-en", {
      [TRANSCRIPTS]: gzipSync("; comment\nhello: Hello.\nlong: Long.\nmissing: Missing.\nbeep: [beep]\n"),
    });
    pack("asterisk-core-sounds-en-wav", {
      [`${RECORDINGS}/hello.wav`]: wavOf([sine(300, 0.5, 8_000)], 8_000),
      [`${RECORDINGS}/long.wav`]: wavOf([sine(300, 2, 8_000)], 8_000),
      [`${RECORDINGS}/beep.wav`]: wavOf([sine(300, 0.5, 8_000)], 8_000),
    });
    const { code, stdout } = data("asterisk", "--out", "packed", "--seconds", "1");
    expect(code).toBe(0);
    expect(stdout).toContain("1 recordings with transcripts");
    expect(stdout).toContain("1 longer than 1 s were skipped");
    expect(stdout).toContain("CC BY-SA 3.0");
    expect(JSON.parse(readFileSync(join(out, "speech.jsonl"), "utf8"))).toEqual({
      segments: [{ text: "Hello." }, { audio: `${RECORDINGS}/hello.wav` }],
      either_order: true,
    });
  });

  test.skipIf(!there("espeak-ng"))("pair each emoji's picture with its name, spoken by espeak-ng", () => {
    const { code, stdout } = data("spoken-emoji", "--out", "spoken", "--count", "3");
    expect(code).toBe(0);
    expect(stdout).toMatch(/spoken\/emoji.jsonl: 3 emoji, .* espeak-ng \d/);
    const [first] = readFileSync(join(folder, "spoken/emoji.jsonl"), "utf8").split("\n");
    expect(JSON.parse(first ?? "")).toEqual({
      segments: [{ text: "grinning face" }, { image: "pictures/0000.webp" }, { audio: "speech/0000.wav" }],
      either_order: true,
    });
    expect(data("units", "--audio", "spoken", "--out", "u.safetensors", "--entries", "8").code).toBe(0);
  });
});
