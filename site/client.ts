// Runs in the reader's browser: search, colours, the menu on narrow screens. Works from file:// and over http.
import MiniSearch from "minisearch";

export interface Section {
  readonly id: number;
  /** Relative to the site's root, with its anchor. */
  readonly url: string;
  readonly page: string;
  readonly title: string;
  /** The short name of a field, a kind or a code; "" otherwise. */
  readonly name: string;
  readonly text: string;
}

declare global {
  interface Window {
    /** Set by search-index.js. */
    momSections?: readonly Section[];
  }
}

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const base = document.body.dataset.base ?? "";
const SHOWN = 12;

/** Loads the index as a script, since a page from file:// cannot fetch. */
function sections(): Promise<readonly Section[]> {
  if (window.momSections !== undefined) return Promise.resolve(window.momSections);
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${base}search-index.js`;
    script.onload = () => resolve(window.momSections ?? []);
    script.onerror = reject;
    document.head.append(script);
  });
}

/** Splits text into words, and words such as `train.optimizer.lr` and `in_proj` into their parts. */
const tokenize = (text: string): string[] => {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_.-]+/gu) ?? [];
  return words
    .flatMap((word) => [...new Set([word.replace(/[.-]+$/, ""), ...word.split(/[._-]+/)])])
    .filter((word) => word !== "");
};

let index: Promise<MiniSearch<Section>> | undefined;
function searcher(): Promise<MiniSearch<Section>> {
  index ??= sections().then((all) => {
    const made = new MiniSearch<Section>({
      fields: ["name", "title", "page", "text"],
      storeFields: ["url", "page", "title", "text"],
      tokenize,
      searchOptions: {
        prefix: true,
        fuzzy: (word) => (word.length > 4 ? 0.2 : 0),
        boost: { name: 8, title: 4, page: 2 },
        combineWith: "AND",
      },
    });
    made.addAll(all);
    return made;
  });
  return index;
}

const input = find<HTMLInputElement>("search");
const found = find<HTMLOListElement>("found");

async function search(): Promise<void> {
  const query = input.value.trim();
  const made = await searcher();
  if (query !== input.value.trim()) return;
  const results = query === "" ? [] : made.search(query).slice(0, SHOWN);
  found.replaceChildren(...results.map((result) => item(result as unknown as Section & { terms: readonly string[] })));
  if (query !== "" && results.length === 0) {
    const none = document.createElement("li");
    none.textContent = "Nothing found";
    found.append(none);
  }
  found.hidden = query === "";
}

function item({ url, page, title, text, terms }: Section & { readonly terms: readonly string[] }): HTMLLIElement {
  const link = document.createElement("a");
  link.href = base + url;
  const head = document.createElement("b");
  head.textContent = title;
  const where = document.createElement("span");
  where.textContent = page;
  const excerpt = document.createElement("i");
  const at = Math.max(0, ...terms.slice(0, 1).map((term) => text.toLowerCase().indexOf(term) - 40));
  excerpt.textContent = (at > 0 ? "…" : "") + text.slice(at, at + 140);
  link.append(head, where, excerpt);
  const entry = document.createElement("li");
  entry.append(link);
  return entry;
}

/** Moves the focus among the results, and from the first one back to the search field. */
function move(step: number): void {
  const links = Array.from(found.querySelectorAll("a"));
  const at = links.indexOf(document.activeElement as HTMLAnchorElement) + step;
  (at < 0 ? input : (links[Math.min(at, links.length - 1)] ?? input)).focus();
}

input.addEventListener("focus", () => void searcher());
input.addEventListener("input", () => void search());
document.addEventListener("keydown", (event) => {
  const inSearch = event.target === input || found.contains(event.target as Node);
  if (event.key === "/" && !inSearch) {
    event.preventDefault();
    input.focus();
  } else if (inSearch && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && event.target === input) {
    // The results may still be those of a shorter query.
    void search().then(() => found.querySelector("a")?.click());
  } else if (event.key === "Escape") {
    found.hidden = true;
    input.blur();
  }
});
document.addEventListener("click", ({ target }) => {
  if (target !== input && (!found.contains(target as Node) || (target as Element).closest("a") !== null))
    found.hidden = true;
});

find("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark =
    root.dataset.theme === "" ? matchMedia("(prefers-color-scheme: dark)").matches : root.dataset.theme === "dark";
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("mom-theme", root.dataset.theme);
});
find("menu").addEventListener("click", () => {
  const open = document.body.classList.toggle("menu-open");
  find("menu").setAttribute("aria-expanded", String(open));
});

// On a long page the table of contents follows the reader.
const links = new Map(
  Array.from(document.querySelectorAll<HTMLAnchorElement>("aside a"), (link) => [link.hash.slice(1), link] as const),
);
const seen = new IntersectionObserver(
  (entries) => {
    const first = entries.find(({ isIntersecting }) => isIntersecting);
    if (first === undefined) return;
    for (const link of links.values()) link.removeAttribute("aria-current");
    const link = links.get(first.target.id);
    link?.setAttribute("aria-current", "true");
    link?.scrollIntoView({ block: "nearest" });
  },
  { rootMargin: "-60px 0px -70% 0px" },
);
for (const id of links.keys()) {
  const heading = document.getElementById(id);
  if (heading !== null) seen.observe(heading);
}
