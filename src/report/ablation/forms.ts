// An ablation's answer as Markdown, its runs as CSV and everything as JSON. Also the sections about the method that all
// formats share: runs, measures, the statistical model and its residuals, and missing runs.
import type { Answer, Measure, ModalityAnswer } from "../../ablate/answer.js";
import type { AblationResults, ResultRun } from "../../ablate/results.js";
import type { Json } from "../../front/spec.js";
import { headlineOf } from "./headline.js";
import { counted, listed, lossDecimals } from "./numbers.js";
import { armAnswer, baselineOf, countOf, meanOf, measuresOf } from "./reading.js";
import {
  armsNotes,
  armsTable,
  EFFECTS_NOTE,
  effectsTable,
  escapeMarkdown,
  markdownTable,
  type Table,
} from "./tables.js";
import { MEASURES } from "./words.js";

export function ablationJson(results: AblationResults, answer: Answer): string {
  const { clock, runs, ...design } = results;
  const bare = runs.map(({ training: _, validation: __, ...run }) => run);
  const whole = { ...design, runs: bare, answer, clock };
  // NaN and undefined become null, so arrays keep their positions and objects keep their keys.
  return `${JSON.stringify(whole, (_, value) => (value === undefined ? null : value), 2)}\n`;
}

export function ablationMarkdown(results: AblationResults, answer: Answer): string {
  const { notes, findings } = headlineOf(results, answer);
  const paragraph = (text: string): string => `${escapeMarkdown(text)}\n`;
  const titled = (title: string, table: Table | undefined): string[] =>
    table === undefined ? [] : [`### ${escapeMarkdown(title)}\n`, markdownTable(table)];
  const arms = answer.modalities.flatMap((modality) =>
    titled(`${modality.modality}: ${modality.unit}`, armsTable(results, modality)),
  );
  const effects = answer.modalities.flatMap((modality) =>
    titled(`${modality.modality}: ${modality.unit}`, effectsTable(results, modality)),
  );
  const blocks = [
    `# Ablation: ${escapeMarkdown(results.name)}\n`,
    `${factsOf(results)
      .map(([name, value]) => `- ${name}: ${escapeMarkdown(value)}`)
      .join("\n")}\n`,
    ...notes.map(paragraph),
    ...findings.flatMap(({ modality, unit, lead, rest }) => [
      `## ${escapeMarkdown(`${modality}: ${unit}`)}\n`,
      `**${escapeMarkdown(lead)}**\n`,
      ...(rest.length === 0
        ? []
        : [`${rest.map(({ about, text }) => `- ${about}: ${escapeMarkdown(text)}`).join("\n")}\n`]),
    ]),
    ...(arms.length === 0 ? [] : ["## Arms\n", ...arms, ...armsNotes(results).map(paragraph)]),
    ...(effects.length === 0 ? [] : ["## Effects\n", `${EFFECTS_NOTE}\n`, ...effects]),
    "## Method\n",
    ...makingOf(results, answer).map(paragraph),
    ...[residualTable(answer, results), absentTable(results)].flatMap((table) => (table ? [markdownTable(table)] : [])),
    paragraph(clockLine(results)),
  ];
  return blocks.join("\n");
}

const MEASURED: readonly Measure[] = ["training", "validation"];
type Field = string | number | undefined;

export function ablationCsv(results: AblationResults, answer: Answer): string {
  const { arms, runs, seeds, modalities } = results;
  const paths = [...new Set(arms.flatMap(({ settings }) => Object.keys(settings)))];
  const columns = modalities.flatMap(({ name }) => MEASURED.map((measure) => ({ name, measure })));
  const head = [
    "id",
    "arm",
    "kind",
    ...paths,
    "seed",
    "state",
    "reason",
    "parameters",
    "active_parameters",
    "flops_per_step",
    ...columns.map(({ name, measure }) => `${measure}_loss.${name}`),
  ];
  const row = (run: ResultRun): Field[] => {
    const arm = arms[run.arm];
    return [
      run.id,
      arm?.label,
      arm?.kind,
      ...paths.map((path) => plain(arm?.settings[path])),
      run.seed,
      run.state,
      run.reason,
      arm?.parameters.total,
      arm?.parameters.active,
      arm?.flops,
      ...columns.map(({ name, measure }) =>
        finalLoss(
          answer.modalities.find(({ modality }) => modality === name),
          measure,
          run.arm,
          seeds.indexOf(run.seed),
        ),
      ),
    ];
  };
  return [head, ...runs.map(row)].map((fields) => `${fields.map(quoted).join(",")}\r\n`).join("");
}

function finalLoss(answer: ModalityAnswer | undefined, measure: Measure, arm: number, seed: number): Field {
  const own = answer?.measures.find((one) => one.measure === measure);
  return own && armAnswer(own, arm)?.losses[seed];
}

const plain = (value: Json | undefined): Field =>
  value === undefined || typeof value === "string" || typeof value === "number" ? value : JSON.stringify(value);

/** A field of CSV. NaN is empty, like a missing number. */
function quoted(field: Field): string {
  if (typeof field === "number") return Number.isFinite(field) ? String(field) : "";
  if (field === undefined || !/[",\r\n]/.test(field)) return field ?? "";
  return `"${field.replaceAll('"', '""')}"`;
}

/** Names and values for the heading. */
export function factsOf(results: AblationResults): [string, string][] {
  const { arms, axes, runs, seeds, steps } = results;
  const extra = arms.filter(({ kind }) => kind === "extra").length;
  const baseline = baselineOf(results);
  return [
    ["Varies", axes.map(({ path }) => path).join(", ") || "nothing"],
    ["Arms", `${arms.length - extra}${extra === 0 ? "" : ` + ${extra} extra`}`],
    ["Seeds", String(seeds.length)],
    ["Runs done", `${countOf(runs, "done")} of ${runs.length}`],
    ["Steps per run", steps.toLocaleString("en-US")],
    ["Baseline", baseline === undefined ? "no baseline" : `the arm “${baseline.label}”`],
  ];
}

export function makingOf({ arms, runs, seeds, steps }: AblationResults, { window }: Answer): string[] {
  return [
    `${counted(runs.length, "run")}: each of ${arms.length} arms with ${seeds.length === 1 ? "seed" : "seeds"} ${listed(seeds.map(String))}, ${steps.toLocaleString("en-US")} steps each. Runs of an arm differ only in their seed.`,
    `The final training loss is the mean of a run's last ${counted(window, "step")}. The final held-out loss is that of its last validation.`,
    seeds.length === 1
      ? "One seed cannot separate a difference between arms from chance, so there are no intervals."
      : "For each modality, loss = arm + seed + residual. Gains and effects are contrasts of that model. Intervals are 95 % t-intervals with its residual deviation, not corrected for the number of comparisons. p values and marks of significance are corrected by Holm's method. Differences below the rounding error of f32 sums count as zero. The lowest loss of many arms is biased: that arm looks better than it is.",
    `Curves are means over seeds; training curves are smoothed over ${counted(window, "step")}. The first fall is cut off if it would flatten the rest.`,
  ];
}

/** The residuals of the losses after the effects of arm and seed. */
export function residualTable({ modalities }: Answer, { baseline }: AblationResults): Table | undefined {
  const rows = modalities.flatMap((answer) =>
    measuresOf(answer).flatMap((measure) => {
      const { residual } = measure;
      if (residual === undefined) return [];
      const mean = meanOf(measure, baseline ?? measure.arms[0]?.arm);
      return [
        [
          { text: `${answer.modality}, ${MEASURES[measure.measure].loss}` },
          { text: residual.deviation.toFixed(lossDecimals(mean) + 1) },
          { text: String(residual.degrees) },
        ],
      ];
    }),
  );
  return rows.length === 0
    ? undefined
    : { heads: ["Residual of", "Deviation", "Degrees of freedom"], parts: [{ rows }] };
}

/** Runs without a result, with reasons; undefined if all are done or none has started. */
export function absentTable({ runs, arms }: AblationResults): Table | undefined {
  const absent = runs.filter(({ state }) => state !== "done");
  if (absent.every(({ state }) => state === "pending") && absent.length === runs.length) return undefined;
  if (absent.length === 0) return undefined;
  return {
    heads: ["Run", "Arm", "Seed", "State", "Reason"],
    parts: [
      {
        rows: absent.map(({ id, arm, seed, state, reason }) => [
          { text: id },
          { text: arms[arm]?.label ?? "" },
          { text: String(seed) },
          { text: state },
          { text: reason ?? "" },
        ]),
      },
    ],
  };
}

/** Device and duration on one line: the only content that may differ when an ablation is repeated. */
export function clockLine({ clock }: AblationResults): string {
  const on = clock.devices.length === 0 ? "no device yet" : listed(clock.devices);
  return `Trained on ${on}; the runs took ${duration(clock.seconds)} in total.`.replace(/\s+/g, " ");
}

function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "an unknown time";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
