// The reference of error codes: the meaning of each, and a spec that has the error.
import { codeOf, ERROR_NAMES, ERRORS, type ErrorName, exampleMessage } from "../src/diagnostics/codes.js";
import { EXAMPLES } from "../src/diagnostics/examples.gen.js";
import { escapeHtml } from "./html.js";
import { codeBlock } from "./markdown.js";
import { type MadePart, ticked } from "./reference.js";

/** The page's section, with the examples that `mom explain` shows. */
export function errorSections(): MadePart {
  const entries = ERROR_NAMES.map((name) => {
    const { title, meaning } = ERRORS[name];
    return { id: codeOf(name), title: `${title} [${codeOf(name)}]`, name, text: meaning.replaceAll("`", "") };
  });
  const headings = ERROR_NAMES.map((name) => ({ level: 3, id: codeOf(name), text: codeOf(name) }));
  return {
    html: ERROR_NAMES.map((name) => one(name)).join("\n"),
    headings,
    entries,
  };
}

function one(name: ErrorName): string {
  const { title, meaning, severity } = ERRORS[name];
  const code = codeOf(name);
  const example = EXAMPLES[code];
  const head = `<h3 id="${code}"><code>${code}</code> ${ticked(title)} <span class="of">${name}</span> <a class="anchor" href="#${code}" aria-label="Link to this">#</a></h3>`;
  const warns = severity === "warning" ? '<p class="warning">This is a warning: the spec is still valid.</p>' : "";
  const description = `<p>${ticked(meaning)}</p>`;
  const printed = (text: string): string =>
    `<pre class="code message"><code>${escapeHtml(text.trimEnd())}</code></pre>`;
  if (example === undefined) {
    const shown = exampleMessage(name);
    const below =
      shown === undefined ? "" : `<details><summary>An example of the message</summary>${printed(shown)}</details>`;
    return [`<section class="error">`, head, warns, description, below, "</section>"].join("\n");
  }
  return [
    `<section class="error">`,
    head,
    warns,
    description,
    `<details><summary>A spec with this error, and its message</summary>`,
    codeBlock(example.spec, "mom"),
    printed(example.message),
    "<p>The fixed spec:</p>",
    codeBlock(example.fixed, "mom"),
    "</details>",
    "</section>",
  ].join("\n");
}
