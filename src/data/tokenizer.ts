// Hugging Face's tokenizer.json: text ↔ ids.
import { placed } from "../diagnostics/input-error.js";
import { encoderOf } from "../tokenizer/encoder.js";
import { readTokenizerJson } from "../tokenizer/file.js";

export interface TextTokenizer {
  /** One more than its highest id. */
  readonly ids: number;
  /** Without the tokens that a template adds around a text. @throws InputError where a text has no ids */
  readonly encode: (text: string) => readonly number[];
  /** Special tokens are written out, and an id that the tokenizer does not have as `‹700›`. */
  readonly decode: (ids: readonly number[]) => string;
  /** The token of an id as the file has it; undefined where it has none. */
  readonly tokenOf: (id: number) => string | undefined;
}

/**
 * @param name the file as the user knows it, for errors
 * @throws InputError where the file is no tokenizer, or has what is not supported
 */
export function readTokenizer(bytes: Uint8Array, name: string): TextTokenizer {
  const { ids, encode, tokenOf, join } = placed(name, () => encoderOf(readTokenizerJson(bytes)));
  return {
    ids,
    tokenOf,
    encode: (text) => placed(name, () => encode(text)),
    decode: (some) => {
      let text = "";
      let run: string[] = [];
      const flush = (): void => {
        if (run.length > 0) text += join(run);
        run = [];
      };
      for (const id of some) {
        const token = tokenOf(id);
        if (token !== undefined) run.push(token);
        else {
          flush();
          text += `‹${id}›`;
        }
      }
      flush();
      return text;
    },
  };
}
