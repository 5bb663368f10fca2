// Tokens of a text as boxes. Tokens that are parts of one character share a box.
import type { PageToken } from "./document.js";

interface Tokenizing {
  /** Decodes ids as text. */
  readonly decode: (ids: readonly number[]) => string;
  /** The token of an id as written in its tokenizer; undefined if it has none. */
  readonly tokenOf: (id: number) => string | undefined;
}

/** What a decoder gives for an incomplete character. */
const INCOMPLETE = "\ufffd";
/** The most tokens of a character: a UTF-8 character has at most four bytes. */
const MOST_PARTS = 4;
/** Tokens that are decoded together: decoders look at their neighbours only. */
const CONTEXT = 16;

/** @param tokenizer undefined for ids that are bytes */
export function textTokens(ids: readonly number[], tokenizer: Tokenizing | undefined): PageToken[] {
  const groups = tokenizer === undefined ? byteGroups(ids) : tokenGroups(ids, tokenizer);
  return groups.map(({ from, to, text }) => {
    const own = ids.slice(from, to);
    const names = own.map((id) => (tokenizer === undefined ? hex(id) : (tokenizer.tokenOf(id) ?? "unknown")));
    const what = tokenizer === undefined ? (own.length > 1 ? "bytes" : "byte") : own.length > 1 ? "tokens" : "token";
    return { text, about: `${what} ${names.join(" ")}, ${own.length > 1 ? "ids" : "id"} ${own.join(" ")}` };
  });
}

interface Group {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

const hex = (byte: number) => `0x${byte.toString(16).toUpperCase().padStart(2, "0")}`;

/** Bytes that UTF-8 does not allow have boxes of their own. */
function byteGroups(ids: readonly number[]): Group[] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const groups: Group[] = [];
  for (let from = 0; from < ids.length; ) {
    const lead = ids[from] as number;
    const size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    let [to, text] = [from + size, ""];
    try {
      text = decoder.decode(Uint8Array.from(ids.slice(from, to)));
    } catch {
      [to, text] = [from + 1, `\\x${hex(lead).slice(2)}`];
    }
    groups.push({ from, to, text });
    from = to;
  }
  return groups;
}

/** The text of a group is what it adds to the text before it. */
function tokenGroups(ids: readonly number[], { decode }: Tokenizing): Group[] {
  const groups: Group[] = [];
  for (let from = 0; from < ids.length; ) {
    const context = ids.slice(Math.max(0, groups.at(-CONTEXT)?.from ?? 0), from);
    const before = decode(context);
    let to = from + 1;
    const added = () => {
      const all = decode([...context, ...ids.slice(from, to)]);
      return all.startsWith(before) ? all.slice(before.length) : decode(ids.slice(from, to));
    };
    let text = added();
    while (text.endsWith(INCOMPLETE) && to < ids.length && to - from < MOST_PARTS) {
      to++;
      text = added();
    }
    if (text.endsWith(INCOMPLETE)) [to, text] = [from + 1, INCOMPLETE];
    groups.push({ from, to, text });
    from = to;
  }
  return groups;
}
