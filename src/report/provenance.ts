// Where the numbers of a run come from, in words: dates, time, tokens, and the versions of mom, spec and data.
import { changeText, type RunChange } from "../train/changes.js";
import type { Spent } from "../train/metrics.js";
import type { Session } from "../train/sessions.js";
import { formatCount, formatDuration } from "./progress.js";

type Fact = readonly [name: string, value: string];

/**
 * Names and values for the heading of a report; without those that the run's version of mom did not record.
 * @param spent undefined if nothing is recorded yet
 */
export function provenance(
  sessions: readonly Session[],
  spent: Spent | undefined,
  changes: readonly RunChange[] = [],
): Fact[] {
  const [first, ...later] = sessions;
  const amounts = spent === undefined ? [] : spentFacts(spent);
  if (first === undefined) return amounts;
  return [
    ["Started", dateText(first.began)],
    ...(later.length > 0 ? [["Resumed", resumedText(later)] as const] : []),
    ...changeFacts(changes),
    ...amounts,
    ["Version", distinct(sessions.map(({ version }) => `mom ${version}`))],
    ["Spec", distinct(sessions.map(({ spec }) => `SHA-256 ${spec.slice(0, 12)}…`))],
    ["Data", distinct(sessions.map(({ data }) => `fingerprint ${data.toString(16).padStart(8, "0")}`))],
  ];
}

const spentFacts = ({ seconds, tokens = 0 }: Spent): Fact[] => [
  ["Wall time", formatDuration(seconds)],
  ...(tokens > 0 ? [["Tokens seen", formatCount(tokens)] as const] : []),
];

/** One fact for each resume that changed something. */
function changeFacts(changes: readonly RunChange[]): Fact[] {
  const steps = [...new Set(changes.map(({ step }) => step))];
  return steps.map((step) => {
    const here = changes.filter((change) => change.step === step);
    return [`Changed after step ${step}`, here.map(changeText).join("; ")];
  });
}

function resumedText(later: readonly Session[]): string {
  const { step, began } = later.at(-1) as Session;
  const last = `after step ${step}, ${dateText(began)}`;
  return later.length === 1 ? last : `${later.length} times, last ${last}`;
}

/** `2026-11-30 02:05 UTC`. */
const dateText = (iso: string): string => `${new Date(iso).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** A value that changed at a resume is listed with its successors. */
const distinct = (values: readonly string[]): string =>
  values.filter((value, i) => value !== values[i - 1]).join(", then ");
