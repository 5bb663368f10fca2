// The page of runs as one file: its script and style, and the data if they do not change. `mom watch` sends the page
// without data, and its script asks for them.
import { escapeHtml } from "../../diagnostics/visible.js";
import { STYLE } from "../../inspect/page.js";
import { SCRIPT, SCRIPT_HASH, STYLES } from "./page.gen.js";
import type { FrozenPage } from "./view.js";

/** The id of the element with the data of a page that does not change. */
const DATA_ID = "data";

/** @param data undefined for the page that `mom watch` serves */
export function runsPage(title: string, data?: FrozenPage): string {
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '${SCRIPT_HASH}'${data === undefined ? "; connect-src 'self'" : ""}; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${STYLE}${STYLES}</style>
</head>
<body>
<main id="page"><noscript>This page needs JavaScript to show its curves and tables.</noscript></main>
${data === undefined ? "" : `<script type="application/json" id="${DATA_ID}">${inScript(data)}</script>\n`}<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** JSON that cannot end its element, whatever texts it contains. */
const inScript = (data: FrozenPage): string => JSON.stringify(data).replaceAll("<", "\\u003c");
