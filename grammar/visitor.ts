// Turns the parser's concrete tree into the syntax tree. If the parser recovered from an error, an entry keeps
// what could be read, and a broken value is left out.

import type { Diagnostic, Span } from "../src/diagnostics/diagnostic.js";
import * as report from "../src/diagnostics/syntax.js";
import type { IToken } from "./chevrotain.js";
import type * as cst from "./cst.js";
import { parser } from "./parser.js";
import { spanOf } from "./tokenize.js";
import {
  type Argument,
  type Entry,
  type Group,
  numberOf,
  type Pair,
  type Path,
  type Value,
  type Word,
} from "./tree.js";

/** What the visitor needs besides the tree, and where it reports. */
interface Notes {
  readonly path: string;
  /** The `///` lines, by the offset of the next word. */
  readonly docs: ReadonlyMap<number, readonly string[]>;
  readonly diagnostics: Diagnostic[];
}

type Nodes<T> = readonly T[] | undefined;
const first = <T>(nodes: Nodes<T>) => nodes?.[0];
/** The token, unless the parser inserted it. */
const real = (tokens: Nodes<IToken>): IToken | undefined => {
  const token = first(tokens);
  return token === undefined || Number.isNaN(token.startOffset) ? undefined : token;
};
const around = (path: string, spans: readonly (Span | undefined)[]): Span => {
  const known = spans.filter((s) => s !== undefined);
  return { path, start: Math.min(...known.map((s) => s.start)), end: Math.max(...known.map((s) => s.end)) };
};

export class TreeVisitor extends parser.getBaseCstVisitorConstructor() implements cst.SpecVisitor<Notes, unknown> {
  constructor() {
    super();
    this.validateVisitor();
  }

  file(children: cst.FileCstChildren, notes: Notes): Entry[] {
    return this.entries(children.item, notes);
  }

  item(children: cst.ItemCstChildren, notes: Notes): Entry | undefined {
    const entry = first(children.entry);
    return entry === undefined ? undefined : this.entry(entry.children, notes);
  }

  entry(children: cst.EntryCstChildren, notes: Notes): Entry | undefined {
    const { path } = notes;
    const paths = (children.path ?? []).map((p) => this.path(p.children, notes)).filter((p) => p !== undefined);
    const keyword = real(children.Import) ?? real(children.Remove);
    const start = keyword?.startOffset ?? paths[0]?.span.start ?? 0;
    const docs = notes.docs.get(start) ?? [];
    if (keyword !== undefined) {
      const head = spanOf(path, keyword);
      const literal = real(children.StringLiteral);
      const text = literal === undefined ? undefined : decode(literal, notes);
      if (literal !== undefined && text !== undefined) {
        const word = { text, span: spanOf(path, literal) };
        return { type: "import", path: word, docs, span: around(path, [head, word.span]) };
      }
      const removed = paths[0];
      if (children.Remove === undefined || removed === undefined) return undefined;
      return { type: "remove", path: removed, docs, span: around(path, [head, removed.span]) };
    }
    const name = paths.at(-1);
    if (name === undefined) return undefined;
    const kind = paths.length > 1 ? paths[0] : undefined;
    const content = first(children.content);
    const { value, group } = content === undefined ? {} : this.content(content.children, notes);
    const span = around(path, [kind?.span, name.span, value?.span, group?.span]);
    return {
      type: "field",
      ...(kind && { kind }),
      path: name,
      ...(value && { value }),
      ...(group && { group }),
      docs,
      span,
    };
  }

  content(children: cst.ContentCstChildren, notes: Notes): { value?: Value | undefined; group?: Group | undefined } {
    const value = first(children.value);
    const group = first(children.group);
    return {
      value: value && this.value(value.children, notes),
      group: group && this.group(group.children, notes),
    };
  }

  group(children: cst.GroupCstChildren, notes: Notes): Group {
    const entries = this.entries(children.item, notes);
    const ends = [real(children.LeftBrace), real(children.RightBrace)].map((x) => x && spanOf(notes.path, x));
    return { entries, span: around(notes.path, [...ends, entries.at(0)?.span, entries.at(-1)?.span]) };
  }

  path(children: cst.PathCstChildren, notes: Notes): Path | undefined {
    const names = (children.Name ?? [])
      .filter((token) => !Number.isNaN(token.startOffset))
      .map((token) => ({ text: token.image, span: spanOf(notes.path, token) }));
    const [head, tail] = [names.at(0), names.at(-1)];
    return head && tail && { names, span: around(notes.path, [head.span, tail.span]) };
  }

  value(children: cst.ValueCstChildren, notes: Notes): Value | undefined {
    const terms = (children.product ?? []).map((node) => this.product(node.children, notes));
    if (terms.length < 2) return terms[0];
    const known = terms.filter((x) => x !== undefined);
    if (known.length < terms.length) return undefined;
    return { type: "sum", terms: known, span: around(notes.path, [known.at(0)?.span, known.at(-1)?.span]) };
  }

  product(children: cst.ProductCstChildren, notes: Notes): Value | undefined {
    const factors = (children.atom ?? []).map((node) => this.atom(node.children, notes));
    if (factors.length < 2) return factors[0];
    const known = factors.filter((x) => x !== undefined);
    if (known.length < factors.length) return undefined;
    return { type: "product", factors: known, span: around(notes.path, [known.at(0)?.span, known.at(-1)?.span]) };
  }

  atom(children: cst.AtomCstChildren, notes: Notes): Value | undefined {
    const list = first(children.list);
    if (list !== undefined) return this.list(list.children, notes);
    const call = first(children.call);
    if (call !== undefined) return this.call(call.children, notes);
    const bracketed = first(children.bracketed);
    if (bracketed !== undefined) return this.bracketed(bracketed.children, notes);
    const literal =
      real(children.NumberLiteral) ??
      real(children.StringLiteral) ??
      real(children.Size) ??
      real(children.True) ??
      real(children.False);
    if (literal === undefined) return undefined;
    const span = spanOf(notes.path, literal);
    if (children.NumberLiteral !== undefined) {
      // A broken number was reported with the tokens.
      return Number.isNaN(numberOf(literal.image)) ? undefined : { type: "number", text: literal.image, span };
    }
    if (children.Size !== undefined) return { type: "size", text: literal.image, span };
    if (children.StringLiteral === undefined) return { type: "boolean", value: children.True !== undefined, span };
    const text = decode(literal, notes);
    return text === undefined ? undefined : { type: "string", text, span };
  }

  list(children: cst.ListCstChildren, notes: Notes): Value {
    const nodes = children.element ?? [];
    const items = nodes.map((node) => this.element(node.children, notes)).filter((x) => x !== undefined);
    if (items.length === nodes.length) commas(items, children.Comma, "items", notes);
    const ends = [real(children.LeftBracket), real(children.RightBracket)].map((x) => x && spanOf(notes.path, x));
    return { type: "list", items, span: around(notes.path, [...ends, items.at(-1)?.span]) };
  }

  element(children: cst.ElementCstChildren, notes: Notes): Value | undefined {
    const map = first(children.map);
    if (map !== undefined) return this.map(map.children, notes);
    const value = first(children.value);
    return value && this.value(value.children, notes);
  }

  map(children: cst.MapCstChildren, notes: Notes): Value {
    const nodes = children.pair ?? [];
    const entries = nodes.map((node) => this.pair(node.children, notes)).filter((x) => x !== undefined);
    const spans = entries.map(({ name, value }) => ({ span: around(notes.path, [name.span, value.span]) }));
    if (entries.length === nodes.length) commas(spans, children.Comma, "pairs", notes);
    const ends = [real(children.LeftBrace), real(children.RightBrace)].map((x) => x && spanOf(notes.path, x));
    return { type: "map", entries, span: around(notes.path, [...ends, spans.at(-1)?.span]) };
  }

  pair(children: cst.PairCstChildren, notes: Notes): Pair | undefined {
    const node = first(children.element);
    const value = node && this.element(node.children, notes);
    const name = real(children.Name);
    if (value === undefined || name === undefined) return undefined;
    return { name: { text: name.image, span: spanOf(notes.path, name) }, value };
  }

  call(children: cst.CallCstChildren, notes: Notes): Value | undefined {
    const token = real(children.Name);
    if (token === undefined) return undefined;
    const name: Word = { text: token.image, span: spanOf(notes.path, token) };
    const args = first(children.args);
    if (args === undefined) return { type: "call", name, span: name.span };
    const given = this.args(args.children, notes);
    const unnamed = given.filter((a) => a.name === undefined);
    if (unnamed[1] !== undefined) notes.diagnostics.push(report.positionalAfterFirst(unnamed[1].value.span, name.text));
    const close = real(args.children.RightParen);
    const end = close === undefined ? given.at(-1)?.value.span : spanOf(notes.path, close);
    return { type: "call", name, args: given, span: around(notes.path, [name.span, end]) };
  }

  args(children: cst.ArgsCstChildren, notes: Notes): Argument[] {
    const nodes = children.arg ?? [];
    const given = nodes.map((node) => this.arg(node.children, notes)).filter((x) => x !== undefined);
    const spans = given.map((a) => ({ span: around(notes.path, [a.name?.span, a.value.span]) }));
    if (given.length === nodes.length) commas(spans, children.Comma, "arguments", notes);
    return given;
  }

  arg(children: cst.ArgCstChildren, notes: Notes): Argument | undefined {
    const node = first(children.element);
    const value = node && this.element(node.children, notes);
    if (value === undefined) return undefined;
    const name = real(children.Name);
    return name === undefined ? { value } : { name: { text: name.image, span: spanOf(notes.path, name) }, value };
  }

  bracketed(children: cst.BracketedCstChildren, notes: Notes): Value | undefined {
    const value = first(children.value);
    return value && this.value(value.children, notes);
  }

  private entries(items: Nodes<cst.ItemCstNode>, notes: Notes): Entry[] {
    const entries: Entry[] = [];
    let onLine = false;
    for (const node of items ?? []) {
      const entry = this.item(node.children, notes);
      if (entry === undefined) {
        onLine = node.children.entry !== undefined && onLine;
        continue;
      }
      if (onLine) notes.diagnostics.push(report.missingSeparator(startOf(entry.span), "entries"));
      entries.push(entry);
      onLine = !first(node.children.entry)?.recoveredNode;
    }
    return entries;
  }
}

const startOf = (span: Span): Span => ({ ...span, end: Math.min(span.end, span.start + 1) });

/** Reports missing commas between parts, and commas with nothing before them. */
function commas(
  parts: readonly { readonly span: Span }[],
  commas: Nodes<IToken>,
  between: "items" | "arguments" | "pairs",
  notes: Notes,
): void {
  const marks = [
    ...parts.map((part) => ({ at: part.span.start, part })),
    ...(commas ?? []).map((comma) => ({ at: comma.startOffset, comma })),
  ].sort((a, b) => a.at - b.at);
  let separated = true;
  let separable = false;
  for (const mark of marks) {
    if ("part" in mark) {
      if (!separated) notes.diagnostics.push(report.missingSeparator(startOf(mark.part.span), between));
      separated = false;
      separable = true;
    } else {
      if (!separable) notes.diagnostics.push(report.extraComma(spanOf(notes.path, mark.comma)));
      separated = true;
      separable = false;
    }
  }
}

/** The value of a string literal, which may contain a raw tab. A broken literal was reported with the tokens. */
function decode(token: IToken, notes: Notes): string | undefined {
  const { image } = token;
  if (!/^".*"$/s.test(image) || image.length < 2) return image.replaceAll(/^["']|["']$/g, "");
  try {
    const text: unknown = JSON.parse(image.replaceAll(/\p{Cc}/gu, (c) => JSON.stringify(c).slice(1, -1)));
    return typeof text === "string" ? text : undefined;
  } catch {
    notes.diagnostics.push(report.badEscape(spanOf(notes.path, token)));
    return undefined;
  }
}
