// Turns a tokenizer.json into a function from text to ids. It returns the ids of Hugging Face's Python library, or throws.
import { InputError } from "../diagnostics/input-error.js";
import { classTest } from "./classes.js";
import { decoderOf } from "./decoders.js";
import {
  booleanOf,
  byType,
  fieldsOf,
  isNothing,
  LONE_SURROGATE,
  listOf,
  type Place,
  refuse,
  shown,
  stringOf,
} from "./fields.js";
import { modelOf } from "./models.js";
import { type Normalize, normalizerOf } from "./normalizers.js";
import { preTokenizerOf } from "./pre-tokenizers.js";
import { untokenizable } from "./text.js";
import { checkId, type Vocabulary } from "./vocabulary.js";

interface Encoder {
  /** The token of an id; undefined if the id is unused. */
  readonly tokenOf: (id: number) => string | undefined;
  /** Joins tokens into text. */
  readonly join: (tokens: readonly string[]) => string;
  /** One more than the highest id. */
  readonly ids: number;
  /** Leaves out the tokens that a template adds around a text. @throws InputError if the text cannot be tokenized */
  readonly encode: (text: string) => number[];
}

/**
 * @param json the value of a tokenizer.json
 * @throws InputError if it is not a tokenizer or has an unsupported option; the message begins with the path in the file
 */
export function encoderOf(json: unknown): Encoder {
  const field = fieldsOf(
    { path: "", value: json },
    ...(["version", "truncation", "padding", "added_tokens", "normalizer"] as const),
    ...(["pre_tokenizer", "post_processor", "decoder", "model"] as const),
  );
  const { version } = field;
  if (version.value !== undefined && version.value !== "1.0")
    refuse(version, `${shown(version.value)} is not supported`);
  for (const setting of [field.truncation, field.padding])
    if (!isNothing(setting)) refuse(setting, "changes how many ids a text has", "Set it to null.");
  const model = modelOf(field.model);
  const added = addedTokensOf(field.added_tokens, model.vocabulary);
  const normalize = normalizerOf(field.normalizer);
  const preTokenizer = preTokenizerOf(field.pre_tokenizer);
  if (preTokenizer.asksFirst && normalize !== undefined)
    refuse(field.pre_tokenizer, 'has prepend_scheme "first", which is not supported after a normalizer');
  checkPostProcessor(field.post_processor);
  const findRaw = finder(
    added.filter(({ normalized }) => !normalized),
    field.added_tokens,
  );
  const findNormalized = finder(
    added.filter(({ normalized }) => normalized),
    field.added_tokens,
    normalize,
  );
  const encode = (text: string) => {
    if (LONE_SURROGATE.test(text))
      throw new InputError(
        "untokenizable-text",
        "the text has an unpaired surrogate, which is not a character",
        "Fix the encoding of the text.",
      );
    const ids: number[] = [];
    for (const raw of findRaw(text)) {
      if ("id" in raw) ids.push(raw.id);
      else
        for (const normal of findNormalized(normalize?.(raw.text) ?? raw.text)) {
          if ("id" in normal) ids.push(normal.id);
          else {
            const first = raw.start === 0 && normal.start === 0;
            for (const piece of preTokenizer.cut({ text: normal.text, first })) model.tokenize(piece.text, ids);
          }
        }
    }
    return ids;
  };
  const tokens = new Map<number, string>();
  for (const [token, id] of model.vocabulary) tokens.set(id, token);
  // The library decodes added tokens to their normalized form.
  for (const { id, content, normalized } of added)
    tokens.set(id, normalized && normalize !== undefined ? normalize(content) : content);
  let highest = -1;
  for (const id of tokens.keys()) highest = Math.max(highest, id);
  if (highest < 0) refuse(field.model, "has an empty vocabulary", "Train the tokenizer first.");
  return { ids: highest + 1, encode, tokenOf: (id) => tokens.get(id), join: decoderOf(field.decoder) };
}

/** Levels of nested sequences; no tokenizer in use needs more. */
const MOST_NESTED = 16;

const PROCESSORS: Readonly<Record<string, (place: Place, depth: number) => void>> = {
  // These only change offsets, or add tokens that training leaves out.
  ByteLevel: (place) => void fieldsOf(place, "add_prefix_space", "trim_offsets", "use_regex"),
  RobertaProcessing: (place) => void fieldsOf(place, "sep", "cls", "trim_offsets", "add_prefix_space"),
  BertProcessing: (place) => void fieldsOf(place, "sep", "cls"),
  TemplateProcessing: (place) => {
    const { single } = fieldsOf(place, "single", "pair", "special_tokens");
    const texts = listOf(single).filter(
      ({ value }) => typeof value === "object" && value !== null && "Sequence" in value,
    );
    if (texts.length !== 1) refuse(single, `must contain the text once, not ${texts.length} times`);
  },
  Sequence: (place, depth) => {
    const { processors } = fieldsOf(place, "processors");
    if (depth >= MOST_NESTED) refuse(place, `is nested more than ${MOST_NESTED} levels deep`);
    for (const one of listOf(processors)) byType(one, PROCESSORS)(one, depth + 1);
  },
};

/** @throws InputError if the post-processor could change the ids of a text */
function checkPostProcessor(place: Place): void {
  if (!isNothing(place)) byType(place, PROCESSORS)(place, 0);
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Whether its normalized form is searched for in the normalized text. */
  readonly normalized: boolean;
}

function addedTokensOf(place: Place, vocabulary: Vocabulary): readonly AddedToken[] {
  if (place.value === undefined) return [];
  const taken = new Map<number, string>();
  for (const [token, id] of vocabulary) taken.set(id, token);
  const contents = new Set<string>();
  // The library gives a token that is not in the vocabulary the next free id, and ignores the id in the file.
  let highest = -1;
  return listOf(place).map((one) => {
    const field = fieldsOf(one, "id", "content", "single_word", "lstrip", "rstrip", "normalized", "special");
    const content = stringOf(field.content);
    if (content === "") refuse(field.content, "must not be empty");
    if (contents.has(content)) refuse(field.content, `${shown(content)} is a duplicate`, "Remove one of the two.");
    contents.add(content);
    checkId(field.id);
    const id = field.id.value as number;
    const right = vocabulary.get(content) ?? Math.max(vocabulary.size, highest + 1);
    highest = Math.max(highest, right);
    if (id !== right)
      refuse(field.id, `is ${id}, but the library gives ${shown(content)} the id ${right}`, `Change it to ${right}.`);
    const owner = taken.get(id);
    if (owner !== undefined && owner !== content)
      refuse(field.id, `is ${id}, which is also the id of ${shown(owner)}`, "Give each token its own id.");
    taken.set(id, content);
    booleanOf(field.special);
    return {
      id,
      content,
      single_word: booleanOf(field.single_word),
      lstrip: booleanOf(field.lstrip),
      rstrip: booleanOf(field.rstrip),
      normalized: booleanOf(field.normalized),
    };
  });
}

/** A piece of a text: the id of an added token, or text for the model. */
type Found = { readonly id: number } | { readonly text: string; readonly start: number };

/** Finds tokens from left to right, the longest at each place. */
function finder(tokens: readonly AddedToken[], place: Place, normalize?: Normalize) {
  const byForm = new Map<string, AddedToken>();
  for (const token of tokens) {
    const form = normalize === undefined ? token.content : normalize(token.content);
    const other = byForm.get(form);
    if (form === "") refuse(place, `has ${shown(token.content)}, which the normalizer reduces to nothing`);
    if (other !== undefined)
      refuse(place, `has ${shown(other.content)} and ${shown(token.content)}, which are the same after normalization`);
    byForm.set(form, token);
  }
  const next = leftmostLongest([...byForm.keys()]);
  return (text: string): readonly Found[] => {
    const found: Found[] = [];
    let done = 0;
    for (let match = next(text, 0); match !== undefined; match = next(text, match.end)) {
      const token = byForm.get(text.slice(match.start, match.end)) as AddedToken;
      if (token.single_word && (endsWithWord(text, match.start) || beginsWithWord(text, match.end))) continue;
      const start = token.lstrip ? Math.max(spacesBefore(text, match.start), done) : match.start;
      const end = token.rstrip ? spacesBehind(text, match.end) : match.end;
      if (done < start) found.push({ text: text.slice(done, start), start: done });
      // Another token has already taken the spaces around this one.
      if (start > end)
        throw untokenizable(token.content, "an added token inside spaces that belong to another added token");
      if (start < end) found.push({ id: token.id });
      done = end;
    }
    if (done < text.length) found.push({ text: text.slice(done), start: done });
    return found;
  };
}

const isWord = classTest("word");
const isSpace = classTest("space");

const pointBefore = (text: string, end: number) =>
  (text.charCodeAt(end - 1) & 0xfc00) === 0xdc00 ? (text.codePointAt(end - 2) as number) : text.charCodeAt(end - 1);
const endsWithWord = (text: string, end: number) => end > 0 && isWord(pointBefore(text, end));
const beginsWithWord = (text: string, start: number) =>
  start < text.length && isWord(text.codePointAt(start) as number);

/** Each space is one UTF-16 unit. */
function spacesBefore(text: string, end: number): number {
  let start = end;
  while (start > 0 && isSpace(text.charCodeAt(start - 1))) start--;
  return start;
}

function spacesBehind(text: string, start: number): number {
  let end = start;
  while (end < text.length && isSpace(text.charCodeAt(end))) end++;
  return end;
}

interface Node {
  readonly below: Map<number, Node>;
  ends: boolean;
}

/** Finds the next of some texts from an index on: the leftmost, and the longest of those that begin there. */
function leftmostLongest(texts: readonly string[]) {
  const root: Node = { below: new Map(), ends: false };
  for (const text of texts) {
    let node = root;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      let below = node.below.get(unit);
      if (below === undefined) {
        below = { below: new Map(), ends: false };
        node.below.set(unit, below);
      }
      node = below;
    }
    node.ends = true;
  }
  return (text: string, from: number): { readonly start: number; readonly end: number } | undefined => {
    if (texts.length === 0) return undefined;
    for (let start = from; start < text.length; start++) {
      let end = -1;
      let node = root.below.get(text.charCodeAt(start));
      for (let at = start + 1; node !== undefined; at++) {
        if (node.ends) end = at;
        node = at < text.length ? node.below.get(text.charCodeAt(at)) : undefined;
      }
      if (end !== -1) return { start, end };
    }
    return undefined;
  };
}
