// The report of a run as one self-contained HTML page: facts, losses, samples and the spec.

import { escapeHtml } from "../diagnostics/visible.js";
import { htmlPage, STYLE } from "../inspect/page.js";
import type { RunChange } from "../train/changes.js";
import {
  type MetricRecord,
  smoothingWindow,
  type TimingRecord,
  type TrainRecord,
  type ValidationRecord,
} from "../train/metrics.js";
import type { Session } from "../train/sessions.js";
import { lineChart } from "./chart.js";
import { type Point, smoothed } from "./curves.js";
import { dataUrl } from "./data-url.js";
import { provenance } from "./provenance.js";

export interface Sample {
  readonly name: string;
  /** PNG files: the true picture, and the sampled one. */
  readonly truth: Uint8Array;
  readonly sampled: readonly Uint8Array[];
}

/** A sampled text or list of units, with its prompt. */
export interface TextSample {
  readonly name: string;
  /** A description of the prompt. */
  readonly given: string;
  /** A picture in the prompt, as a PNG file. */
  readonly picture?: Uint8Array;
  readonly truth: string;
  readonly sampled: string;
}

export interface SampleGroup {
  /** For example "Seen names". */
  readonly label: string;
  readonly samples: readonly Sample[];
  readonly texts?: readonly TextSample[];
}

/** The facts of a run for the heading of its report. */
export interface About {
  readonly title: string;
  /** Names and values: parameters, device, … */
  readonly facts: readonly (readonly [string, string])[];
  /** The unit of each modality's loss: "nats per token". */
  readonly units: Readonly<Record<string, string>>;
}

export interface ReportData {
  readonly about: About;
  readonly sessions: readonly Session[];
  /** The changes of spec and data at resumes. */
  readonly changes?: readonly RunChange[];
  readonly spec: string;
  readonly metrics: readonly MetricRecord[];
  readonly timing: readonly TimingRecord[];
  readonly samples: readonly SampleGroup[];
}

export function renderReport({ about, sessions, changes, spec, metrics, timing, samples }: ReportData): string {
  const train = metrics.filter((record) => record.kind === "train");
  const validation = metrics.filter((record) => record.kind === "validation");
  const main = `${facts([...about.facts, ...provenance(sessions, timing, changes)])}
${losses(about, train, validation)}
${samples.map((group) => pictures(group) + texts(group)).join("")}
${course(train, timing)}
<section id="spec"><h2>Spec</h2>
<pre>${escapeHtml(spec.trimEnd())}</pre></section>`;
  return htmlPage(about.title, STYLE, main);
}

const facts = (facts: About["facts"]): string =>
  facts.length === 0
    ? ""
    : `<dl class="facts">${facts.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join("")}</dl>`;

/** Modalities in the order of their first record. */
const modalitiesOf = (records: readonly MetricRecord[]): string[] => [
  ...new Set(records.flatMap(({ losses }) => Object.keys(losses))),
];

function losses(about: About, train: readonly TrainRecord[], validation: readonly ValidationRecord[]): string {
  if (train.length + validation.length === 0)
    return `<section id="losses"><h2>Losses</h2><p>No steps were recorded.</p></section>`;
  const modalities = modalitiesOf([...train, ...validation]);
  const charts = modalities.map((modality) => {
    const raw = pointsOf(train, ({ losses }) => losses[modality]);
    return lineChart({
      title: modality,
      unit: about.units[modality] ?? "",
      series: [
        { label: "training, each step", points: raw, look: "faint", color: 1 },
        { label: "training, smoothed", points: smoothed(raw, windowOf(raw)), look: "line", color: 1 },
        {
          label: "validation",
          points: pointsOf(validation, ({ losses }) => losses[modality]),
          look: "marked",
          color: 2,
        },
      ],
    });
  });
  return `<section id="losses"><h2>Losses</h2>
<div class="charts">${charts.join("")}</div>
${finalLosses(modalities, train, validation)}${notFinite(train)}</section>`;
}

function finalLosses(
  modalities: readonly string[],
  train: readonly TrainRecord[],
  validation: readonly ValidationRecord[],
): string {
  const row = (label: string, lossOf: (record: MetricRecord) => number | undefined): string => {
    const raw = pointsOf(train, lossOf);
    const window = raw.slice(-windowOf(raw));
    const mean = window.reduce((sum, { y }) => sum + y, 0) / window.length;
    const checked = pointsOf(validation, lossOf);
    const best = checked.length === 0 ? undefined : checked.reduce((low, point) => (point.y < low.y ? point : low));
    const cells = [number(mean), number(checked.at(-1)?.y), number(best?.y), best === undefined ? "–" : String(best.x)];
    return `<tr><td>${escapeHtml(label)}</td>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  };
  const rows = modalities.map((modality) => row(modality, ({ losses }) => losses[modality]));
  return `<h2>Final losses</h2>
<div class="scroll"><table><thead><tr><th>Modality</th><th>Training</th><th>Validation</th><th>Best validation</th><th>Best at step</th></tr></thead>
<tbody>${rows.join("")}${row("weighted sum", ({ loss }) => loss)}</tbody></table></div>
<p>Training is the mean of the last ${windowOf(train)} of ${train.length} steps. The weighted sum is what training minimizes: each loss times its weight in <code>objective</code>.</p>`;
}

const isLeftOut = ({ loss, gradient_norm, loss_scale }: TrainRecord): boolean =>
  loss_scale !== undefined && Number.isFinite(loss) && !Number.isFinite(gradient_norm);

function notFinite(train: readonly TrainRecord[]): string {
  const skipped = train.filter(isLeftOut);
  const bad = train.filter((one) => !Number.isFinite(one.loss + one.gradient_norm) && !isLeftOut(one));
  const [first] = bad;
  const left = `<p>${skipped.length} of ${train.length} updates were skipped while the loss scale was adjusted: a gradient was too large for f16.</p>`;
  if (first === undefined) return skipped.length > 0 ? left : "";
  return `<p>${bad.length} of ${train.length} steps had a loss or gradient norm that is not finite, the first at step ${first.step}.</p>`;
}

/** Charts other than losses: gradient norm, learning rate, speed. */
function course(train: readonly TrainRecord[], timing: readonly TimingRecord[]): string {
  const norms = pointsOf(train, ({ gradient_norm }) => gradient_norm);
  const pace = timing.map(({ step, tokens_per_second }) => ({ x: step, y: tokens_per_second }));
  const charts = [
    lineChart({
      title: "Gradient norm",
      unit: "before clipping",
      series: [
        { label: "each step", points: norms, look: "faint", color: 3 },
        { label: "smoothed", points: smoothed(norms, windowOf(norms)), look: "line", color: 3 },
      ],
    }),
    lineChart({
      title: "Learning rate",
      unit: "",
      series: [{ label: "each step", points: pointsOf(train, ({ lr }) => lr), look: "line", color: 3 }],
    }),
    lineChart({
      title: "Speed",
      unit: "tokens per second",
      series: [{ label: "measured", points: pace, look: "line", color: 3 }],
    }),
  ];
  if (charts.every((chart) => chart === "")) return "";
  return `<section id="course"><h2>Training</h2>\n<div class="charts small">${charts.join("")}</div></section>`;
}

function pictures({ label, samples }: SampleGroup): string {
  if (samples.length === 0) return "";
  const image = (bytes: Uint8Array, kind: string, name: string): string =>
    `<span><img src="${dataUrl("image/png", bytes)}" alt="${escapeHtml(`${name}, ${kind}`)}">${kind}</span>`;
  const figures = samples.map(
    ({ name, truth, sampled }) =>
      `<figure><figcaption>${escapeHtml(name)}</figcaption><div class="pair">${image(truth, "true", name)}${sampled
        .map((bytes) => image(bytes, "sampled", name))
        .join("")}</div></figure>`,
  );
  return `<section class="samples"><h2>${escapeHtml(label)}</h2>\n<div class="pictures">${figures.join("\n")}</div></section>\n`;
}

function texts({ label, texts: rows = [] }: SampleGroup): string {
  if (rows.length === 0) return "";
  const cells = rows.map(({ name, given, picture, truth, sampled }) => {
    const seen = picture === undefined ? "" : `<img src="${dataUrl("image/png", picture)}" alt="${escapeHtml(name)}">`;
    return `<tr><td>${seen}${escapeHtml(given)}</td><td>${escapeHtml(truth)}</td><td>${escapeHtml(sampled)}</td></tr>`;
  });
  return `<section class="texts"><h2>${escapeHtml(label)}</h2>
<table><thead><tr><th>Prompt</th><th>True</th><th>Sampled</th></tr></thead>\n<tbody>${cells.join("\n")}</tbody></table></section>\n`;
}

function pointsOf<R extends MetricRecord>(records: readonly R[], value: (record: R) => number | undefined): Point[] {
  return records.flatMap((record) => {
    const y = value(record);
    return y !== undefined && Number.isFinite(y) ? [{ x: record.step, y }] : [];
  });
}

const windowOf = (points: readonly unknown[]): number => smoothingWindow(points.length);
const number = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value) ? "–" : value.toPrecision(4);
