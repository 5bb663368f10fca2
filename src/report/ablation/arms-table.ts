// The table of arms for one modality: size, final losses, gains, and when the baseline's loss is reached.
import type { ArmAnswer, Estimate, Match, ModalityAnswer } from "../../ablate/answer.js";
import type { AblationResults, ResultArm } from "../../ablate/results.js";
import {
  amount,
  decimalsOf,
  fixed,
  isSure,
  loss,
  lossDecimals,
  matchDecimals,
  NONE,
  range,
  signed,
} from "./numbers.js";
import { armAnswer, baselineOf, extraArms, measuresOf, ranked } from "./reading.js";
import type { Cell, Table } from "./table.js";
import { extraNote } from "./widened.js";
import { MEASURES, SIGNIFICANT } from "./words.js";

/** Undefined where nothing was measured. */
export function armsTable(results: AblationResults, answer: ModalityAnswer): Table | undefined {
  const measures = measuresOf(answer);
  const [main] = measures;
  if (main === undefined) return undefined;
  const compared = baselineOf(results) !== undefined;
  const heads = ["Loss", ...(compared ? ["Gain %", "Steps %", "FLOPs %"] : [])];
  const [best] = ranked(main, results);
  const row = (index: number): Cell[] => {
    const arm = results.arms[index];
    const tag = index === results.baseline ? "baseline" : index === best ? "lowest loss" : undefined;
    const name = { text: arm?.label ?? "", ...(tag && { note: tag, strong: true }) };
    const sizes = [arm?.parameters.total, arm?.parameters.active].map((count = 0) => ({ text: amount(count) }));
    const measured = measures.flatMap((measure) => cells(armAnswer(measure, index), compared));
    return [name, ...sizes, ...measured];
  };
  const rowsOf = (kind: "grid" | "extra") =>
    results.arms.flatMap((arm, index) => (arm.kind === kind ? [row(index)] : []));
  return {
    groups: [
      { label: "", columns: 1 },
      { label: "Parameters", columns: 2 },
      ...measures.map(({ measure }) => ({ label: MEASURES[measure].title, columns: heads.length })),
    ],
    heads: ["Arm", "Total", "Active", ...measures.flatMap(() => heads)],
    parts: [{ rows: rowsOf("grid") }, { label: "Beside the design", rows: rowsOf("extra") }],
  };
}

function cells(arm: ArmAnswer | undefined, compared: boolean): Cell[] {
  const spread = arm?.deviation;
  const mean: Cell = {
    text: loss(arm?.mean),
    ...(spread !== undefined && Number.isFinite(spread) && { note: `± ${fixed(spread, lossDecimals(arm?.mean))}` }),
  };
  return compared ? [mean, gainCell(arm?.gainPercent), ...matchCells(arm?.match)] : [mean];
}

function gainCell(gain: Estimate | undefined): Cell {
  if (gain === undefined || !Number.isFinite(gain.estimate)) return { text: NONE };
  const decimals = decimalsOf(gain);
  const interval = range(gain, decimals);
  return {
    text: signed(gain.estimate, decimals),
    ...(interval !== undefined && { note: interval }),
    strong: isSure(gain),
  };
}

function matchCells(match: Match | undefined): Cell[] {
  if (match === undefined) return [{ text: NONE }, { text: NONE }];
  if (match.reached !== "all") {
    const by = { text: "not", note: `${match.by} of ${match.of}` };
    return match.of === 0 ? [{ text: NONE }, { text: NONE }] : [by, by];
  }
  return [match.steps, match.flops].map((estimate) => {
    const decimals = matchDecimals(estimate);
    const interval = range(estimate, decimals);
    const bound = match.atMost ? "≤ " : "";
    return { text: `${bound}${fixed(estimate.estimate, decimals)}`, ...(interval !== undefined && { note: interval }) };
  });
}

/** What the columns and the arms beside the design are. */
export function armsNotes(results: AblationResults): string[] {
  const baseline = baselineOf(results);
  const seeds = results.seeds.length > 1;
  return [
    ...(baseline === undefined
      ? []
      : [
          `Gain: how much lower the loss is than that of the baseline (${baseline.label}), in per cent of it${seeds ? ", with its 95 % interval" : ""}. Steps and FLOPs: what the arm takes to the baseline's final loss, in per cent of what the baseline took; “not” where not every seed gets there, “≤” where one is there at its first measured step.`,
        ]),
    ...(seeds ? [SIGNIFICANT] : []),
    ...(seeds ? ["± is the standard deviation over seeds."] : []),
    ...extraArms(results).map((index) => extraNote(results, results.arms[index] as ResultArm)),
  ];
}
