// TensorBoard's event files, byte by byte.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { nodeHost } from "../../src/api/node/host.js";
import { encodePng } from "../../src/report/png.js";
import { writeEventHead } from "../../src/train/recorder.js";
import { createRun } from "../../src/train/run-folder.js";
import {
  crc32c,
  eventBytesUpTo,
  eventRecord,
  frame,
  maskedCrc32c,
  type Summary,
  versionRecord,
} from "../../src/train/tensorboard.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const scalar = (tag: string): Summary => ({ tag, kind: "scalar", value: 1 });
const bytes = (text: string): Uint8Array => Buffer.from(text.replace(/\s/g, ""), "hex");

test("CRC-32C of the vectors of RFC 3720, section B.4", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113fdb5c);
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
});

test("the mask rotates by 15 and adds the constant", () => {
  // 0xE3069283 rotated right by 15 is 0x2507C60D. Adding 0xA282EAD8 gives 0xC78AB0E5.
  expect(maskedCrc32c(new TextEncoder().encode("123456789"))).toBe(0xc78ab0e5);
});

test("a file starts like TensorFlow's files", () => {
  const record = versionRecord(0);
  // Every event file of TensorFlow starts with these twelve bytes: 24 as a u64, and its masked CRC.
  expect(hex(record.subarray(0, 12))).toBe("1800000000000000a37f4b22");
  expect(hex(record.subarray(12, 36))).toBe(`09${"00".repeat(8)}1a0d${hex(new TextEncoder().encode("brain.Event:2"))}`);
});

test("a scalar event, written out by hand", () => {
  const message = bytes(
    `
    09 000000000000f83f          field 1, double: wall_time 1.5
    10 ac02                      field 2, varint: step 300 = 0b10_0101100
    2a 0c                        field 5, 12 bytes: summary
      0a 0a                      field 1, 10 bytes: value
        0a 03 612f62             field 1, 3 bytes: tag "a/b"
        15 0000003f              field 2, f32: simple_value 0.5
  `.replace(/field.*/g, ""),
  );
  const record = eventRecord(1.5, 300, [{ tag: "a/b", kind: "scalar", value: 0.5 }]);
  expect(hex(record.subarray(12, -4))).toBe(hex(message));
  expect(hex(record)).toBe(hex(frame(message)));
});

/** The one value of an event at time 0 and step 0, in hexadecimal: what follows its time, step and lengths. */
function valueHex(summary: Summary): string {
  const message = eventRecord(0, 0, [summary]).subarray(12, -4);
  expect(hex(message.subarray(0, 12))).toBe(`09${"00".repeat(8)}10002a`);
  return hex(message.subarray(15));
}

/** Bytes with a description at the end of each line. */
const described = (lines: string): string => hex(bytes(lines.replace(/\|.*/g, "")));

test("pictures have the form of tf.summary.image", () => {
  const png = encodePng({ width: 3, height: 2, channels: 1, pixels: new Uint8Array(6) }, nodeHost.deflate);
  const { length } = png;
  expect(length).toBeLessThan(100);
  const byte = (value: number): string => value.toString(16).padStart(2, "0");
  expect(valueHex({ tag: "a", kind: "pictures", pictures: [png], description: "cat" })).toBe(
    described(`
    0a 01 61          | tag: "a"
    42 ${byte(length + 16)} | tensor
      08 07           |   dtype: DT_STRING
      12 04 12 02 08 03 | tensor_shape: 3
      42 01 33        |   string_val: width "3"
      42 01 32        |   string_val: height "2"
      42 ${byte(length)} ${hex(png)} | string_val: the file
    4a 0f             | metadata
      0a 08 0a 06 696d61676573 |   plugin_data { plugin_name: "images" }
      1a 03 636174    |   summary_description: "cat"
  `),
  );
});

test("texts have the form of tf.summary.text: a scalar, or a table", () => {
  const plugin = '4a 08 0a 06 0a 04 74657874 | metadata { plugin_data { plugin_name: "text" } }';
  expect(valueHex({ tag: "t", kind: "text", text: "hi" })).toBe(
    described(`
    0a 01 74          | tag: "t"
    42 08             | tensor
      08 07           |   dtype: DT_STRING
      12 00           |   tensor_shape of a scalar
      42 02 6869      |   string_val: "hi"
    ${plugin}
  `),
  );
  expect(valueHex({ tag: "t", kind: "table", rows: [["a", "b", "é"]] })).toBe(
    described(`
    0a 01 74          | tag: "t"
    42 16             | tensor
      08 07           |   dtype: DT_STRING
      12 08 12 02 08 01 12 02 08 03 | tensor_shape: 1, 3
      42 01 61 42 01 62 42 02 c3a9 | string_val
    ${plugin}
  `),
  );
});

test("hyperparameters have the form of the plugin's own writer", () => {
  const hyperparameters = new Map<string, string | number | boolean>([
    ["b", 0.5],
    ["a", "x"],
    ["c", true],
  ]);
  expect(valueHex({ tag: "s", kind: "start", hyperparameters, seconds: 1.5 })).toBe(
    described(`
    0a 01 73          | tag: "s"
    42 06 08 01 12 02 12 00 | tensor: no floats
    4a 3b 0a 39       | metadata { plugin_data
      0a 07 68706172616d73 |   plugin_name: "hparams"
      12 2e           |   content: HParamsPluginData
        1a 2c         |     session_start_info
          0a 08 0a 01 61 12 03 1a 01 78 | a: string_value "x"
          0a 0e 0a 01 62 12 09 11 000000000000e03f | b: number_value 0.5
          0a 07 0a 01 63 12 02 20 01 | c: bool_value true
          29 000000000000f83f | start_time_secs: 1.5
  `),
  );
  expect(valueHex({ tag: "e", kind: "end", success: true, seconds: 1.5 })).toBe(
    described(`
    0a 01 65          | tag: "e"
    42 06 08 01 12 02 12 00 | tensor: no floats
    4a 1a 0a 18       | metadata { plugin_data
      0a 07 68706172616d73 |   plugin_name: "hparams"
      12 0d           |   content: HParamsPluginData
        22 0b         |     session_end_info
          08 01       |       status: STATUS_SUCCESS
          11 000000000000f83f | end_time_secs: 1.5
  `),
  );
});

test("the spec and the hyperparameters are in a file before the records, which every process replaces", () => {
  const folder = mkdtempSync(join(tmpdir(), "mom-events-"));
  try {
    const run = createRun(join(folder, "run"), { spec: "model {}\n", plan: "{}\n" }, nodeDisk);
    const spec = "train {\n  steps: 2\n}\n";
    writeEventHead(run, spec, new Map([["lr", 1]]));
    writeEventHead(run, spec, new Map([["lr", 2]]), () => 9000)("success");
    const file = readFileSync(join(run.path, "events.hparams.tfevents"));
    expect(eventBytesUpTo(file, 0)).toBe(file.length);
    const text = file.toString("latin1");
    expect(text).toContain("    train {\n      steps: 2\n    }\n");
    for (const tag of ["_hparams_/session_start_info", "_hparams_/session_end_info"])
      expect(text.split(tag)).toHaveLength(2);
    expect("events.hparams.tfevents" < "events.out.tfevents.0").toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("eventBytesUpTo ends after the last record of a step", () => {
  const records = [
    versionRecord(1),
    eventRecord(2, 1, [scalar("a"), scalar("b")]),
    eventRecord(3, 1, [scalar("c")]),
    eventRecord(4, 70_000, [scalar("a")]),
  ];
  const file = Buffer.concat(records);
  const ends = records.map((_, count) => Buffer.concat(records.slice(0, count + 1)).length);
  expect(eventBytesUpTo(file, 0)).toBe(ends[0]);
  expect(eventBytesUpTo(file, 1)).toBe(ends[2]);
  expect(eventBytesUpTo(file, 69_999)).toBe(ends[2]);
  expect(eventBytesUpTo(file, 70_000)).toBe(ends[3]);
  expect(eventBytesUpTo(file.subarray(0, -1), 70_000)).toBe(ends[2]);
  const flipped = Buffer.from(file);
  flipped.writeUInt8(flipped.readUInt8((ends[0] as number) + 20) ^ 1, (ends[0] as number) + 20);
  expect(eventBytesUpTo(flipped, 70_000)).toBe(ends[0]);
});
