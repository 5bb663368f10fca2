// A tokenizer.json as a function from text to ids: those of Hugging Face's Python library, or an error.
import { InputError } from "../diagnostics/input-error.js";
import { addedTokensOf, finder } from "./added-tokens.js";
import { decoderOf } from "./decoders.js";
import { fieldsOf, isNothing, LONE_SURROGATE, refuse, shown } from "./fields.js";
import { modelOf } from "./models.js";
import { normalizerOf } from "./normalizers.js";
import { checkPostProcessor } from "./post-processor.js";
import { preTokenizerOf } from "./pre-tokenizers.js";

export interface Encoder {
  /** The token of an id; undefined where it has none. */
  readonly tokenOf: (id: number) => string | undefined;
  /** Tokens as text. */
  readonly join: (tokens: readonly string[]) => string;
  /** One more than the highest id. */
  readonly ids: number;
  /** Without the tokens that a template adds around a text. @throws InputError where the text has no ids */
  readonly encode: (text: string) => number[];
}

/**
 * @param json the value of a tokenizer.json
 * @throws InputError where it is no tokenizer, or has what is not supported; the message begins with the place in the file
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
  const encode = (text: string): number[] => {
    if (LONE_SURROGATE.test(text))
      throw new InputError(
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
