// The report of an ablation: its sentences, figures and tables, and a page that is well-formed and safe.
import { expect, test } from "vitest";
import type { ArmAnswer, Estimate, Match, MeasureAnswer } from "../../src/ablate/answer.js";
import { ablationMarkdown } from "../../src/report/ablation/forms.js";
import { headlineOf } from "../../src/report/ablation/headline.js";
import { ablationPart } from "../../src/report/ablation/render.js";
import {
  PROJECTIONS,
  type SampleAblation,
  sampleAblation,
  subsetsAblation,
  valuesAblation,
} from "./sample-ablation.js";
import { unclosed } from "./unclosed.js";

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;
const interval = (estimate: number, low: number, high: number, significant = low > 0 || high < 0): Estimate => ({
  ...{ estimate, low, high, significant },
});
/** Replaces non-breaking spaces. */
const plain = (text: string): string => text.replaceAll("\u00a0", " ");

interface Numbers {
  readonly joint: Estimate;
  readonly singles: readonly Estimate[];
  readonly sum: Estimate;
  readonly difference: Estimate;
  readonly match: Match;
}

const NUMBERS: Numbers = {
  joint: interval(7.9, 5.1, 10.7),
  singles: [interval(4.1, 3, 5), interval(1.6, 0.5, 2.7), interval(1, -0.1, 2.1), interval(2.9, 1.8, 4)],
  sum: interval(9.6, 7, 12),
  difference: interval(-1.7, -2.5, -0.9),
  match: { reached: "all", steps: interval(71, 66, 76), flops: interval(72, 67, 77) },
};

/** An ablation of the four projections with the given numbers in percent and losses of 1. */
function pinned(numbers: Partial<Numbers> = {}, ablation = subsetsAblation()): SampleAblation {
  const { joint, singles, sum, difference, match } = { ...NUMBERS, ...numbers };
  const scaled = ({ estimate, low = 0, high = 0, significant }: Estimate) =>
    interval(estimate / 100, low / 100, high / 100, significant);
  const armOf = (one: ArmAnswer): ArmAnswer => {
    const own = ablation.results.arms[one.arm]?.label.split(" + ") ?? [];
    const single = singles[PROJECTIONS.findIndex((part) => own.length === 1 && own[0] === part)];
    const all = own.length === PROJECTIONS.length;
    // The arm with all parts has the lowest loss.
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
  const modalities = ablation.answer.modalities.map((one) => ({ ...one, measures: one.measures.map(measureOf) }));
  return { ...ablation, answer: { ...ablation.answer, modalities } };
}

/** The sentences on the first modality. */
function sentencesOf({ results, answer }: SampleAblation): Record<string, string> {
  const [first] = headlineOf(results, answer).findings;
  const rest = first?.rest.map(({ about, text }) => [about, plain(text)] as const) ?? [];
  return { lead: plain(first?.lead ?? ""), ...Object.fromEntries(rest) };
}
const notes = ({ results, answer }: SampleAblation): readonly string[] => headlineOf(results, answer).notes;

test("sentences state the gain of all parts, of each part, their synergy, and the time to reach the baseline", () => {
  const { Size, ...rest } = sentencesOf(pinned());
  expect(rest).toEqual({
    lead: "Decoupling all four projections lowers the held-out loss by 7.9 % (5.1 to 10.7).",
    Training: "It lowers the training loss by 7.9 % (5.1 to 10.7).",
    Alone:
      "in_proj 4.1 % (3.0 to 5.0), out_proj 2.9 % (1.8 to 4.0), x_proj 1.6 % (0.5 to 2.7); dt_proj: not significant with three seeds.",
    Together:
      "They give less than the sum of their single gains (7.9 % against 9.6 %; difference −1.7 points, −2.5 to −0.9).",
    Time: "The dense baseline's final loss is reached after 71 % (66 to 76) of its steps, 72 % (67 to 77) of its FLOPs.",
    Basis: "3 seeds, 32 degrees of freedom.",
  });
  expect(Size).toMatch(
    /^A dense model with as many parameters in total lowers the loss by .*, with 1\.60 times the FLOPs per step\.$/,
  );
});

test("figures and tables have the same numbers as the sentences", () => {
  const { results, answer } = pinned();
  const html = ablationPart(results, answer);
  expect(html).toContain('<tspan class="sure">+7.9</tspan> (5.1 to 10.7)</text>');
  expect(html).toContain('<tspan class="">+1.0</tspan> (−0.1 to 2.1)</text>');
  expect(html).toContain(
    "<td><b>+7.9</b><small>5.1 to 10.7</small></td><td>71<small>66 to 76</small></td><td>72<small>67 to 77</small></td>",
  );
  expect(html).toContain("<td><b>−1.7</b><small>−2.5 to −0.9</small></td>");
});

test("an estimate that is not significant is called not significant, even if its interval excludes zero", () => {
  const unmarked = pinned({ joint: interval(7.9, 5.1, 10.7, false), difference: interval(-1.7, -2.5, -0.9, false) });
  expect(sentencesOf(unmarked).lead).toBe(
    "Decoupling all four projections does not change the held-out loss significantly with three seeds (gain 7.9 %, 5.1 to 10.7).",
  );
  expect(sentencesOf(unmarked).Together).toMatch(
    /^It is not significant whether they give more or less than the sum of their single gains /,
  );
  const html = ablationPart(unmarked.results, unmarked.answer);
  expect(html).toContain('<tspan class="">+7.9</tspan> (5.1 to 10.7)</text>');
  expect(html).toContain("<td>+7.9<small>5.1 to 10.7</small></td>");
});

test("a sentence states what is not significant, a gain or a loss, depending on the interval", () => {
  const open = sentencesOf(pinned({ joint: interval(0.3, -0.5, 1.1), difference: interval(-0.4, -1.2, 0.4) }));
  expect(open.lead).toBe(
    "Decoupling all four projections does not change the held-out loss significantly with three seeds (gain 0.3 %, −0.5 to 1.1).",
  );
  expect(open.Together).toMatch(
    /^It is not significant whether they give more or less than the sum of their single gains /,
  );
  expect(sentencesOf(pinned({ difference: interval(2, 1, 3) })).Together).toMatch(/^They give more than the sum/);
  expect(sentencesOf(pinned({ joint: interval(-2, -3, -1) })).lead).toMatch(
    / raises the held-out loss by 2\.0 % \(1\.0 to 3\.0\)\.$/,
  );
  // A bound that rounds to zero has one more decimal.
  expect(sentencesOf(pinned({ joint: interval(0.5, 0.02, 0.98) })).lead).toContain("0.50 % (0.02 to 0.98)");
});

test("a sentence states whether all seeds, some or none reach the loss of the baseline", () => {
  expect(sentencesOf(pinned({ match: { reached: "none", by: 0, of: 3 } })).Time).toMatch(/ is not reached\.$/);
  expect(sentencesOf(pinned({ match: { reached: "some", by: 2, of: 3 } })).Time).toMatch(
    / is reached with only 2 of three seeds\.$/,
  );
  const bound = { reached: "all", steps: { estimate: 10 }, flops: { estimate: 10.2 }, atMost: true } as const;
  const early = pinned({ match: bound });
  expect(sentencesOf(early).Time).toMatch(/ is reached after at most 10 % of its steps and of its FLOPs\.$/);
  expect(ablationPart(early.results, early.answer)).toContain("<td>≤ 10</td><td>≤ 10</td>");
  expect(ablationMarkdown(early.results, early.answer)).toContain("| ≤ 10 | ≤ 10 |");
});

test("a sentence names the arm with the lowest loss unless it is the one with all parts", () => {
  const ablation = subsetsAblation();
  const lower = (label: string): SampleAblation => {
    const arm = ablation.results.arms.findIndex((one) => one.label === label);
    const measures = (one: MeasureAnswer) => ({
      ...one,
      arms: one.arms.map((a) => (a.arm === arm ? { ...a, mean: 0.01 } : a)),
    });
    const modalities = ablation.answer.modalities.map((one) => ({ ...one, measures: one.measures.map(measures) }));
    return { ...ablation, answer: { ...ablation.answer, modalities } };
  };
  expect(sentencesOf(pinned()).Lowest).toBeUndefined();
  expect(sentencesOf(lower("in_proj + dt_proj")).Lowest).toMatch(
    /^Of all 16 arms, “in_proj \+ dt_proj” has the lowest loss: .* below the dense baseline's\.$/,
  );
  expect(sentencesOf(lower("none")).Lowest).toBe("Of all 16 arms, the dense baseline has the lowest loss: 0.01000.");
});

test("the page is well-formed, has no scripts, and has each figure for each modality and measure", () => {
  const { results, answer } = subsetsAblation();
  const html = ablationPart(results, answer);
  expect(unclosed(html)).toEqual([]);
  expect(html).not.toMatch(/<script|\bNaN|Infinity|undefined/);
  expect(count(html, /<figure class="chart map/g)).toBe(4);
  // Gains of parts, and effects.
  expect(count(html, /<figure class="chart forest/g)).toBe(8);
  expect(count(html, /<figure class="chart">/g)).toBe(4);
  // Each map has every arm of the design, and each plot every effect.
  expect(count(html, /<text class="loss"/g)).toBe(4 * 16);
  expect(count(html, /class="row-name/g)).toBe(4 * (15 + 7));
  expect(count(html, />baseline<\/text><text class="loss"|class="tag"[^>]*>baseline</g)).toBe(4);
  expect(html).toContain("Extra arms");
  expect(html).toContain("“none, d_model 84” is a dense model with as many parameters in total as the largest arm");
});

test("the report of one seed has no intervals and nothing significant, and a note states it", () => {
  const ablation = subsetsAblation({ seeds: [5] });
  const html = ablationPart(ablation.results, ablation.answer);
  expect(notes(ablation)).toEqual(["One seed: no intervals. Differences may be chance."]);
  expect(html).not.toMatch(/class="interval|gain sure|<tspan class="sure"| to −?\d|± \d/);
  expect(sentencesOf(ablation).Together).toMatch(
    /^Together they give [\d.]+ %; the sum of their single gains is [\d.]+ %\.$/,
  );
  expect(ablationPart(subsetsAblation().results, subsetsAblation().answer)).toMatch(/class="interval/);
});

test("failed and pending runs are counted, and results without their losses are omitted", () => {
  const reason = "The gradient was not finite at step 41.";
  const one = subsetsAblation({
    stateOf: (arm, seed) =>
      arm === 3 && seed === 1 ? { state: "failed", reason } : arm > 14 && seed === 2 ? { state: "pending" } : undefined,
  });
  expect(notes(one)).toEqual([`3 of 51 runs are missing: one failed (${reason.slice(0, -1)}) and two are pending.`]);
  expect(ablationPart(one.results, one.answer)).toContain(`<td>2</td><td>failed</td><td>${reason}</td>`);
  // If all runs of an arm fail, its cell is empty and there are no effects of single parts.
  const arm = subsetsAblation({
    stateOf: (arm) => (arm === 6 ? { state: "failed", reason: `${reason} <b>` } : undefined),
  });
  const html = ablationPart(arm.results, arm.answer);
  expect(notes(arm)[1]).toBe("No effects of single parts: An arm of the design has no run that is done.");
  expect(count(html, />no loss<\/text>/g)).toBe(4);
  expect(html).not.toMatch(/\bNaN|undefined|<b>\./);
  expect(sentencesOf(arm).lead).toMatch(/has the lowest held-out loss of 15 arms: /);
});

test("the report of one axis names the lowest loss and has a gain for each value", () => {
  const ablation = valuesAblation(["1e-4", "3e-4", "1e-3", "3e-3", "1e-2"]);
  const html = ablationPart(ablation.results, ablation.answer);
  expect(sentencesOf(ablation).lead).toMatch(
    /^“lr 1e-3” has the lowest held-out loss of five arms: .* % \(.*\) below the baseline \(lr 3e-4\)\.$/,
  );
  expect(sentencesOf(ablation)["All arms"]).toMatch(
    /^Compared with the baseline, (one arm is|two arms are) better, two are worse/,
  );
  expect(html).not.toMatch(/class="chart map|id="synergy"|id="effects/);
  expect(count(html, /class="row-name/g)).toBe(4 * 4);
  // Each arm has the same colour in every chart.
  expect(count(html, /<path class="line color-7" d="M1 5H21"\/><\/svg>lr 3e-4/g)).toBe(4);
  expect(count(html, /<path class="line color-1" d="M1 5H21"\/><\/svg>lr 1e-4/g)).toBe(4);
});

test("two axes of two values make a factorial, one axis a list of gains", () => {
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
  const four = sampleAblation({ name: "two", axes, arms, gainOf: (arm) => arm, subsets, parts: paths });
  const html = ablationPart(four.results, four.answer);
  expect(sentencesOf(four).lead).toMatch(/^“\[16,0\.2\]” has the lowest held-out loss of four arms: /);
  expect(html).toContain(">d_state 16 alone</text>");
  expect(html).toContain(">d_state 16 × lr 0.2</text>");
  expect(html).not.toContain('id="gains"');
  const [path = ""] = paths;
  const two = sampleAblation({
    name: "one",
    axes: axes.slice(0, 1),
    arms: arms.filter((_, i) => i % 2 === 0),
    gainOf: (arm) => 5 * arm,
    subsets: [[], [path]],
    parts: [path],
  });
  expect(ablationPart(two.results, two.answer)).toContain('id="gains"');
  expect(sentencesOf(two)["All arms"]).toBe("Compared with the baseline, one arm is better.");
});

test("a report without a baseline has no gains", () => {
  const ablation = valuesAblation([1, 2, 3], { baseline: undefined });
  const html = ablationPart(ablation.results, ablation.answer);
  expect(notes(ablation)).toEqual(["There is no baseline, so there are no gains."]);
  expect(sentencesOf(ablation)).toEqual({
    Basis: "3 seeds, 4 degrees of freedom.",
    lead: expect.stringMatching(/^“lr 3” has the lowest held-out loss of three arms: 2\.\d{3}\.$/),
    Highest: expect.stringMatching(/^That of “lr 1”: 2\.\d{3}\.$/),
  });
  expect(html).not.toMatch(/Gain %|class="chart forest/);
  // Subsets have a map even without a baseline.
  const subsets = subsetsAblation({ baseline: undefined });
  expect(ablationPart(subsets.results, subsets.answer)).toContain(">highest</text>");
});

test("names are escaped", () => {
  const markup = `<script>alert("1")</script>|'&\n*x*`;
  const ablation = valuesAblation(["b", markup, "c"], { name: markup });
  const modalities = ablation.results.modalities.map((one) => ({ ...one, unit: markup }));
  const answer = {
    ...ablation.answer,
    modalities: ablation.answer.modalities.map((one) => ({ ...one, modality: markup, unit: markup })),
  };
  const html = ablationPart({ ...ablation.results, modalities, spec: markup }, answer);
  expect(unclosed(html)).toEqual([]);
  expect(html).not.toMatch(/<script/);
  expect(html).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;|&#39;&amp;");
});

test("the report without finished runs states that there are no numbers", () => {
  const ablation = subsetsAblation({ stateOf: () => ({ state: "pending" }) });
  const html = ablationPart(ablation.results, { ...ablation.answer, modalities: [] });
  expect(notes(ablation)).toEqual(["No run is done yet, so there are no numbers: 51 are pending."]);
  expect(ablationPart(ablation.results, ablation.answer)).not.toMatch(/\bNaN|undefined|<figure|<table/);
  expect(unclosed(html)).toEqual([]);
});

test("curves are means over seeds with finite losses", () => {
  const ablation = valuesAblation([1, 2]);
  const runs = ablation.results.runs.map((run) => ({
    ...run,
    validation: { text: { steps: [110], losses: [run.seed === 1 ? 2 : run.seed === 2 ? 2.5 : Number.NaN] } },
  }));
  const html = ablationPart({ ...ablation.results, runs }, ablation.answer);
  expect(html).toContain("<title>lr 1, step 110: 2.2500</title>");
});
