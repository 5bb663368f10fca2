// JSON Lines: bytes → one value a line, each with its place for errors.
import { InputError } from "../diagnostics/input-error.js";

export interface Line {
  /** `pairs.jsonl:3`, lines being numbered from 1. */
  readonly place: string;
  readonly text: string;
  readonly value: unknown;
}

/**
 * The lines that are not blank.
 * @param name the file as the user knows it
 * @throws InputError where a line is not UTF-8, or not JSON
 */
export function linesOf(bytes: Uint8Array, name: string, example = '{"segments": [{"text": "a cat"}]}'): Line[] {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const lines: Line[] = [];
  for (let begin = 0, number = 1; begin < bytes.length; number++) {
    const found = bytes.indexOf(0x0a, begin);
    const end = found === -1 ? bytes.length : found;
    const place = `${name}:${number}`;
    let text: string;
    try {
      text = decoder.decode(bytes.subarray(begin, end)).trim();
    } catch {
      throw new InputError(`${place}: the line is not UTF-8`, "Save the file as UTF-8.");
    }
    if (text !== "") lines.push({ place, text, value: parsed(text, place, example) });
    begin = end + 1;
  }
  return lines;
}

function parsed(text: string, place: string, example: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(
      `${place}: not JSON (${error instanceof Error ? error.message : error})`,
      `Like this: ${example}`,
    );
  }
}
