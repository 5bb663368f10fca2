// Hugging Face's tokenizer.json: text ↔ ids, by their own library.
import { Tokenizer } from "@huggingface/tokenizers";
import { InputError } from "../diagnostics/input-error.js";

export interface TextTokenizer {
  /** One more than its highest id. */
  readonly ids: number;
  /** Without the tokens that a template adds around a text. */
  readonly encode: (text: string) => readonly number[];
  /** Special tokens are written out, and an id that the tokenizer does not have as `‹700›`. */
  readonly decode: (ids: readonly number[]) => string;
}

/**
 * @param name the file as the user knows it, for errors
 * @throws InputError where the file is no tokenizer, or one that the library does not know
 */
export function readTokenizer(bytes: Uint8Array, name: string): TextTokenizer {
  let tokenizer: Tokenizer;
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof json !== "object" || json === null) throw new Error("it is not an object");
    tokenizer = new Tokenizer({ added_tokens: [], ...json }, { clean_up_tokenization_spaces: false });
  } catch (error) {
    throw new InputError(
      `${name}: not a tokenizer that can be used (${error instanceof Error ? error.message : error})`,
      "Give the tokenizer.json that the Python library `tokenizers` saves.",
    );
  }
  let ids = 0;
  for (const id of tokenizer.get_vocab(true).values()) ids = Math.max(ids, id + 1);
  const known = (some: readonly number[]): string =>
    some.length === 0
      ? ""
      : tokenizer.decode([...some], { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  return {
    ids,
    encode: (text) => (text === "" ? [] : tokenizer.encode(text, { add_special_tokens: false }).ids),
    decode: (some) => {
      let text = "";
      let run: number[] = [];
      for (const id of some) {
        if (tokenizer.id_to_token(id) !== undefined) run.push(id);
        else {
          text += `${known(run)}‹${id}›`;
          run = [];
        }
      }
      return text + known(run);
    },
  };
}
