// Reads JSON Lines from pieces of bytes: one value per line, with its place for errors. Holds only one line in memory.
import { InputError } from "../diagnostics/input-error.js";
import { jsonShape } from "../diagnostics/json-shape.js";
import { joined } from "./joined.js";

export interface Line {
  /** `pairs.jsonl:3`; lines are numbered from 1. */
  readonly place: string;
  readonly text: string;
  readonly value: unknown;
}

/** Most bytes in a line. */
export const MOST_LINE_BYTES = 64 * 2 ** 20;
/** How deep lists and objects may be nested; a document needs four levels. */
export const MOST_NESTING = 64;

const NEWLINE = 0x0a;

/**
 * The lines that are not blank.
 * @param pieces the file's bytes; a piece may be overwritten when the next is requested
 * @param name the file's name in errors
 * @throws InputError if a line is not UTF-8 or not JSON, is too long or nested too deep, or repeats a key
 */
export function* linesOf(
  pieces: Iterable<Uint8Array>,
  name: string,
  example = EXAMPLE,
): Generator<Line, void, undefined> {
  const reader = lineReader(name, example);
  for (const piece of pieces) yield* reader.add(piece);
  yield* reader.end();
}

/** The same for pieces that arrive later. */
export async function* linesOfLater(
  pieces: AsyncIterable<Uint8Array>,
  name: string,
  example = EXAMPLE,
): AsyncGenerator<Line, void, undefined> {
  const reader = lineReader(name, example);
  for await (const piece of pieces) yield* reader.add(piece);
  yield* reader.end();
}

const EXAMPLE = '{"segments": [{"text": "a cat"}]}';

function lineReader(name: string, example: string) {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let number = 1;
  /** The start of an incomplete line. */
  let begun: Uint8Array[] = [];
  let length = 0;
  const place = () => `${name}:${number}`;
  const keep = (bytes: Uint8Array) => {
    length += bytes.length;
    if (length > MOST_LINE_BYTES)
      throw new InputError(
        "bad-json-line",
        `${place()}: the line has more than ${MOST_LINE_BYTES / 2 ** 20} MiB`,
        "Write one document per line, and split documents that are longer.",
      );
    begun.push(bytes);
  };
  function* line(): Generator<Line, void, undefined> {
    const [only] = begun;
    const bytes = begun.length === 1 && only !== undefined ? only : joined(begun, new Uint8Array(length));
    begun = [];
    length = 0;
    let text: string;
    try {
      text = decoder.decode(bytes).trim();
    } catch {
      throw new InputError("bad-json-line", `${place()}: the line is not UTF-8`, "Save the file as UTF-8.");
    }
    if (text !== "") yield { place: place(), text, value: parsed(text, place(), example) };
    number++;
  }
  return {
    *add(piece: Uint8Array): Generator<Line, void, undefined> {
      let begin = 0;
      for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, begin)) {
        keep(piece.subarray(begin, end));
        yield* line();
        begin = end + 1;
      }
      // A copy: the piece may be overwritten.
      if (begin < piece.length) keep(new Uint8Array(piece.subarray(begin)));
    },
    *end(): Generator<Line, void, undefined> {
      if (length > 0) yield* line();
    },
  };
}

function parsed(text: string, place: string, example: string): unknown {
  const { tooDeep, repeated } = jsonShape(text, MOST_NESTING);
  if (tooDeep)
    throw new InputError(
      "bad-json-line",
      `${place}: lists and objects are nested more than ${MOST_NESTING} deep`,
      `Write documents like this: ${example}`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(
      "bad-json-line",
      `${place}: the line is not JSON (${error instanceof Error ? error.message : error})`,
      `Write documents like this: ${example}`,
    );
  }
  if (repeated === undefined) return value;
  throw new InputError(
    "bad-json-line",
    `${place}: the key ${JSON.stringify(repeated)} is repeated`,
    "Keep one of them.",
  );
}
