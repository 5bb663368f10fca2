// The syntax tree: the text's structure, without its meaning.
import type { Span } from "../src/diagnostics/diagnostic.js";

export interface Word {
  readonly text: string;
  readonly span: Span;
}

/** Names joined by dots. */
export interface Path {
  readonly names: readonly Word[];
  readonly span: Span;
}

interface ImportEntry {
  readonly type: "import";
  readonly path: Word;
  readonly docs: readonly string[];
  readonly span: Span;
}

interface RemoveEntry {
  readonly type: "remove";
  readonly path: Path;
  readonly docs: readonly string[];
  readonly span: Span;
}

/** `name: value`, `kind name: value { … }`, `name { … }`. Has `value` or `group`, unless the entry is broken. */
export interface FieldEntry {
  readonly type: "field";
  readonly kind?: Path;
  readonly path: Path;
  readonly value?: Value;
  readonly group?: Group;
  /** The text of the `///` lines before it. */
  readonly docs: readonly string[];
  readonly span: Span;
}

export type Entry = ImportEntry | RemoveEntry | FieldEntry;

export interface Group {
  readonly entries: readonly Entry[];
  readonly span: Span;
}

export interface Argument {
  readonly name?: Word;
  readonly value: Value;
}

export interface Pair {
  readonly name: Word;
  readonly value: Value;
}

export type Value =
  | { readonly type: "number"; readonly text: string; readonly span: Span }
  | { readonly type: "string"; readonly text: string; readonly span: Span }
  | { readonly type: "boolean"; readonly value: boolean; readonly span: Span }
  | { readonly type: "size"; readonly text: string; readonly span: Span }
  | { readonly type: "list"; readonly items: readonly Value[]; readonly span: Span }
  /** `{a: 1, b: 2}` in a list, a call or another map. */
  | { readonly type: "map"; readonly entries: readonly Pair[]; readonly span: Span }
  /** `args` is absent for a bare name, and empty for `name()`. */
  | { readonly type: "call"; readonly name: Word; readonly args?: readonly Argument[]; readonly span: Span }
  /** At least two terms. */
  | { readonly type: "sum"; readonly terms: readonly Value[]; readonly span: Span }
  /** At least two factors. */
  | { readonly type: "product"; readonly factors: readonly Value[]; readonly span: Span };

/** The value of a number literal. */
export const numberOf = (text: string): number => Number(text.replaceAll("_", ""));
