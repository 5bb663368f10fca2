// A tokenizer.json as a function from text to ids: those of Hugging Face's Python library, or an error.
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
  /** The token of an id; undefined if it has none. */
  readonly tokenOf: (id: number) => string | undefined;
  /** Tokens as text. */
  readonly join: (tokens: readonly string[]) => string;
  /** One more than the highest id. */
  readonly ids: number;
  /** Without the tokens that a template adds around a text. @throws InputError if the text has no ids */
  readonly encode: (text: string) => number[];
}

/**
 * @param json the value of a tokenizer.json
 * @throws InputError if it is no tokenizer, or has what is not supported; the message begins with the place in the file
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
    refuse(field.pre_tokenizer, 'has prepend_scheme "first", which is not supported behind a normalizer');
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
        "the text has half of a surrogate pair, which is no character",
        "Correct the text's encoding.",
      );
    const ids: number[] = [];
    for (const raw of findRaw(text)) {
      if ("id" in raw) ids.push(raw.id);
      else
        for (const part of findNormalized(normalize?.(raw.text) ?? raw.text)) {
          if ("id" in part) ids.push(part.id);
          else {
            const first = raw.start === 0 && part.start === 0;
            for (const piece of preTokenizer.cut({ text: part.text, first })) model.tokenize(piece.text, ids);
          }
        }
    }
    return ids;
  };
  const tokens = new Map<number, string>();
  for (const [token, id] of model.vocabulary) tokens.set(id, token);
  // As the library decodes them.
  for (const { id, content, normalized } of added)
    tokens.set(id, normalized && normalize !== undefined ? normalize(content) : content);
  let highest = -1;
  for (const id of tokens.keys()) highest = Math.max(highest, id);
  if (highest < 0) refuse(field.model, "has an empty vocabulary", "Train the tokenizer first.");
  return { ids: highest + 1, encode, tokenOf: (id) => tokens.get(id), join: decoderOf(field.decoder) };
}

/** More would be nesting for its own sake. */
const MOST_NESTED = 16;

const PROCESSORS: Readonly<Record<string, (place: Place, depth: number) => void>> = {
  // These only move offsets, or add tokens that training leaves out.
  ByteLevel: (place) => void fieldsOf(place, "add_prefix_space", "trim_offsets", "use_regex"),
  RobertaProcessing: (place) => void fieldsOf(place, "sep", "cls", "trim_offsets", "add_prefix_space"),
  BertProcessing: (place) => void fieldsOf(place, "sep", "cls"),
  TemplateProcessing: (place) => {
    const { single } = fieldsOf(place, "single", "pair", "special_tokens");
    const texts = listOf(single).filter(
      ({ value }) => typeof value === "object" && value !== null && "Sequence" in value,
    );
    if (texts.length !== 1) refuse(single, `must have the text once, not ${texts.length} times`);
  },
  Sequence: (place, depth) => {
    const { processors } = fieldsOf(place, "processors");
    if (depth >= MOST_NESTED) refuse(place, `is nested more than ${MOST_NESTED} deep`);
    for (const one of listOf(processors)) byType(one, PROCESSORS)(one, depth + 1);
  },
};

/** @throws InputError if it could change the ids of a text */
function checkPostProcessor(place: Place): void {
  if (!isNothing(place)) byType(place, PROCESSORS)(place, 0);
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Whether it is looked for in the normalized text, and in its normalized form. */
  readonly normalized: boolean;
}

function addedTokensOf(place: Place, vocabulary: Vocabulary): readonly AddedToken[] {
  if (place.value === undefined) return [];
  const taken = new Map<number, string>();
  for (const [token, id] of vocabulary) taken.set(id, token);
  const contents = new Set<string>();
  // The library gives a token that the vocabulary lacks the next free id, whatever the file says.
  let highest = -1;
  return listOf(place).map((one) => {
    const field = fieldsOf(one, "id", "content", "single_word", "lstrip", "rstrip", "normalized", "special");
    const content = stringOf(field.content);
    if (content === "") refuse(field.content, "must not be empty");
    if (contents.has(content)) refuse(field.content, `${shown(content)} is there twice`, "Remove one of the two.");
    contents.add(content);
    checkId(field.id);
    const id = field.id.value as number;
    const right = vocabulary.get(content) ?? Math.max(vocabulary.size, highest + 1);
    highest = Math.max(highest, right);
    if (id !== right)
      refuse(field.id, `is ${id}, and the library gives ${shown(content)} the id ${right}`, `Change it to ${right}.`);
    const owner = taken.get(id);
    if (owner !== undefined && owner !== content)
      refuse(field.id, `is ${id}, as ${shown(owner)} has`, "Give each token an id of its own.");
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

/** A part of a text: an added token's id, or what is left for the model. */
type Found = { readonly id: number } | { readonly text: string; readonly start: number };

/** Finds tokens from left to right, at each place the longest. */
function finder(tokens: readonly AddedToken[], place: Place, normalize?: Normalize) {
  const byForm = new Map<string, AddedToken>();
  for (const token of tokens) {
    const form = normalize === undefined ? token.content : normalize(token.content);
    const other = byForm.get(form);
    if (form === "") refuse(place, `has ${shown(token.content)}, of which the normalizer leaves nothing`);
    if (other !== undefined)
      refuse(place, `has ${shown(other.content)} and ${shown(token.content)}, which the normalizer makes the same`);
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
      // Of spaces that another token has taken already, nothing is left.
      if (start > end) throw untokenizable(token.content, "an added token among spaces that another one takes");
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

/** Spaces are single units of UTF-16. */
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

/** The next of some texts from a place on: the leftmost, and of those that begin there the longest. */
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
