// TensorBoard's event files, byte by byte.
import { expect, test } from "vitest";
import { crc32c, eventBytesUpTo, frame, maskedCrc32c, scalarRecord, versionRecord } from "../../src/train/recorder.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
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
  const record = scalarRecord({ wallTime: 1.5, step: 300, scalars: { "a/b": 0.5 } });
  expect(hex(record.subarray(12, -4))).toBe(hex(message));
  expect(hex(record)).toBe(hex(frame(message)));
});

test("eventBytesUpTo ends after the last record of a step", () => {
  const records = [
    versionRecord(1),
    scalarRecord({ wallTime: 2, step: 1, scalars: { a: 1, b: 2 } }),
    scalarRecord({ wallTime: 3, step: 1, scalars: { c: 1 } }),
    scalarRecord({ wallTime: 4, step: 70_000, scalars: { a: 1 } }),
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
