// The report of an ablation: what it says of which numbers, and a page that is whole, safe and the same each time.
import { expect, test } from "vitest";
import type { ArmAnswer, Estimate, Match, MeasureAnswer } from "../../src/ablate/answer.js";
import { ablationMarkdown } from "../../src/report/ablation/forms.js";
import { headlineOf } from "../../src/report/ablation/headline.js";
import { renderAblation } from "../../src/report/ablation/render.js";
import { type Made, made, PROJECTIONS, subsetsAblation, valuesAblation } from "./sample-ablation.js";
import { unclosed } from "./unclosed.js";

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;
const around = (estimate: number, low: number, high: number, significant = low > 0 || high < 0): Estimate => ({
  ...{ estimate, low, high, significant },
});
/** Lines break at other spaces than these. */
const plain = (text: string): string => text.replaceAll("\u00a0", " ");

interface Numbers {
  readonly joint: Estimate;
  readonly singles: readonly Estimate[];
  readonly sum: Estimate;
  readonly difference: Estimate;
  readonly match: Match;
}

const NUMBERS: Numbers = {
  joint: around(7.9, 5.1, 10.7),
  singles: [around(4.1, 3, 5), around(1.6, 0.5, 2.7), around(1, -0.1, 2.1), around(2.9, 1.8, 4)],
  sum: around(9.6, 7, 12),
  difference: around(-1.7, -2.5, -0.9),
  match: { reached: "all", steps: around(71, 66, 76), flops: around(72, 67, 77) },
};

/** The four projections, with these numbers, in per cent, in place of what was measured; every loss is 1. */
function pinned(numbers: Partial<Numbers> = {}, made = subsetsAblation()): Made {
  const { joint, singles, sum, difference, match } = { ...NUMBERS, ...numbers };
  const scaled = ({ estimate, low = 0, high = 0, significant }: Estimate) =>
    around(estimate / 100, low / 100, high / 100, significant);
  const armOf = (one: ArmAnswer): ArmAnswer => {
    const own = made.results.arms[one.arm]?.label.split(" + ") ?? [];
    const single = singles[PROJECTIONS.findIndex((part) => own.length === 1 && own[0] === part)];
    const all = own.length === PROJECTIONS.length;
    // That with all parts is lowest.
    return {
      ...one,
      mean: all ? 0.9 : 1,
      gainPercent: all ? joint : (single ?? one.gainPercent),
      match: all ? match : one.match,
    };
  };
  const measureOf = (measure: MeasureAnswer): MeasureAnswer => ({
    ...measure,
    arms: measure.arms.map(armOf),
    factorial:
      typeof measure.factorial === "string"
        ? measure.factorial
        : { ...measure.factorial, synergy: { joint: scaled(joint), sum: scaled(sum), difference: scaled(difference) } },
  });
  const modalities = made.answer.modalities.map((one) => ({ ...one, measures: one.measures.map(measureOf) }));
  return { ...made, answer: { ...made.answer, modalities } };
}

/** What is said of the first modality. */
function said({ results, answer }: Made): Record<string, string> {
  const [first] = headlineOf(results, answer).findings;
  const rest = first?.rest.map(({ about, text }) => [about, plain(text)] as const) ?? [];
  return { lead: plain(first?.lead ?? ""), ...Object.fromEntries(rest) };
}
const notes = ({ results, answer }: Made): readonly string[] => headlineOf(results, answer).notes;

test("the answer in sentences: what all give, each alone, together, and how soon", () => {
  const { Size, ...rest } = said(pinned());
  expect(rest).toEqual({
    lead: "Owning all four projections lowers the held-out loss by 7.9 % (5.1 to 10.7).",
    Training: "It lowers the training loss by 7.9 % (5.1 to 10.7).",
    Alone:
      "in_proj 4.1 % (3.0 to 5.0), out_proj 2.9 % (1.8 to 4.0), x_proj 1.6 % (0.5 to 2.7); dt_proj: no difference that three seeds can show.",
    Together:
      "They give less than the sum of their single gains (7.9 % against 9.6 %; difference −1.7 points, −2.5 to −0.9).",
    Time: "The dense baseline's final loss is reached after 71 % (66 to 76) of its steps, 72 % (67 to 77) of its FLOPs.",
    Basis: "3 seeds, 32 degrees of freedom.",
  });
  expect(Size).toMatch(
    /^A dense model with as many parameters in total lowers the loss by .*, with 1\.60 times the FLOPs of a step\.$/,
  );
});

test("the same numbers stand in figures and tables", () => {
  const { results, answer } = pinned();
  const html = renderAblation(results, answer);
  expect(html).toContain('<tspan class="sure">+7.9</tspan> (5.1 to 10.7)</text>');
  expect(html).toContain('<tspan class="">+1.0</tspan> (−0.1 to 2.1)</text>');
  expect(html).toContain(
    "<td><b>+7.9</b><small>5.1 to 10.7</small></td><td>71<small>66 to 76</small></td><td>72<small>67 to 77</small></td>",
  );
  expect(html).toContain("<td><b>−1.7</b><small>−2.5 to −0.9</small></td>");
});

test("what is not significant is no difference, though its interval leaves out zero", () => {
  const unmarked = pinned({ joint: around(7.9, 5.1, 10.7, false), difference: around(-1.7, -2.5, -0.9, false) });
  expect(said(unmarked).lead).toBe(
    "Owning all four projections makes no difference to the held-out loss that three seeds can show (gain 7.9 %, 5.1 to 10.7).",
  );
  expect(said(unmarked).Together).toMatch(
    /^It is not significant whether they give more or less than the sum of their single gains /,
  );
  const html = renderAblation(unmarked.results, unmarked.answer);
  expect(html).toContain('<tspan class="">+7.9</tspan> (5.1 to 10.7)</text>');
  expect(html).toContain("<td>+7.9<small>5.1 to 10.7</small></td>");
});

test("an estimate that is not significant is no difference, one above zero is more, one below it is worse", () => {
  const open = said(pinned({ joint: around(0.3, -0.5, 1.1), difference: around(-0.4, -1.2, 0.4) }));
  expect(open.lead).toBe(
    "Owning all four projections makes no difference to the held-out loss that three seeds can show (gain 0.3 %, −0.5 to 1.1).",
  );
  expect(open.Together).toMatch(
    /^It is not significant whether they give more or less than the sum of their single gains /,
  );
  expect(said(pinned({ difference: around(2, 1, 3) })).Together).toMatch(/^They give more than the sum/);
  expect(said(pinned({ joint: around(-2, -3, -1) })).lead).toMatch(
    / raises the held-out loss by 2\.0 % \(1\.0 to 3\.0\)\.$/,
  );
  // An end that would be written as zero has another decimal.
  expect(said(pinned({ joint: around(0.5, 0.02, 0.98) })).lead).toContain("0.50 % (0.02 to 0.98)");
});

test("a baseline's loss that is not reached, or not by every seed", () => {
  expect(said(pinned({ match: { reached: "none", by: 0, of: 3 } })).Time).toMatch(/ is not reached\.$/);
  expect(said(pinned({ match: { reached: "some", by: 2, of: 3 } })).Time).toMatch(
    / is reached with only 2 of three seeds\.$/,
  );
  const bound = { reached: "all", steps: { estimate: 10 }, flops: { estimate: 10.2 }, atMost: true } as const;
  const early = pinned({ match: bound });
  expect(said(early).Time).toMatch(/ is reached after at most 10 % of its steps and of its FLOPs\.$/);
  expect(renderAblation(early.results, early.answer)).toContain("<td>≤ 10</td><td>≤ 10</td>");
  expect(ablationMarkdown(early.results, early.answer)).toContain("| ≤ 10 | ≤ 10 |");
});

test("another arm than that with all parts may be lowest, and the baseline too", () => {
  const made = subsetsAblation();
  const lower = (label: string): Made => {
    const arm = made.results.arms.findIndex((one) => one.label === label);
    const measures = (one: MeasureAnswer) => ({
      ...one,
      arms: one.arms.map((a) => (a.arm === arm ? { ...a, mean: 0.01 } : a)),
    });
    const modalities = made.answer.modalities.map((one) => ({ ...one, measures: one.measures.map(measures) }));
    return { ...made, answer: { ...made.answer, modalities } };
  };
  expect(said(pinned()).Lowest).toBeUndefined();
  expect(said(lower("in_proj + dt_proj")).Lowest).toMatch(
    /^Of all 16 arms, “in_proj \+ dt_proj” has the lowest loss: .* below the dense baseline's\.$/,
  );
  expect(said(lower("none")).Lowest).toBe("Of all 16 arms, the dense baseline has the lowest loss: 0.01000.");
});

test("a page whose elements close, that runs nothing, with a figure of each kind for each modality and measure", () => {
  const { results, answer } = subsetsAblation();
  const html = renderAblation(results, answer);
  expect(unclosed(html)).toEqual([]);
  expect(html).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`);
  expect(html).not.toMatch(/<script|\bNaN|Infinity|undefined/);
  expect(count(html, /<figure class="chart map/g)).toBe(4);
  // Alone and together, and effects.
  expect(count(html, /<figure class="chart forest/g)).toBe(8);
  expect(count(html, /<figure class="chart">/g)).toBe(4);
  // Every arm of the design in each map, and every effect in each plot.
  expect(count(html, /<text class="loss"/g)).toBe(4 * 16);
  expect(count(html, /class="row-name/g)).toBe(4 * (15 + 7));
  expect(count(html, />baseline<\/text><text class="loss"|class="tag"[^>]*>baseline</g)).toBe(4);
  expect(html).toContain("Extra arms");
  expect(html).toContain("“none, d_model 84” is a dense model with as many parameters in total as the largest arm");
});

test("one seed: no interval anywhere, nothing is sure, and it says so", () => {
  const made = subsetsAblation({ seeds: [5] });
  const html = renderAblation(made.results, made.answer);
  expect(notes(made)).toEqual(["One seed: no intervals. Differences may be chance."]);
  expect(html).not.toMatch(/class="interval|gain sure|<tspan class="sure"| to −?\d|± \d/);
  expect(said(made).Together).toMatch(/^Together they give [\d.]+ %; the sum of their single gains is [\d.]+ %\.$/);
  expect(renderAblation(subsetsAblation().results, subsetsAblation().answer)).toMatch(/class="interval/);
});

test("runs that failed or are not done are counted, with reasons; what they leave out is left out", () => {
  const reason = "The gradient was not finite at step 41.";
  const one = subsetsAblation({
    stateOf: (arm, seed) =>
      arm === 3 && seed === 1 ? { state: "failed", reason } : arm > 14 && seed === 2 ? { state: "pending" } : undefined,
  });
  expect(notes(one)).toEqual([`3 of 51 runs are missing: one failed (${reason.slice(0, -1)}) and two are pending.`]);
  expect(renderAblation(one.results, one.answer)).toContain(`<td>2</td><td>failed</td><td>${reason}</td>`);
  // All of an arm: its cell is empty, and single effects cannot be told.
  const arm = subsetsAblation({
    stateOf: (arm) => (arm === 6 ? { state: "failed", reason: `${reason} <b>` } : undefined),
  });
  const html = renderAblation(arm.results, arm.answer);
  expect(notes(arm)[1]).toBe("No effects of single parts: An arm of the design has no run that is done.");
  expect(count(html, />no loss<\/text>/g)).toBe(4);
  expect(html).not.toMatch(/\bNaN|undefined|<b>\./);
  expect(said(arm).lead).toMatch(/has the lowest held-out loss of 15 arms: /);
});

test("values of one axis: no parts, but which is lowest, how many differ, and a gain for each", () => {
  const made = valuesAblation(["1e-4", "3e-4", "1e-3", "3e-3", "1e-2"]);
  const html = renderAblation(made.results, made.answer);
  expect(said(made).lead).toMatch(
    /^“lr 1e-3” has the lowest held-out loss of five arms: .* % \(.*\) below the baseline \(lr 3e-4\)\.$/,
  );
  expect(said(made)["All arms"]).toMatch(
    /^Compared with the baseline, (one arm is|two arms are) better, two are worse/,
  );
  expect(html).not.toMatch(/class="chart map|id="synergy"|id="effects/);
  expect(count(html, /class="row-name/g)).toBe(4 * 4);
  // All arms stand out, in the same colours throughout.
  expect(count(html, /<path class="line color-7" d="M1 5H21"\/><\/svg>lr 3e-4/g)).toBe(4);
  expect(count(html, /<path class="line color-1" d="M1 5H21"\/><\/svg>lr 1e-4/g)).toBe(4);
});

test("two axes of two values are a factorial of which an arm is the best; one is a gain", () => {
  const settings = [8, 16].flatMap((d_state) =>
    [0.1, 0.2].map((lr) => ({ "mixer.d_state": d_state, "train.optimizer.lr": lr })),
  );
  const arms = settings.map((own) => ({
    label: JSON.stringify(Object.values(own)),
    settings: own,
    kind: "grid" as const,
    parameters: { total: 1, active: 1 },
    flops: 1,
  }));
  const axes = [
    { path: "mixer.d_state", values: [8, 16] },
    { path: "train.optimizer.lr", values: [0.1, 0.2] },
  ];
  const paths = axes.map(({ path }) => path);
  const subsets = settings.map((own) => paths.filter((_, i) => Object.values(own)[i] === axes[i]?.values[1]));
  const four = made({ name: "two", axes, arms, gainOf: (arm) => arm, subsets, parts: paths });
  const html = renderAblation(four.results, four.answer);
  expect(said(four).lead).toMatch(/^“\[16,0\.2\]” has the lowest held-out loss of four arms: /);
  expect(html).toContain(">d_state 16 alone</text>");
  expect(html).toContain(">d_state 16 × lr 0.2</text>");
  expect(html).not.toContain('id="gains"');
  const [path = ""] = paths;
  const two = made({
    name: "one",
    axes: axes.slice(0, 1),
    arms: arms.filter((_, i) => i % 2 === 0),
    gainOf: (arm) => 5 * arm,
    subsets: [[], [path]],
    parts: [path],
  });
  expect(renderAblation(two.results, two.answer)).toContain('id="gains"');
  expect(said(two)["All arms"]).toBe("Compared with the baseline, one arm is better.");
});

test("without a baseline there are no gains", () => {
  const made = valuesAblation([1, 2, 3], { baseline: undefined });
  const html = renderAblation(made.results, made.answer);
  expect(notes(made)).toEqual(["There is no baseline, so there are no gains."]);
  expect(said(made)).toEqual({
    Basis: "3 seeds, 4 degrees of freedom.",
    lead: expect.stringMatching(/^“lr 3” has the lowest held-out loss of three arms: 2\.\d{3}\.$/),
    Highest: expect.stringMatching(/^That of “lr 1”: 2\.\d{3}\.$/),
  });
  expect(html).not.toMatch(/Gain %|class="chart forest/);
  // Subsets have a map without one.
  const subsets = subsetsAblation({ baseline: undefined });
  expect(renderAblation(subsets.results, subsets.answer)).toContain(">highest</text>");
});

test("names are text, and never markup", () => {
  const evil = `<script>alert("1")</script>|'&\n*x*`;
  const made = valuesAblation(["b", evil, "c"], { name: evil });
  const modalities = made.results.modalities.map((one) => ({ ...one, unit: evil }));
  const answer = {
    ...made.answer,
    modalities: made.answer.modalities.map((one) => ({ ...one, modality: evil, unit: evil })),
  };
  const html = renderAblation({ ...made.results, modalities, spec: evil }, answer);
  expect(unclosed(html)).toEqual([]);
  expect(html).not.toMatch(/<script/);
  expect(html).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;|&#39;&amp;");
});

test("nothing is done yet: a page that says so", () => {
  const made = subsetsAblation({ stateOf: () => ({ state: "pending" }) });
  const html = renderAblation(made.results, { ...made.answer, modalities: [] });
  expect(notes(made)).toEqual(["No run is done yet, so there are no numbers: 51 are pending."]);
  expect(renderAblation(made.results, made.answer)).not.toMatch(/\bNaN|undefined|<figure|<table/);
  expect(unclosed(html)).toEqual([]);
});

test("curves are means over seeds; the last points of all training are those of the mean", () => {
  const made = valuesAblation([1, 2]);
  const runs = made.results.runs.map((run) => ({
    ...run,
    validation: { text: { steps: [110], losses: [run.seed === 1 ? 2 : run.seed === 2 ? 2.5 : Number.NaN] } },
  }));
  const html = renderAblation({ ...made.results, runs }, made.answer);
  expect(html).toContain("<title>lr 1, step 110: 2.2500</title>");
});
