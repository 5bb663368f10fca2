// Sound files in a folder or named in a JSON Lines file, and transcripts of recordings.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { transcriptsOf } from "../../../recipes/asterisk.js";
import { nodeDisk } from "../../../src/api/node/disk.js";
import { soundFiles } from "../../../src/data/audio/read-audio.js";
import { reachOf } from "../../../src/data/reach.js";

const folder = mkdtempSync(join(tmpdir(), "mom-sounds-"));
const sounds = join(folder, "sounds");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => {
  mkdirSync(join(sounds, "below"), { recursive: true });
  for (const name of ["b.wav", "a.FLAC", "below/c.wav", "notes.txt"]) writeFileSync(join(sounds, name), name);
  writeFileSync(join(folder, "outside.wav"), "");
  symlinkSync(join(folder, "outside.wav"), join(sounds, "link.wav"));
});

const listed = (...lines: string[]) => {
  writeFileSync(join(sounds, "list.jsonl"), lines.join("\n"));
  return () =>
    soundFiles(join(sounds, "list.jsonl"), reachOf(nodeDisk, join(sounds, "_"))).map(({ place }) =>
      place.slice(sounds.length + 1),
    );
};

describe("sound files", () => {
  it("of a folder and its subfolders are sorted by name", () => {
    expect(soundFiles(join(sounds, "below"), reachOf(nodeDisk, join(sounds, "_"))).map(({ path }) => path)).toEqual([
      join(sounds, "below/c.wav"),
    ]);
    const names = soundFiles(sounds, reachOf(nodeDisk, join(sounds, "_"))).map(({ path }) =>
      path.slice(sounds.length + 1),
    );
    expect(names).toEqual(["a.FLAC", "b.wav", "below/c.wav", "link.wav"]);
  });

  it("of documents keep the documents' order", () => {
    const lines = [
      '{"segments":[{"audio":"below/c.wav"},{"text":"c"}]}',
      "",
      '{"segments":[{"text":"b"},{"audio":"b.wav"}]}',
    ];
    expect(listed(...lines)()).toEqual(["list.jsonl:1: below/c.wav", "list.jsonl:3: b.wav"]);
  });

  it("must exist and be inside the project", () => {
    const one = (audio: string) => listed(JSON.stringify({ segments: [{ audio }] }));
    expect(one("../outside.wav")).toThrow(
      "list.jsonl:1: the sound \"../outside.wav\" is outside the project's folder and the data file's",
    );
    expect(one("link.wav")).toThrow("is outside");
    expect(one("/etc/passwd")).toThrow("is outside");
    // A missing file is reported later, with all others that cannot be read.
    expect(one("no.wav")()).toEqual(["list.jsonl:1: no.wav"]);
    expect(listed('{"segments":[{"text":"b"}]}')).toThrow("list.jsonl: no sound files found");
    expect(listed('{"segments":[')).toThrow("list.jsonl:1: the line is not JSON");
    expect(() => soundFiles(join(folder, "none"), reachOf(nodeDisk, join(sounds, "_")))).toThrow(
      "there is no folder or file",
    );
  });
});

it("transcripts give each recording's text, and skip recordings without speech", () => {
  const text =
    "; Core sounds\n\nactivated: Activated.\ndigits/1: one\nbeep: [a beep]\nsilence/1: (silence)\n../x: no\nempty:\nat-tone:  At the tone: now...\r\n";
  expect(transcriptsOf(gzipSync(text))).toEqual([
    { name: "activated", text: "Activated." },
    { name: "digits/1", text: "one" },
    { name: "at-tone", text: "At the tone: now..." },
  ]);
});
