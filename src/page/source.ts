// Where the page gets its data: from `mom watch`, or from the file itself.
import type { FrozenPage, PackedRecords, PageState, RunView, SamplesView, TableName } from "../report/page/view.js";

export interface Source {
  /** Whether the data may change. */
  readonly live: boolean;
  readonly title: string;
  readonly state: (since: number) => Promise<PageState>;
  readonly records: (
    run: RunView,
    have: { readonly generation: number } & Readonly<Record<TableName, number>>,
  ) => Promise<PackedRecords>;
  readonly samples: (run: RunView, step: number) => Promise<SamplesView>;
  /** The answer of an ablation, as HTML. */
  readonly answer: (ablation: number) => Promise<string>;
}

async function asked<T>(path: string, values: Readonly<Record<string, number>>): Promise<T> {
  const query = new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)]));
  const response = await fetch(`${path}?${query}`);
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

const live: Source = {
  live: true,
  title: "Runs",
  state: (since) => asked("state", { since }),
  records: ({ id }, have) => asked("records", { run: id, ...have }),
  samples: ({ id }, step) => asked("samples", { run: id, step }),
  answer: async (ablation) => (await asked<{ readonly html: string }>("answer", { ablation })).html,
};

const frozen = ({ title, state, records, samples, answers }: FrozenPage): Source => ({
  live: false,
  title,
  state: async () => state,
  records: async ({ id }) => records[id] as PackedRecords,
  samples: async ({ id }, step) =>
    samples[`${id}/${step}`] ?? { problem: "The samples of this step are not in the file." },
  answer: async (ablation) => answers[ablation] ?? "",
});

export function source(): Source {
  const data = document.getElementById("data")?.textContent;
  return typeof data === "string" ? frozen(JSON.parse(data) as FrozenPage) : live;
}
