// The entry point of scripts/docs.mjs.
import { join } from "node:path";
import { buildSite, writeSite } from "./build.js";
import { updateExamples } from "./examples.js";

interface Options {
  readonly root: string;
  readonly out: string;
  readonly mom: string;
  readonly script: string;
  /** Whether to update the outputs on the pages first. */
  readonly update: boolean;
}

/** A summary in one or two lines. */
export function main({ root, out, mom, script, update }: Options): string {
  const updated = update ? updateExamples(root, mom) : [];
  const site = buildSite(root, mom);
  writeSite(site, root, out, script);
  const changed = updated.map((path) => `${path}: updated the output of its commands\n`).join("");
  return `${changed}${site.pages.size} pages, ${site.sections.length} sections in the search: ${join(out, "index.html")}`;
}
