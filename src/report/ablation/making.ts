// How an ablation was made: runs, measures, the statistical model and its residuals, and which runs are not done.
import type { Answer } from "../../ablate/answer.js";
import type { AblationResults } from "../../ablate/results.js";
import { counted, listed, lossDecimals } from "./numbers.js";
import { baselineOf, countOf, meanOf, measuresOf } from "./reading.js";
import type { Table } from "./table.js";
import { MEASURES } from "./words.js";

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
    ["Steps of a run", steps.toLocaleString("en-US")],
    ["Baseline", baseline === undefined ? "none is named" : baseline.label],
  ];
}

export function makingOf({ arms, runs, seeds, steps }: AblationResults, { window }: Answer): string[] {
  return [
    `${counted(runs.length, "run")}: each of ${arms.length} arms with ${seeds.length === 1 ? "seed" : "seeds"} ${listed(seeds.map(String))}, ${steps.toLocaleString("en-US")} steps each. Runs of an arm differ in their seed alone.`,
    `The final training loss is the mean of a run's last ${counted(window, "step")}, the final held-out loss that of its last validation.`,
    seeds.length === 1
      ? "With one seed nothing tells a difference between arms from chance, so there are no intervals."
      : "For each modality, loss = arm + seed + residual. Gains and effects are contrasts of that model; intervals are 95 % t-intervals with its residual deviation, not corrected for the number of comparisons. p values and marks of significance are corrected by Holm's method. Differences below the rounding of f32 sums count as none. The lowest of many arms looks better than it is.",
    `Curves are means over seeds; those of training are smoothed over ${counted(window, "step")}. The first fall is cut off where it would flatten the rest.`,
  ];
}

/** What is left of the losses when arm and seed are taken out. */
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

/** Runs without a result, and why; undefined where all are done or none has begun. */
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

/** What alone may differ between two runs of one ablation. On one line. */
export function clockLine({ clock }: AblationResults): string {
  const on = clock.devices.length === 0 ? "no device yet" : listed(clock.devices);
  return `Trained on ${on}, for ${duration(clock.seconds)} of the runs' own time.`.replace(/\s+/g, " ");
}

function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "an unknown time";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
