// The one entry of scripts/docs.mjs.
import { join } from "node:path";
import { buildSite, writeSite } from "./build.js";
import { updateExamples } from "./examples.js";

interface Options {
  readonly root: string;
  readonly out: string;
  readonly mom: string;
  readonly script: string;
  /** Whether what commands print is written into the pages first. */
  readonly update: boolean;
}

/** What was done, in a line or two. */
export function main({ root, out, mom, script, update }: Options): string {
  const updated = update ? updateExamples(root, mom) : [];
  const site = buildSite(root, mom);
  writeSite(site, root, out, script);
  const changed = updated.map((path) => `${path}: what its commands print was written anew\n`).join("");
  return `${changed}${site.pages.size} pages, ${site.sections.length} sections to be found: ${join(out, "index.html")}`;
}
