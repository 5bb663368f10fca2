// The pages and their order. Pages that are not listed come last.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Pages by name. */
const GROUPS: readonly { readonly title: string; readonly pages: readonly string[] }[] = [
  { title: "Start", pages: ["index", "tour", "data", "from-pytorch", "troubleshooting"] },
  {
    title: "The language",
    pages: ["language", "clusters", "reference", "errors", "mistakes", "glossary", "commands", "api", "editors"],
  },
  { title: "What it does", pages: ["model", "compiler", "correctness", "performance", "scaling", "paper"] },
  {
    title: "Extend it",
    pages: ["add-a-block", "add-a-kernel", "add-an-objective", "add-a-modality", "add-an-optimizer", "add-a-source"],
  },
];
const LAST = "More";

export interface Source {
  /** Of the page, without an extension. */
  readonly name: string;
  /** Of the Markdown file in the repository. */
  readonly path: string;
  readonly markdown: string;
}

/** Pages outside docs/. */
const ELSEWHERE: Readonly<Record<string, string>> = { "editors/README.md": "editors" };

/** docs/README.md, which GitHub shows for the folder, is the front page. */
export function sourcesIn(root: string): Source[] {
  const docs = readdirSync(join(root, "docs")).map((file) => `docs/${file}`);
  return [...docs, ...Object.keys(ELSEWHERE)].flatMap((path) => {
    const name = pageName(path);
    return name === undefined || !existsSync(join(root, path))
      ? []
      : [{ name, path, markdown: readFileSync(join(root, path), "utf8") }];
  });
}

/** The page of a file in the repository; undefined if it is not a page. */
export function pageName(path: string): string | undefined {
  const [, name] = /^docs\/([^/]+)\.md$/.exec(path) ?? [];
  return ELSEWHERE[path] ?? (name === "README" ? "index" : name);
}

/** The given pages in their groups. */
export function grouped(names: readonly string[]): { title: string; pages: string[] }[] {
  const listed = new Set(GROUPS.flatMap(({ pages }) => pages));
  const groups = GROUPS.map(({ title, pages }) => ({ title, pages: pages.filter((name) => names.includes(name)) }));
  const others = names.filter((name) => !listed.has(name)).sort();
  return [...groups, { title: LAST, pages: others }].filter(({ pages }) => pages.length > 0);
}
