// Text as GitHub's Markdown, on one line.
import { visible } from "../../diagnostics/visible.js";

/** What would otherwise be markup shows as it is, in tables too. Underlines within words are none. */
export const escapeMarkdown = (text: string): string =>
  visible(text)
    .replace(/[^\S\u00a0]+/g, " ")
    .replace(/[\\`*[\]|~$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
