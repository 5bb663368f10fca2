// The frame of every page: navigation, search, content, table of contents.
import { escapeHtml } from "./html.js";
import type { Heading } from "./markdown.js";

export interface Page {
  /** File name without its ending. */
  readonly name: string;
  readonly title: string;
  /** Title in the navigation. */
  readonly short: string;
  readonly html: string;
  readonly headings: readonly Heading[];
}

export interface Group {
  readonly title: string;
  readonly pages: readonly Pick<Page, "name" | "short">[];
}

/** Runs before the page is drawn, to avoid a flash of the wrong colours. */
const THEME = `document.documentElement.dataset.theme=localStorage.getItem("mom-theme")??"";`;

/** @param base from the page to the site's root: "" or "../" */
export function layout(page: Page, groups: readonly Group[], base = ""): string {
  const nav = groups
    .map(({ title, pages }) => {
      const items = pages.map(({ name, short }) => {
        const here = name === page.name ? ' aria-current="page"' : "";
        return `<li><a href="${base}${name}.html"${here}>${escapeHtml(short)}</a></li>`;
      });
      return `<p>${escapeHtml(title)}</p><ul>${items.join("")}</ul>`;
    })
    .join("\n");
  const shown = page.headings.filter(({ level }) => level === 2 || level === 3);
  const toc = shown.map(
    ({ level, id, text }) => `<li class="level-${level}"><a href="#${escapeHtml(id)}">${escapeHtml(text)}</a></li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.name === "index" ? "mom" : `${page.title} · mom`)}</title>
<link rel="icon" href="${base}icon.svg">
<link rel="stylesheet" href="${base}Temml-Local.css">
<link rel="stylesheet" href="${base}style.css">
<script>${THEME}</script>
</head>
<body class="page-${escapeHtml(page.name.replaceAll("/", "-"))}" data-base="${base}">
<a class="skip" href="#content">Skip to the page</a>
<header>
<button id="menu" aria-label="Pages" aria-expanded="false" aria-controls="nav">☰</button>
<a class="home" href="${base}index.html">mom</a>
<div class="search" role="search">
<input id="search" type="search" placeholder="Search" aria-label="Search" autocomplete="off" spellcheck="false">
<kbd>/</kbd>
<ol id="found" hidden></ol>
</div>
<button id="theme" aria-label="Light or dark">◐</button>
</header>
<div class="columns">
<nav id="nav" aria-label="Pages">${nav}</nav>
<main id="content">
${page.html}
</main>
<aside aria-label="On this page">${toc.length > 1 ? `<p>On this page</p><ul>${toc.join("")}</ul>` : ""}</aside>
</div>
<script src="${base}site.js" defer></script>
</body>
</html>
`;
}
