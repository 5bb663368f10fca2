// What the page of an ablation adds to the style sheet: maps, forest plots, more colours, dense tables, paper.

export const ABLATION_STYLE = `
:root { --better: #2a78d6; --worse: #d9591f; --color-4: #8a56c9; --color-5: #a8730a; --color-6: #b83a6b; }
@media (prefers-color-scheme: dark) {
  :root { --better: #5b9ff0; --worse: #f08a55; --color-4: #b48cf0; --color-5: #d8a23a; --color-6: #f07aa6; }
}
${[4, 5, 6].map((n) => `.color-${n} { stroke: var(--color-${n}); }`).join("\n")}
.color-0 { stroke: var(--quiet); }
.color-7 { stroke: var(--ink); }
.color-8 { stroke: var(--ink); stroke-dasharray: 5 5; }
.facts { margin-bottom: 20px; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 16px; }
.answer { padding: 16px 18px 12px; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; }
.answer dl { margin: 10px 0 4px; display: grid; gap: 8px; }
.answer dl div { display: grid; grid-template-columns: 5em 1fr; gap: 10px; }
.answer dt { color: var(--quiet); }
.answer dd { margin: 0; }
.answer .lead { color: var(--ink); font-size: 1.16rem; line-height: 1.4; font-weight: 600; }
.note { color: var(--ink); border-left: 3px solid var(--worse); padding-left: 10px; max-width: none; }
h2 + p { margin-top: -4px; margin-bottom: 12px; }
.charts + p, .tables + p { margin-top: 12px; }
.charts + .charts { margin-top: 16px; }
.chart.map > svg, .chart.forest > svg { max-height: none; }
.map .strip { fill: var(--line); }
.map .strip-name { fill: var(--ink); text-anchor: middle; dominant-baseline: central; }
.map .cell { fill: var(--page); }
.map .better { fill: var(--better); }
.map .worse { fill: var(--worse); }
.map .empty { stroke: var(--strong-line); stroke-dasharray: 4 4; fill: none; }
.map .tagged { stroke: var(--ink); stroke-width: 2; }
.map .loss, .map .gain, .map .tag { text-anchor: middle; fill: var(--ink); }
.map .loss { font-size: 15px; }
.map .gain { font-size: 12.5px; }
.map .tag { font-size: 11px; }
.map.dense .loss { font-size: 13.5px; }
.map.dense .gain { font-size: 12px; }
.sure { font-weight: 700; fill: var(--ink); }
.before { text-anchor: end; }
.forest .row-name { dominant-baseline: central; fill: var(--ink); }
.forest .numbers { dominant-baseline: central; text-anchor: end; }
.forest .interval { stroke-width: 2.5; stroke-linecap: round; }
.forest .zero { stroke: var(--ink); }
.forest .better { stroke: var(--better); fill: var(--better); }
.forest .worse { stroke: var(--worse); fill: var(--worse); }
.forest .open { stroke: var(--quiet); }
.forest .point { stroke-width: 2; }
.forest .point.open { fill: var(--surface); }
td:first-child { white-space: normal; min-width: 11em; }
td small { display: block; color: var(--quiet); font-size: 0.78em; line-height: 1.2; }
tbody td { vertical-align: top; line-height: 1.3; }
th { vertical-align: bottom; }
th.first, td.first { padding-left: 20px; }
.group { text-align: center; border-bottom-color: var(--strong-line); }
.part th { text-align: left; padding-top: 14px; }
.tables { display: grid; grid-template-columns: minmax(0, 1fr); gap: 24px; }
.tables h3 { margin-bottom: 4px; }
@media (max-width: 520px) {
  th, td { white-space: nowrap; }
  th:first-child, td:first-child { position: sticky; left: 0; background: var(--page); white-space: normal; min-width: 8.5em; }
  .dense { overflow-x: auto; }
  .dense > svg { width: 560px; max-height: none; }
}
@container (max-width: 430px) {
  .chart.forest text { font-size: 15px; }
  .map.dense .strip-name { font-size: 12px; }
  .map:not(.dense) .loss { font-size: 20px; }
  .map:not(.dense) .gain { font-size: 17px; }
  .map:not(.dense) .tag { font-size: 14px; }
}
@media print {
  :root { color-scheme: light; --page: #fff; --surface: #fff; --ink: #14130f; --quiet: #4b4943; --line: #dfddd5; --strong-line: #b9b6ab;
    --better: #2a78d6; --worse: #d9591f; --color-1: #2a78d6; --color-2: #d9591f; --color-3: #1b8f68; --color-4: #8a56c9;
    --color-5: #a8730a; --color-6: #b83a6b; }
  @page { margin: 13mm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  :root, body { font-size: 11px; }
  h1 { font-size: 22px; }
  main { padding: 0 1px; max-width: none; }
  h1, h2, h3, h2 + p { break-after: avoid; }
  h2 { margin-top: 24px; }
  .answer, .chart, #synergy, #map, #effects, #gains, #making, #clock { break-inside: avoid; }
  p { max-width: none; }
  .answers, .charts { grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 10px; }
  .scroll { overflow: visible; }
  table { font-size: 9.5px; }
  th, td { padding: 3px 8px 3px 0; white-space: nowrap; }
  th:first-child, td:first-child { white-space: normal; }
  th.first, td.first { padding-left: 8px; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; overflow: visible; font-size: 10px; }
}
`;
