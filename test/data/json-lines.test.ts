// JSON Lines in pieces: lines do not depend on where a piece ends, and bad input is refused before it needs much memory.
import { describe, expect, it } from "vitest";
import { linesOf, MOST_LINE_BYTES, MOST_NESTING } from "../../src/data/json-lines.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import { jsonShape } from "../../src/diagnostics/json-shape.js";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const TEXT = '{"a": "ä€😀"}\r\n\n  \n[1, 2]\n"last"';

function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  // All pieces use one buffer, as in a file reader.
  const piece = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const range = bytes.subarray(at, at + size);
    piece.set(range);
    yield piece.subarray(0, range.length);
  }
}

const refusal = (text: string): string => {
  try {
    for (const _ of linesOf([utf8(text)], "a.jsonl"));
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return "";
};

describe("lines", () => {
  it.each([1, 2, 3, 7, 1000])("are the same in pieces of %d bytes", (size) => {
    const lines = [...linesOf(cut(utf8(TEXT), size), "a.jsonl")];
    expect(lines.map(({ place, value }) => [place, value])).toEqual([
      ["a.jsonl:1", { a: "ä€😀" }],
      ["a.jsonl:4", [1, 2]],
      ["a.jsonl:5", "last"],
    ]);
    expect(lines[0]?.text).toBe('{"a": "ä€😀"}');
  });

  it("are read lazily", () => {
    let given = 0;
    const pieces = function* () {
      for (; ; given++) yield utf8("1\n");
    };
    const lines = linesOf(pieces(), "a.jsonl");
    expect([lines.next().value, lines.next().value]).toMatchObject([{ value: 1 }, { value: 1 }]);
    expect(given).toBeLessThan(3);
  });

  it("have a length limit, which applies before a line is complete", () => {
    const piece = new Uint8Array(2 ** 20).fill(0x20);
    let given = 0;
    const pieces = function* () {
      yield utf8("1\n");
      for (; ; given++) yield piece;
    };
    expect(() => [...linesOf(pieces(), "a.jsonl")]).toThrow(/^a\.jsonl:2: the line has more than 64 MiB/);
    expect(given * piece.length).toBeLessThanOrEqual(MOST_LINE_BYTES);
  });

  it("have a nesting limit for lists and objects", () => {
    const lists = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    const objects = (depth: number) => '{"a":'.repeat(depth) + 1 + "}".repeat(depth);
    for (const nested of [lists, objects]) {
      expect(refusal(nested(MOST_NESTING))).toBe("");
      for (const depth of [MOST_NESTING + 1, 5000, 1_000_000])
        expect(refusal(`1\n${nested(depth)}`)).toBe("a.jsonl:2: lists and objects are nested more than 64 deep");
    }
    expect(refusal(`"${lists(5000)}\\"${lists(5000)}"`)).toBe("");
  });

  it("cannot repeat a key in an object, with escapes or at any depth", () => {
    expect(refusal('1\n{"a": 1, "a": 1}')).toBe('a.jsonl:2: the key "a" is repeated');
    expect(refusal('{"b": [{"a": [], "\\u0061": {}}]}')).toBe('a.jsonl:1: the key "a" is repeated');
    expect(refusal('{"__proto__": 1, "__proto__": 2}')).toContain("is repeated");
    expect(refusal('{"a": {"a": [{"a": "a:"}, {"a": "\\"a\\":"}]}}')).toBe("");
    // Invalid JSON is reported before repeated keys.
    expect(refusal('{"a": 1, "a": }')).toContain("not JSON");
  });
});

it("the nesting of invalid JSON is measured without errors", () => {
  for (const text of ["", '"', '"\\', "]}", ":", '{"a":', "\\", '{"\\x":1,"\\x":2}'])
    expect(jsonShape(text).tooDeep).toBe(false);
});
