// JSON objects as rows: lines of a JSON Lines file, or the items of one JSON list.
import { JSONParser } from "@streamparser/json";
import { InputError } from "../../diagnostics/input-error.js";
import { isRecord } from "../../diagnostics/json-shape.js";
import { linesOfLater, MOST_LINE_BYTES } from "../json-lines.js";
import { withoutFolder } from "./opened-files.js";
import { fieldAt, fieldNames, type Row } from "./rows.js";

interface JsonObject {
  /** `captions.jsonl:3`, or `llava.json: item 3`. */
  readonly place: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * The objects of a file: of a list if it begins with `[`, otherwise one per line.
 * @param pieces the file's bytes; a piece may be overwritten when the next is requested
 * @throws InputError if the file is not JSON, or an item is not an object
 */
export async function* jsonObjects(
  pieces: AsyncIterable<Uint8Array>,
  name: string,
  example: string,
): AsyncGenerator<JsonObject, void, undefined> {
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    if (first.done) return;
    const begun = new Uint8Array(first.value);
    const all = piecesThen(begun, iterator);
    const isList = new TextDecoder().decode(begun.subarray(0, 1024)).trimStart().startsWith("[");
    for await (const { place, value } of isList ? listItems(all, name) : linesOfLater(all, name, example)) {
      if (!isRecord(value))
        throw new InputError("bad-document", `${place}: it is not an object`, `Write it like this: ${example}`);
      yield { place, value };
    }
  } finally {
    await iterator.return?.();
  }
}

async function* piecesThen(first: Uint8Array, rest: AsyncIterator<Uint8Array>) {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function* listItems(pieces: AsyncIterable<Uint8Array>, name: string) {
  const parser = new JSONParser({ paths: ["$.*"], keepStack: false });
  let items: unknown[] = [];
  parser.onValue = ({ value, stack }) => {
    if (stack.length === 1) items.push(value);
  };
  const place = () => `${name}: item ${count + items.length}`;
  let count = 0;
  let waiting = 0;
  let wrong: unknown;
  parser.onError = (error) => {
    wrong = error;
  };
  for await (const piece of pieces) {
    parser.write(piece);
    if (wrong !== undefined)
      throw new InputError(
        "bad-json-line",
        `${place()}: it is not JSON (${wrong instanceof Error ? wrong.message : wrong})`,
        "Fix the file, or write it again.",
      );
    waiting = items.length > 0 ? 0 : waiting + piece.length;
    if (waiting > MOST_LINE_BYTES)
      throw new InputError(
        "bad-json-line",
        `${place()}: it has more than ${MOST_LINE_BYTES / 2 ** 20} MiB`,
        "Split documents that are longer.",
      );
    const read = items;
    items = [];
    for (const value of read) yield { place: `${name}: item ${count++}`, value };
  }
  if (!parser.isEnded)
    throw new InputError("bad-json-line", `${place()}: the list ends too early`, "Copy or download the file again.");
}

/** A row with the keys of an object as columns. */
export const rowOfObject = ({ place, value }: JsonObject, folder: string): Row => ({
  place,
  name: withoutFolder(place),
  folder,
  column: (name) => fieldAt(value, name),
  names: () => fieldNames(value),
});
