// Code as coloured HTML: specs by the compiler's own lexer, other languages by highlight.js.
import hljs from "highlight.js/lib/core";
import diff from "highlight.js/lib/languages/diff";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import typescript from "highlight.js/lib/languages/typescript";
import { lexer } from "../grammar/tokens.js";
import { escapeHtml } from "./html.js";
import { wgsl } from "./wgsl.js";

for (const [name, language] of Object.entries({ diff, json, python, typescript, wgsl }))
  hljs.registerLanguage(name, language);

const ALIASES: Readonly<Record<string, string>> = {
  js: "typescript",
  ts: "typescript",
  jsonl: "json",
  mjs: "typescript",
  py: "python",
};

/** HTML without a frame; text in an unknown language stays plain. */
export function highlight(code: string, language: string): string {
  if (language === "mom") return spec(code);
  if (language === "console") return consoleText(code);
  const known = ALIASES[language] ?? language;
  return hljs.getLanguage(known) ? hljs.highlight(code, { language: known }).value : escapeHtml(code);
}

const span = (kind: string, text: string): string => `<span class="hljs-${kind}">${escapeHtml(text)}</span>`;

/** What the lexer skips between two words: white space and comments. */
const skipped = (text: string): string =>
  text
    .split(/(\/\/[^\r\n]*)/)
    .map((part) => (part.startsWith("//") ? span("comment", part) : escapeHtml(part)))
    .join("");

function spec(code: string): string {
  const { tokens, groups } = lexer.tokenize(code);
  const words = [...tokens, ...(groups.docs ?? [])].sort((a, b) => a.startOffset - b.startOffset);
  let html = "";
  let end = 0;
  words.forEach((word, i) => {
    html += skipped(code.slice(end, word.startOffset));
    const next = words[i + 1];
    const kind = kindOf(word.tokenType.name, next?.tokenType.name, next?.image);
    html += kind === undefined ? escapeHtml(word.image) : span(kind, word.image);
    end = word.startOffset + word.image.length;
  });
  return html + skipped(code.slice(end));
}

/** The colour of a word, by its type and the next word. */
function kindOf(token: string, next: string | undefined, nextText: string | undefined): string | undefined {
  switch (token) {
    case "DocComment":
      return "comment";
    case "Import":
    case "Remove":
      return "keyword";
    case "True":
    case "False":
      return "literal";
    case "Size":
    case "NumberLiteral":
      return "number";
    case "StringLiteral":
      return "string";
    case "Name":
      if (next === "Colon") return "attr";
      if (next === "LeftParen") return "title";
      return next === "Name" || nextText === "{" ? "keyword" : undefined;
    default:
      return undefined;
  }
}

/** Highlights commands among their output. */
const consoleText = (code: string): string =>
  code
    .split("\n")
    .map((line) => {
      if (!line.startsWith("$ ")) return escapeHtml(line);
      return `<span class="prompt">$</span> <span class="command">${escapeHtml(line.slice(2))}</span>`;
    })
    .join("\n");
