// Colours of the words of a spec, for CodeMirror.
import { HighlightStyle, StreamLanguage, type StreamParser, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";

const parser: StreamParser<null> = {
  name: "mom",
  startState: () => null,
  languageData: { commentTokens: { line: "//" }, closeBrackets: { brackets: ["(", "[", "{", '"'] } },
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match("///")) return finish(stream, "docComment");
    if (stream.match("//")) return finish(stream, "comment");
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
    if (stream.match(/^[0-9]+x[0-9]+\b/) || stream.match(/^-?[0-9][0-9_.]*(?:[eE][+-]?[0-9]+)?/)) return "number";
    if (stream.match(/^(?:import|remove)\b/)) return "keyword";
    if (stream.match(/^(?:true|false|auto|none)\b/)) return "atom";
    if (stream.match(/^[A-Za-z_]\w*(?=[ \t]+[A-Za-z_][\w.]*[ \t]*[:{])/)) return "keyword";
    if (stream.match(/^[A-Za-z_]\w*(?=[ \t]*\{)/))
      return stream.start === stream.indentation() ? "heading" : "typeName";
    if (stream.match(/^[A-Za-z_][\w.]*(?=[ \t]*:)/)) return "propertyName";
    if (stream.match(/^[A-Za-z_]\w*(?=\()/)) return "typeName";
    if (stream.match(/^[A-Za-z_]\w*/)) return "variableName";
    stream.next();
    return "punctuation";
  },
};

function finish(stream: { skipToEnd: () => void }, style: string): string {
  stream.skipToEnd();
  return style;
}

const colours = HighlightStyle.define([
  { tag: [tags.comment, tags.docComment], color: "#8b93b5", fontStyle: "italic" },
  { tag: tags.string, color: "#a5d6a7" },
  { tag: [tags.number, tags.atom], color: "#f2b84b" },
  { tag: [tags.keyword, tags.heading], color: "#c792ea" },
  { tag: tags.typeName, color: "#5fb3f6" },
  { tag: tags.propertyName, color: "#e6e9f5" },
  { tag: tags.variableName, color: "#9ad7d1" },
  { tag: tags.punctuation, color: "#8d95b5" },
]);

export const mom = [StreamLanguage.define(parser), syntaxHighlighting(colours)];
