// Finds keys that a JSON text gives twice, which JSON.parse drops without a word.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/gs;

/** A key that some object of a valid JSON text gives twice, or undefined. */
export function repeatedKey(json: string): string | undefined {
  /** Keys seen in each object that is open, innermost last; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let string = "";
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      const key = JSON.parse(string) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    } else string = token;
  }
  return undefined;
}
