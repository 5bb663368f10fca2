// An ablation as JSON: its design, runs and whole answer, numbers unrounded. Curves stay in the runs' own metrics.
import type { Answer } from "../../ablate/answer.js";
import type { AblationResults } from "../../ablate/results.js";

export function ablationJson(results: AblationResults, answer: Answer): string {
  const { clock, runs, ...design } = results;
  const bare = runs.map(({ training: _, validation: __, ...run }) => run);
  const whole = { ...design, runs: bare, answer, clock };
  // What is not a number or not there is null, so that arrays keep their places and members their names.
  return `${JSON.stringify(whole, (_, value) => (value === undefined ? null : value), 2)}\n`;
}
