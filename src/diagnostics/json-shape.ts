// What JSON.parse does not report: the nesting depth of a text, and duplicate keys, of which it keeps the last.

export interface JsonShape {
  /** Whether lists and objects are nested deeper than allowed. The rest of the text was not examined. */
  readonly tooDeep: boolean;
  /** A duplicate key of some object. */
  readonly repeated: string | undefined;
}

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Scans a text once. If the text is not valid JSON, `repeated` is meaningless.
 * @param most the allowed nesting depth of lists and objects
 */
export function jsonShape(json: string, most = Number.POSITIVE_INFINITY): JsonShape {
  /** Keys of each open object, innermost last; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let repeated: string | undefined;
  let [begin, end] = [0, 0];
  for (let at = 0; at < json.length; at++) {
    switch (json.charCodeAt(at)) {
      case QUOTE:
        begin = at;
        at = endOfString(json, at);
        end = at + 1;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        if (open.length >= most) return { tooDeep: true, repeated };
        open.push(json.charCodeAt(at) === OPEN_LIST ? undefined : new Set());
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        open.pop();
        break;
      case COLON: {
        const key = unescaped(json.slice(begin, end));
        const keys = open.at(-1);
        if (keys?.has(key)) repeated ??= key;
        keys?.add(key);
      }
    }
  }
  return { tooDeep: false, repeated };
}

/** The index of a string's closing quote, or the end of the text if there is none. */
function endOfString(json: string, begin: number): number {
  for (let from = begin + 1; ; ) {
    const quote = json.indexOf('"', from);
    if (quote === -1) return json.length;
    let escapes = 0;
    while (json.charCodeAt(quote - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return quote;
    from = quote + 1;
  }
}

function unescaped(string: string): string {
  if (!string.includes("\\")) return string.slice(1, -1);
  try {
    return JSON.parse(string) as string;
  } catch {
    return string;
  }
}

/** A duplicate key in a valid JSON text, or undefined. */
export const repeatedKey = (json: string): string | undefined => jsonShape(json).repeated;

/** Whether a JSON value is an object. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
