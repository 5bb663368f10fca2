// `tokens`: ids from a tokenizer, or given directly.
import { vocabularyMissing } from "../diagnostics/modality.js";
import { grouped, type IdsRow } from "./row.fields.js";

export interface TokensModality {
  readonly kind: "tokens";
  readonly name: string;
  /** Number of ids. It includes the markers, as the last ids, if the modality owns them. */
  readonly vocab: number;
  /** Path of the tokenizer file, relative to the spec that names it. */
  readonly tokenizer?: string;
}

export interface TokensJson {
  readonly kind: "tokens";
  vocab?: number;
  readonly tokenizer?: string;
}

export const tokens: IdsRow<TokensModality, TokensJson> = {
  holds: "ids",
  check(name, { vocab, tokenizer }, { at, report }) {
    if (vocab === undefined && tokenizer === undefined)
      report(vocabularyMissing(at(), name, "tokenizer", "tokens(vocab: 32_000)"));
    return { kind: "tokens", name, vocab: vocab ?? 0, ...(tokenizer !== undefined && { tokenizer }) };
  },
  markers: "within",
  ids: ({ vocab, tokenizer: file }) => ({ count: vocab, ...(file !== undefined && { file }) }),
  unit: "token",
  file: "tokenizer",
  contents: {
    text: { as: "tokens with a tokenizer", example: "modality text: bytes", coded: true },
    tokens: { as: "tokens", example: "modality text: tokens(vocab: 32_000)" },
  },
  about: ({ vocab }, markers) => `tokens: ${grouped(vocab)} ids${markers > 0 ? `, ${markers} of them markers` : ""}`,
};
