// The tokenizers and codebooks that a model's modalities name. They turn texts and pictures into ids and back.
import { InputError, placed } from "../diagnostics/input-error.js";
import { fileFieldOf, idsOf } from "../modalities/modality.fields.js";
import { type ModelParts, ordinaryIds } from "../modalities/text.js";
import { encoderOf } from "../tokenizer/encoder.js";
import { readTokenizerJson } from "../tokenizer/file.js";
import { type Codebook, codebookOf } from "./codebook.js";
import { sha256 } from "./content-hash.js";
import type { Reach } from "./reach.js";
import { readNamed } from "./read-input.js";

/** Keyed by modality index; a modality that names no file has no entry. */
export interface Codecs {
  readonly codebooks: ReadonlyMap<number, Codebook>;
  readonly tokenizers: ReadonlyMap<number, TextTokenizer>;
  /** The codebook files, which shards store. */
  readonly codebookFiles: ReadonlyMap<number, Uint8Array>;
  /** Equal for equal files. */
  readonly fingerprint: string;
}

/**
 * @param folder the spec's folder, which paths are relative to
 * @param reach what may be read
 * @throws InputError if a file is missing, of another kind, or has a different number of ids than the model
 */
export function openCodecs(parts: ModelParts, folder: string, reach: Reach): Codecs {
  const codebooks = new Map<number, Codebook>();
  const tokenizers = new Map<number, TextTokenizer>();
  const codebookFiles = new Map<number, Uint8Array>();
  const hashes: string[] = [];
  parts.modalities.forEach((modality, index) => {
    const path = idsOf(modality)?.file;
    if (path === undefined) return;
    const isTokenizer = fileFieldOf(modality) === "tokenizer";
    const bytes = readNamed(reach.disk.paths.resolve(folder, path), path, reach, isTokenizer ? GIVE : FIT);
    hashes.push(`${index} ${isTokenizer ? ENCODER : ""}${sha256(reach.disk, [bytes])}`);
    if (isTokenizer) tokenizers.set(index, tokenizerOf(bytes, path, index, parts));
    else {
      codebooks.set(index, codebookOf(bytes, modality));
      codebookFiles.set(index, bytes);
    }
  });
  return { codebooks, tokenizers, codebookFiles, fingerprint: hashes.join("\n") };
}

/** Changed when a tokenizer gives different ids, so that texts are encoded again. */
const ENCODER = "ids 2 ";
const FIT = "Fit one: `mom data codebook` for pictures, `mom data units` for speech.";
const GIVE = "Fix the path, or put tokenizer.json there.";

/** @throws InputError if the vocabulary has no room for the tokenizer's ids and the modality's markers */
function tokenizerOf(bytes: Uint8Array, path: string, index: number, parts: ModelParts): TextTokenizer {
  const tokenizer = readTokenizer(bytes, path);
  const room = ordinaryIds(index, parts);
  if (tokenizer.ids <= room) return tokenizer;
  const modality = parts.modalities[index];
  const vocab = (modality && idsOf(modality)?.count) ?? 0;
  throw new InputError(
    "tokenizer",
    `${path}: the tokenizer has ${tokenizer.ids} ids, but modality ${modality?.name} has room for ${room} besides its markers`,
    `Remove vocab, or set it to at least ${tokenizer.ids + vocab - room}.`,
  );
}

/** How `textOf` shows the ids of modalities with a tokenizer. */
export const decodersOf = ({ tokenizers }: Pick<Codecs, "tokenizers">): ReadonlyMap<number, TextTokenizer["decode"]> =>
  new Map([...tokenizers].map(([index, { decode }]) => [index, decode]));

export interface TextTokenizer {
  /** The highest id plus one. */
  readonly ids: number;
  /** Omits the tokens that a template adds around a text. @throws InputError if a text has no ids */
  readonly encode: (text: string) => readonly number[];
  /** Writes special tokens out, and an unknown id as `‹700›`. */
  readonly decode: (ids: readonly number[]) => string;
  /** The token of an id as written in the file, or undefined. */
  readonly tokenOf: (id: number) => string | undefined;
}

/**
 * @param name the file's name in errors
 * @throws InputError if the file is not a tokenizer, or needs an unsupported feature
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
      const flush = () => {
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
