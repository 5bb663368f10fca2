// Builds the documentation from docs/*.md, the schema and the error codes, as a folder of pages that needs no server.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import { errorSections } from "./errors.js";
import { escapeHtml } from "./html.js";
import { type Group, layout, type Page } from "./layout.js";
import { codeBlock, type Heading, renderMarkdown, type Surroundings } from "./markdown.js";
import { grouped, pageName, type Source, sourcesIn } from "./pages.js";
import { type Entry, type MadePart, reference } from "./reference.js";
import { type Section, sectionsOf } from "./sections.js";
import { run } from "./shell.js";
import { stagesPicture } from "./stages.js";

/** The folder of the site for files of the repository that pages link to. */
const FILES = "files";
const COPIED = /\.(?:png|svg|json|csv|html|safetensors)$/;

export interface Site {
  /** File → text, relative to the site's root. */
  readonly pages: ReadonlyMap<string, string>;
  /** Of the repository, to be copied as they are. */
  readonly copied: ReadonlySet<string>;
  readonly sections: readonly Section[];
}

interface Made {
  readonly page: Page;
  /** Entries for the search; one per heading if absent. */
  readonly entries?: readonly Entry[];
}

/**
 * @param root of the repository
 * @param mom the main module that commands of the pages run as `npx mom`
 * @throws Error if a link is broken
 */
export function buildSite(root: string, mom: string): Site {
  const linked = new Set<string>();
  const print = (command: string): string => {
    const { output, code } = run(command, root, mom);
    if (code !== 0) throw new Error(`${command} ends with ${code}:\n${output}`);
    return output;
  };
  const made = sourcesIn(root).map((source) => {
    const link = (href: string): string => linkFrom(root, source.path, href, linked);
    return written(source, root, { link, print, picture: (name) => picture(name, root, link) });
  });
  const titles = new Map(made.map(({ page }) => [page.name, page.short]));
  const groups: Group[] = grouped([...titles.keys()]).map(({ title, pages }) => ({
    title,
    pages: pages.map((name) => ({ name, short: titles.get(name) ?? name })),
  }));
  const pages = new Map(made.map(({ page }) => [`${page.name}.html`, layout(page, groups)]));
  const copied = new Set([...linked].filter((path) => COPIED.test(path)));
  for (const path of linked) if (!copied.has(path)) pages.set(`${FILES}/${path}.html`, filePage(root, path, groups));
  return {
    pages,
    copied,
    sections: made.flatMap(({ page, entries }) => sectionsOf(page, entries)).map((section, id) => ({ id, ...section })),
  };
}

/** The address on the site for a link of the page at `from`. `linked` collects files that the site must contain. */
function linkFrom(root: string, from: string, href: string, linked: Set<string>): string {
  if (/^(?:[a-z]+:|#)/.test(href)) return href;
  const [path = "", anchor] = href.split("#");
  const tail = anchor === undefined ? "" : `#${anchor}`;
  const at = posix.normalize(posix.join(posix.dirname(from), path)).replace(/\/$/, "");
  if (at.startsWith("..") || !existsSync(join(root, at)))
    throw new Error(`${from} links to ${href}, which is not there`);
  const page = pageName(at);
  if (page !== undefined) return `${page}.html${tail}`;
  linked.add(at);
  return COPIED.test(at) ? `${FILES}/${at}` : `${FILES}/${at}.html`;
}

function picture(name: string, root: string, link: (href: string) => string): string {
  if (name !== "stages") throw new Error(`there is no picture ${name}`);
  return stagesPicture(root, (file) => link(`../${file}`));
}

/** Generated content that follows a page's Markdown. */
const MADE: Readonly<Record<string, (root: string) => MadePart>> = { reference, errors: errorSections };

function written({ name, markdown }: Source, root: string, around: Surroundings): Made {
  const own = renderMarkdown(markdown, around);
  const part = MADE[name]?.(root);
  const headings = [...own.headings, ...(part?.headings ?? [])];
  const title = own.headings.find(({ level }) => level === 1)?.text ?? name;
  const html = own.html + (part?.html ?? "");
  const page = { name, title, short: name === "index" ? "What it is" : title, html, headings };
  return part === undefined ? { page } : { page, entries: part.entries };
}

/** A file of the repository, or the files in a folder. */
function filePage(root: string, path: string, groups: readonly Group[]): string {
  const full = join(root, path);
  const title = `<h1><code>${escapeHtml(path)}</code></h1>\n`;
  const html = statSync(full).isDirectory()
    ? `<ul>${readdirSync(full)
        .map((name) => `<li><code>${escapeHtml(name)}</code></li>`)
        .join("")}</ul>`
    : codeBlock(readFileSync(full, "utf8"), posix.extname(path).slice(1));
  const headings: Heading[] = [];
  const base = "../".repeat(path.split("/").length);
  return layout({ name: path, title: path, short: path, html: title + html, headings }, groups, base);
}

/** Writes a site with its style sheet and its script. @param script the text of the browser's script */
export function writeSite(site: Site, root: string, out: string, script: string): void {
  rmSync(out, { recursive: true, force: true });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), text);
  };
  for (const [path, text] of site.pages) write(path, text);
  for (const path of site.copied) cpSync(join(root, path), join(out, FILES, path));
  const temml = dirname(createRequire(import.meta.url).resolve("temml"));
  for (const asset of ["Temml-Local.css", "Temml.woff2"]) cpSync(join(temml, asset), join(out, asset));
  for (const asset of ["style.css", "icon.svg"]) cpSync(join(root, "site", asset), join(out, asset));
  write("site.js", script);
  write("search-index.js", `window.momSections=${JSON.stringify(site.sections)};\n`);
}
