// What JSON.parse says nothing of: how deep a text nests, and keys that an object gives twice, of which it keeps the last.

export interface JsonShape {
  /** Whether lists and objects are nested deeper than allowed; what follows was not looked at. */
  readonly tooDeep: boolean;
  /** A key that some object gives twice. */
  readonly repeated: string | undefined;
}

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * One look at a text that may or may not be JSON; of one that is not, the repeated key means nothing.
 * @param most how many lists and objects may stand in each other
 */
export function jsonShape(json: string, most = Number.POSITIVE_INFINITY): JsonShape {
  /** Keys seen in each object that is open, innermost last; undefined for a list. */
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

/** Where the string that begins at a quote has its other one; the text's end where it has none. */
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

/** A key that some object of a valid JSON text gives twice, or undefined. */
export const repeatedKey = (json: string): string | undefined => jsonShape(json).repeated;
