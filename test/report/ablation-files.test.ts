// An ablation as Markdown, CSV and JSON: equal numbers and escaped names. The layout of its map.
import { expect, test } from "vitest";
import { escapeHtml } from "../../src/diagnostics/visible.js";
import { ablationCsv, ablationJson, ablationMarkdown } from "../../src/report/ablation/forms.js";
import { headlineOf } from "../../src/report/ablation/headline.js";
import { type MapLayout, mapLayout } from "../../src/report/ablation/map-layout.js";
import { decimalsOf, fixed, signed } from "../../src/report/ablation/numbers.js";
import { ablationPart } from "../../src/report/ablation/render.js";
import { sampleAblation, subsetsAblation, valuesAblation } from "./sample-ablation.js";

const MARKUP = `a|b "c", <script>\n*d* _e_ \`f\` [g](h) in_proj`;

/** The fields of CSV, as RFC 4180 defines them. */
function parseCsv(text: string): string[][] {
  const rows = text.matchAll(/((?:"(?:[^"]|"")*"|[^",\r\n]*)(?:,(?:"(?:[^"]|"")*"|[^",\r\n]*))*)\r\n/g);
  return [...rows].map(([, row = ""]) =>
    [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
      ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? "",
    ),
  );
}

test("CSV has a row for each run with exact losses and escaped names", () => {
  const { results, answer } = valuesAblation([MARKUP, "b", "c"], {
    stateOf: (arm, seed) => (arm === 2 && seed === 0 ? { state: "failed", reason: MARKUP } : undefined),
  });
  const [head = [], ...rows] = parseCsv(ablationCsv(results, answer));
  expect(rows.length).toBe(9);
  expect(new Set(rows.map((row) => row.length))).toEqual(new Set([head.length]));
  const field = (row: number, name: string): string | undefined => rows[row]?.[head.indexOf(name)];
  expect(field(0, "arm")).toBe(`lr ${MARKUP}`);
  expect(field(0, "train.optimizer.lr")).toBe(MARKUP);
  expect(field(2, "reason")).toBe(MARKUP);
  expect(field(2, "validation_loss.text")).toBe("");
  for (const [i, run] of results.runs.entries()) {
    if (run.state !== "done") continue;
    expect(field(i, "id")).toBe(run.id);
    expect(Number(field(i, "seed"))).toBe(run.seed);
    expect(Number(field(i, "training_loss.image"))).toBe(run.training.image?.losses.at(-1));
    expect(Number(field(i, "validation_loss.text"))).toBe(run.validation.text?.losses.at(-1));
  }
});

test("CSV has a column for each setting of an extra arm", () => {
  const { results, answer } = subsetsAblation({ parts: ["in_proj"] });
  const [head = [], ...rows] = parseCsv(ablationCsv(results, answer));
  const [decouple, width] = ["mixer.decouple", "model.d_model"].map((path) =>
    rows.map((row) => row[head.indexOf(path)]),
  );
  expect(decouple?.slice(0, 3)).toEqual(["[]", '[{"part":"in_proj"}]', "[]"]);
  expect(width?.slice(0, 3)).toEqual(["", "", "84"]);
});

test("JSON has all unrounded numbers except the curves, and null for NaN", () => {
  const { results, answer } = subsetsAblation({ stateOf: (arm) => (arm === 1 ? { state: "pending" } : undefined) });
  const text = ablationJson({ ...results, baseline: undefined }, { ...answer, window: Number.NaN });
  const read = JSON.parse(text);
  expect(Object.keys(read).at(-1)).toBe("clock");
  expect(read.baseline).toBeNull();
  expect(read.answer.window).toBeNull();
  expect(read.answer.modalities[0].measures[0].arms[1].losses).toEqual([null, null, null]);
  expect(read.answer.modalities[1].measures[1].arms[4].mean).toBe(answer.modalities[1]?.measures[1]?.arms[4]?.mean);
  expect(read.runs.length).toBe(51);
  expect(Object.keys(read.runs[0])).toEqual(["arm", "seed", "id", "state"]);
  expect(text).not.toContain('"steps": [');
});

test("every row of a Markdown table has as many columns as its header, and names are escaped", () => {
  const sample = valuesAblation([MARKUP, "b", "c"], {
    stateOf: (arm) => (arm === 2 ? { state: "failed", reason: MARKUP } : undefined),
  });
  const text = ablationMarkdown(sample.results, sample.answer);
  const tables = text.split("\n\n").filter((block) => block.startsWith("|"));
  expect(tables.length).toBe(4);
  for (const table of tables) {
    const columns = table
      .trim()
      .split("\n")
      .map((row) => row.match(/(?<!\\)\|/g)?.length);
    expect(new Set(columns).size).toBe(1);
  }
  expect(text).not.toContain("<script>");
  expect(text).toContain(String.raw`lr a\|b "c", &lt;script&gt; \*d\* \_e\_ \`f\` \[g\](h) in_proj`);
  expect(text).toContain("| Validation: FLOPs % |".slice(2));
});

test("an ablation without a baseline differs from one whose baseline is the arm “none”", () => {
  const { results, answer } = subsetsAblation({ seeds: [1], steps: 1 });
  expect(ablationMarkdown(results, answer)).toContain("- Baseline: the arm “none”\n");
  expect(ablationMarkdown({ ...results, baseline: undefined }, answer)).toContain("- Baseline: no baseline\n");
});

test("Markdown has the sentences of the page", () => {
  const { results, answer } = subsetsAblation();
  const [text, html] = [ablationMarkdown(results, answer), ablationPart(results, answer)];
  const { findings } = headlineOf(results, answer);
  const sentences = findings.flatMap(({ lead, rest }) => [lead, ...rest.map(({ text }) => text)]);
  expect(sentences.length).toBeGreaterThan(10);
  for (const sentence of sentences)
    expect([text.includes(sentence), html.includes(escapeHtml(sentence))]).toEqual([true, true]);
  expect(text.match(/^\| \*\*?(in_proj|none).*$/gm)?.length).toBeGreaterThan(2);
  const pending = subsetsAblation({ stateOf: () => ({ state: "pending" }) });
  expect(ablationMarkdown(pending.results, pending.answer)).not.toMatch(/NaN|undefined|\|/);
});

test("the reports of two runs of an ablation differ in one line, which has the time and devices", () => {
  const { results, answer } = subsetsAblation();
  const later = { ...results, clock: { devices: ["another", "device"], seconds: 7 } };
  for (const [render, line] of [
    [ablationPart, /^<section id="clock">.*<\/section>$/],
    [ablationMarkdown, /^Trained on /],
  ] as const) {
    const [first, second] = [render(results, answer).split("\n"), render(later, answer).split("\n")];
    const differing = first.filter((text, i) => text !== second[i]);
    expect(differing).toEqual([expect.stringMatching(line)]);
    expect(second.length).toBe(first.length);
    expect(second.join("\n")).toContain("Trained on another and device; the runs took 7 s ");
  }
  expect(ablationCsv(later, answer)).toBe(ablationCsv(results, answer));
  const [{ clock: _, ...one }, { clock: __, ...two }] = [results, later].map((r) =>
    JSON.parse(ablationJson(r, answer)),
  );
  expect(one).toEqual(two);
});

/** The labels of the rows and columns of a cell. */
const labelsOf = ({ rows, columns }: MapLayout, row: number, column: number): string[] => {
  const at = (layers: MapLayout["rows"], place: number) =>
    layers
      .flat()
      .filter(({ from, to }) => from <= place && place < to)
      .map(({ label }) => label);
  return [...at(rows, row), ...at(columns, column)];
};

test.each([1, 2, 3, 4, 5, 6])(
  "the map of %i parts has every arm once, labelled with its parts, and adjacent arms differ in one part",
  (k) => {
    const parts = ["in_proj", "x_proj", "dt_proj", "out_proj", "conv1d", "norm"].slice(0, k);
    const { results } = subsetsAblation({ parts, seeds: [1], steps: 1 });
    const layout = mapLayout(results) as MapLayout;
    const cells = layout.arms.flat();
    expect([...cells].sort((a = 0, b = 0) => a - b)).toEqual(Array.from({ length: 2 ** k }, (_, i) => i));
    const partsOf = (arm: number | undefined): string[] => {
      const label = results.arms[arm ?? -1]?.label ?? "";
      return label === "none" ? [] : label.split(" + ");
    };
    layout.arms.forEach((arms, row) => {
      arms.forEach((arm, column) => {
        expect(labelsOf(layout, row, column).sort()).toEqual(partsOf(arm).sort());
        for (const neighbour of [arms[column + 1], layout.arms[row + 1]?.[column]]) {
          if (neighbour === undefined) continue;
          const [one, other] = [partsOf(arm), partsOf(neighbour)];
          expect(
            one.filter((part) => !other.includes(part)).length + other.filter((part) => !one.includes(part)).length,
          ).toBe(1);
        }
      });
    });
  },
);

test("two axes make a map of rows and columns, and three axes make no map", () => {
  const [widths, depths] = [
    [64, 96],
    [2, 4, 6],
  ];
  const arms = widths.flatMap((width) =>
    depths.map((depth) => ({
      label: `${width}, ${depth}`,
      settings: { "model.d_model": width, "mixer.layers": depth },
      kind: "grid" as const,
      parameters: { total: 1, active: 1 },
      flops: 1,
    })),
  );
  const axes = [
    { path: "model.d_model", values: widths },
    { path: "mixer.layers", values: depths },
  ];
  const { results } = sampleAblation({ name: "sizes", axes, arms, gainOf: (arm) => arm });
  const layout = mapLayout(results) as MapLayout;
  expect(layout.arms).toEqual([
    [0, 1, 2],
    [3, 4, 5],
  ]);
  expect(labelsOf(layout, 1, 2)).toEqual(["d_model", "96", "layers", "6"]);
  expect(mapLayout({ ...results, axes: [...axes, { path: "x", values: [1] }] })).toBeUndefined();
});

test("numbers have minus signs, no negative zero, and as many decimals as their interval allows", () => {
  expect([
    fixed(-1.25, 1),
    fixed(-0.01, 1),
    signed(0.04, 1),
    signed(2, 1),
    signed(-2, 1),
    fixed(Number.NaN, 1),
  ]).toEqual(["−1.3", "0.0", "0.0", "+2.0", "−2.0", "–"]);
  const decimals = (low: number, high: number): number => decimalsOf({ estimate: (low + high) / 2, low, high });
  expect([decimals(1, 3), decimals(1, 1.05), decimals(10, 60), decimals(0.02, 2), decimals(-0.02, 2)]).toEqual([
    1, 2, 0, 2, 1,
  ]);
});
