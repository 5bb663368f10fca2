// JSON Lines: bytes, a piece at a time → one value a line, each with its place for errors. A file of any size passes
// through: no more of it is held than a line.
import { InputError } from "../diagnostics/input-error.js";
import { jsonShape } from "../diagnostics/json-shape.js";
import { joined } from "./joined.js";

export interface Line {
  /** `pairs.jsonl:3`, lines being numbered from 1. */
  readonly place: string;
  readonly text: string;
  readonly value: unknown;
}

/** Bytes of a line: a document of more is no document. */
export const MOST_LINE_BYTES = 64 * 2 ** 20;
/** Lists and objects in each other: a document needs four. */
export const MOST_NESTING = 64;

const NEWLINE = 0x0a;

/**
 * The lines that are not blank.
 * @param pieces the file's bytes; a piece may be overwritten once the next is asked for
 * @param name the file as the user knows it
 * @throws InputError where a line is not UTF-8 or not JSON, is too long or too deep, or gives a key twice
 */
export function* linesOf(
  pieces: Iterable<Uint8Array>,
  name: string,
  example = '{"segments": [{"text": "a cat"}]}',
): Generator<Line, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let number = 1;
  for (const bytes of rawLines(pieces, () => `${name}:${number}`)) {
    const place = `${name}:${number}`;
    let text: string;
    try {
      text = decoder.decode(bytes).trim();
    } catch {
      throw new InputError("bad-json-line", `${place}: the line is not UTF-8`, "Save the file as UTF-8.");
    }
    if (text !== "") yield { place, text, value: parsed(text, place, example) };
    number++;
  }
}

/** @param place of the line that is being read */
function* rawLines(pieces: Iterable<Uint8Array>, place: () => string): Generator<Uint8Array, void, undefined> {
  /** The beginning of a line that has not ended yet. */
  let begun: Uint8Array[] = [];
  let length = 0;
  const add = (bytes: Uint8Array) => {
    length += bytes.length;
    if (length > MOST_LINE_BYTES)
      throw new InputError(
        "bad-json-line",
        `${place()}: the line has more than ${MOST_LINE_BYTES / 2 ** 20} MiB`,
        "Write one document a line, and split one that is so long.",
      );
    begun.push(bytes);
  };
  const line = () => {
    const [only] = begun;
    const whole = begun.length === 1 && only !== undefined ? only : joined(begun, new Uint8Array(length));
    begun = [];
    length = 0;
    return whole;
  };
  for (const piece of pieces) {
    let begin = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, begin)) {
      add(piece.subarray(begin, end));
      yield line();
      begin = end + 1;
    }
    // A copy: the piece may be overwritten.
    if (begin < piece.length) add(new Uint8Array(piece.subarray(begin)));
  }
  if (length > 0) yield line();
}

function parsed(text: string, place: string, example: string): unknown {
  const { tooDeep, repeated } = jsonShape(text, MOST_NESTING);
  if (tooDeep)
    throw new InputError(
      "bad-json-line",
      `${place}: lists and objects are nested more than ${MOST_NESTING} deep`,
      `A document is no deeper than this: ${example}`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(
      "bad-json-line",
      `${place}: not JSON (${error instanceof Error ? error.message : error})`,
      `Like this: ${example}`,
    );
  }
  if (repeated === undefined) return value;
  throw new InputError(
    "bad-json-line",
    `${place}: the key ${JSON.stringify(repeated)} is given twice`,
    "Keep one of the two.",
  );
}
