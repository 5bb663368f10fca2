// The reference of error codes: what each says, and a spec that is refused with it.
import { type Code, codesIn } from "./codes.js";
import { escapeHtml } from "./html.js";
import { codeBlock } from "./markdown.js";
import { type MadePart, ticked } from "./reference.js";
import { exampleOfCode, type Rejected, rejectedIn } from "./rejected.js";

export function mistakes(root: string): MadePart {
  const rejected = rejectedIn(root);
  const codes = codesIn(root);
  const entries = codes.map(({ code, title, message }) => ({
    id: code,
    title: `${title} [${code}]`,
    name: code,
    text: message.replaceAll("`", ""),
  }));
  const headings = codes.map(({ code }) => ({ level: 3, id: code, text: code }));
  return {
    html: codes.map((code) => one(code, exampleOfCode(code.code, rejected))).join("\n"),
    headings,
    entries,
  };
}

function one({ code, severity, title, message }: Code, example: Rejected | undefined): string {
  const head = `<h3 id="${code}"><code>${code}</code> <span class="of">${ticked(title)}</span> <a class="anchor" href="#${code}" aria-label="Link to this">#</a></h3>`;
  const warns = severity === "warning" ? '<p class="warning">A warning: the spec is used as it is.</p>' : "";
  const says = message === "" ? "" : `<p>${ticked(message)}</p>`;
  if (example === undefined) return [`<section class="mistake">`, head, warns, says, "</section>"].join("\n");
  return [
    `<section class="mistake">`,
    head,
    warns,
    says,
    `<details><summary>A spec with it, and what is said</summary>`,
    codeBlock(example.spec, "mom"),
    `<pre class="code said"><code>${escapeHtml(example.says.trimEnd())}</code></pre>`,
    "</details>",
    "</section>",
  ].join("\n");
}
