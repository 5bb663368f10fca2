// The facts of a run for the heading of its report, in its folder.
import { jsonReader } from "../data/checked-json.js";
import { replaceFile } from "../train/replace-file.js";
import { pathIn, type Run } from "../train/run-folder.js";

export interface About {
  readonly title: string;
  /** Names and values: parameters, device, … */
  readonly facts: readonly (readonly [string, string])[];
  /** The unit of each modality's loss: "nats per token". */
  readonly units: Readonly<Record<string, string>>;
  /** Training FLOPs of one update on average data. Earlier versions did not record them. */
  readonly flops_per_step?: number;
}

const TEXT = { type: "string" };

/** The facts of a run, from the bytes of the file. */
export const readAbout = jsonReader<About>({
  type: "object",
  properties: {
    title: TEXT,
    facts: { type: "array", items: { type: "array", items: TEXT, minItems: 2, maxItems: 2 } },
    units: { type: "object", additionalProperties: TEXT },
    flops_per_step: { type: "number", minimum: 0 },
  },
  required: ["title", "facts", "units"],
});

/** @throws Failure if writing fails */
export function writeAbout(run: Run, about: About): void {
  const text = `${JSON.stringify(about, null, 2)}\n`;
  replaceFile(run.disk, pathIn(run, "about"), text, ", then continue from the last checkpoint with --resume.");
}
