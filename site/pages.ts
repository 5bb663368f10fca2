// Which pages there are, in which order; those of docs/ that nobody lists come last.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Names of files in docs/ without `.md`. */
const GROUPS: readonly { readonly title: string; readonly pages: readonly string[] }[] = [
  { title: "Start", pages: ["index", "tour", "data"] },
  { title: "The language", pages: ["language", "reference", "errors", "commands"] },
  { title: "What it does", pages: ["model", "compiler", "performance", "paper"] },
  { title: "Extend it", pages: ["add-a-block", "add-a-kernel", "add-an-objective", "add-data"] },
];
const LAST = "More";

export interface Source {
  /** Of the page, without an ending. */
  readonly name: string;
  /** In docs/. */
  readonly file: string;
  readonly markdown: string;
}

/** docs/README.md, which GitHub shows for the folder, is the front page. */
export function sourcesIn(root: string): Source[] {
  const folder = join(root, "docs");
  return readdirSync(folder)
    .filter((file) => file.endsWith(".md"))
    .map((file) => ({ name: pageName(file), file, markdown: readFileSync(join(folder, file), "utf8") }));
}

/** The page of a file of docs/. */
export const pageName = (file: string): string => file.replace(/\.md$/, "").replace(/^README$/, "index");

/** The pages in their groups; nothing is in a group that is not there. */
export function grouped(names: readonly string[]): { title: string; pages: string[] }[] {
  const listed = new Set(GROUPS.flatMap(({ pages }) => pages));
  const groups = GROUPS.map(({ title, pages }) => ({ title, pages: pages.filter((name) => names.includes(name)) }));
  const others = names.filter((name) => !listed.has(name)).sort();
  return [...groups, { title: LAST, pages: others }].filter(({ pages }) => pages.length > 0);
}
