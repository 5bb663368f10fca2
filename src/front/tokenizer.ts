// How many ids a tokenizer.json has.

/** The highest id of the model's vocabulary and the added tokens, plus one; undefined where the text is no tokenizer. */
export function idsOf(text: string): number | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const model = field(parsed, "model");
  const vocabulary = field(model, "vocab");
  const added = field(parsed, "added_tokens");
  // A unigram model lists [token, score] pairs, whose places are the ids.
  const ids: unknown[] = Array.isArray(vocabulary) ? [vocabulary.length - 1] : Object.values(vocabulary ?? {});
  if (Array.isArray(added)) ids.push(...added.map((token) => field(token, "id")));
  const highest = ids.reduce<number>((top, id) => (typeof id === "number" && id > top ? id : top), -1);
  return Number.isSafeInteger(highest) && highest >= 0 ? highest + 1 : undefined;
}

const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
