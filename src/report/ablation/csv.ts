// An ablation's runs as CSV (RFC 4180): one row for each, numbers unrounded.
import type { Answer, Measure, ModalityAnswer } from "../../ablate/answer.js";
import type { AblationResults, ResultRun } from "../../ablate/results.js";
import type { Json } from "../../front/spec.js";
import { armAnswer } from "./reading.js";

const MEASURES: readonly Measure[] = ["training", "validation"];
type Field = string | number | undefined;

export function ablationCsv(results: AblationResults, answer: Answer): string {
  const { arms, runs, seeds, modalities } = results;
  const paths = [...new Set(arms.flatMap(({ settings }) => Object.keys(settings)))];
  const columns = modalities.flatMap(({ name }) => MEASURES.map((measure) => ({ name, measure })));
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

/** Numbers that are none are empty, as missing ones. */
function quoted(field: Field): string {
  if (typeof field === "number") return Number.isFinite(field) ? String(field) : "";
  if (field === undefined || !/[",\r\n]/.test(field)) return field ?? "";
  return `"${field.replaceAll('"', '""')}"`;
}
