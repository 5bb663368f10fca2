// The search entries of a page: one for each heading, or those that the page defines.
import type { Section as Indexed } from "./client.js";
import type { Page } from "./layout.js";
import type { Entry } from "./reference.js";

export type Section = Indexed;

const plain = (html: string): string =>
  html
    .replaceAll(/<annotation[\s\S]*?<\/annotation>/g, " ")
    .replaceAll(/<\/?(?:a|b|code|em|i|span|strong)\b[^>]*>/g, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/g, " ")
    .trim();

export function sectionsOf({ name, short, html, headings }: Page, entries?: readonly Entry[]): Omit<Section, "id">[] {
  const url = `${name}.html`;
  if (entries !== undefined) return entries.map(({ id, ...entry }) => ({ ...entry, url: `${url}#${id}`, page: short }));
  return html
    .split(/(?=<h[1-4] id=")/)
    .map((piece) => {
      const [, id = ""] = /^<h[1-4] id="([^"]+)"/.exec(piece) ?? [];
      const heading = headings.find((one) => one.id === id);
      return {
        url: heading === undefined || heading.level === 1 ? url : `${url}#${id}`,
        page: short,
        title: heading?.text ?? short,
        name: "",
        text: plain(piece),
      };
    })
    .filter(({ text }) => text !== "");
}
