// A page of Markdown as HTML: coloured code, formulas as MathML, headings with anchors, links that lead inside the site.
import MarkdownIt, { type Token } from "markdown-it";
import temml from "temml";
import { commandsOf, parseInfo } from "./fences.js";
import { highlight } from "./highlight.js";
import { escapeHtml, slug } from "./html.js";

export interface Heading {
  readonly level: number;
  readonly id: string;
  /** Without markup. */
  readonly text: string;
}

export interface Rendered {
  readonly html: string;
  readonly headings: readonly Heading[];
}

/** What a page needs of its surroundings. */
export interface Surroundings {
  /** Where a link of the page leads to on the site. */
  readonly link: (href: string) => string;
  /** What a console block with `fill` prints, command by command. */
  readonly print: (command: string) => string;
  /** A picture that the site draws. */
  readonly picture: (name: string) => string;
}

export const formula = (tex: string, displayMode: boolean): string =>
  temml.renderToString(tex, { displayMode, throwOnError: true, annotate: true });

export const codeBlock = (text: string, language: string, kind = "code"): string =>
  `<pre class="${kind}" data-language="${escapeHtml(language)}"><code>${highlight(text.trimEnd(), language)}</code></pre>\n`;

export function renderMarkdown(markdown: string, around: Surroundings): Rendered {
  const md = new MarkdownIt({ html: true });
  const tokens = md.parse(markdown, {});
  const headings = nameHeadings(tokens);
  for (const token of tokens) for (const child of token.children ?? []) relink(child, around);
  for (const token of tokens) if (token.children) formulas(token.children);
  md.renderer.rules.fence = (all, index) => fence(all[index] as Token, around);
  md.renderer.rules.math_inline = (all, index) => formula(all[index]?.content ?? "", false);
  md.renderer.rules.code_inline = (all, index) => `<code>${unbroken(all[index]?.content ?? "")}</code>`;
  md.renderer.rules.table_open = () => '<div class="table"><table>\n';
  md.renderer.rules.table_close = () => "</table></div>\n";
  return { html: md.renderer.render(tokens, md.options, {}), headings };
}

/** Code in a line, whose options are not broken after their hyphens. */
const unbroken = (code: string): string =>
  escapeHtml(code).replace(/(?<=^|[\s(])--?[a-z][\w-]*/g, '<span class="option">$&</span>');

/** Gives each heading its anchor, and a link to it. */
function nameHeadings(tokens: readonly Token[]): Heading[] {
  const seen = new Map<string, number>();
  return tokens.flatMap((token, i) => {
    if (token.type !== "heading_open") return [];
    const inline = tokens[i + 1];
    const text = (inline?.children ?? []).map(({ content }) => content).join("");
    const name = slug(text);
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    const id = times === 0 ? name : `${name}-${times}`;
    token.attrSet("id", id);
    return [{ level: Number(token.tag.slice(1)), id, text }];
  });
}

function relink(token: Token, { link }: Surroundings): void {
  for (const attribute of ["href", "src"]) {
    const target = token.attrGet(attribute);
    if (target !== null && target !== undefined) token.attrSet(attribute, link(String(target)));
  }
}

/** GitHub's notation of a formula in a line: code between two dollars. */
function formulas(children: readonly Token[]): void {
  children.forEach((token, i) => {
    const before = children[i - 1];
    const after = children[i + 1];
    if (token.type !== "code_inline" || !before?.content.endsWith("$") || !after?.content.startsWith("$")) return;
    token.type = "math_inline";
    before.content = before.content.slice(0, -1);
    after.content = after.content.slice(1);
  });
}

function fence({ info, content }: Token, { print, picture }: Surroundings): string {
  const { language, options } = parseInfo(info.trim());
  if (language === "math") return `<div class="formula">${formula(content, true)}</div>\n`;
  if (options.picture !== undefined) return picture(options.picture);
  if (options.fill === undefined) return codeBlock(content, language);
  const commands = commandsOf(content).map(({ command }) => ({ command, printed: print(command).trimEnd() }));
  const shown = (lines: readonly string[], as: string): string => codeBlock(lines.join("\n"), as, "code printed");
  if (options.as === undefined)
    return shown(
      commands.map(({ command, printed }) => `$ ${command}\n${printed}`),
      "console",
    );
  return commands
    .map(({ command, printed }) => shown([`$ ${command}`], "console") + codeBlock(printed, options.as ?? ""))
    .join("");
}
