// What an ablation compares, in its folder: arms with their costs, seeds and modalities. With it, the answer follows from
// the folder alone, on any machine.
import { COUNT, jsonReader } from "../data/checked-json.js";
import { readRegular } from "../data/open-file.js";
import type { Design } from "./design.js";
import { ABLATION_FILES, type AblationFolder } from "./folder.js";
import type { AblationResults, ResultArm, ResultRun } from "./results.js";

/** The results without what was measured. */
export interface AblationDesign extends Omit<AblationResults, "runs" | "clock"> {
  readonly runs: readonly Pick<ResultRun, "id" | "arm" | "seed">[];
}

/** What the design does not contain. */
export interface Costs {
  /** One for each arm. */
  readonly arms: readonly Pick<ResultArm, "parameters" | "flops">[];
  readonly modalities: AblationResults["modalities"];
  /** The spec that varies, as text. */
  readonly spec: string;
}

export const withCosts = (design: Design, costs: Costs): AblationDesign => ({
  name: design.name,
  spec: costs.spec,
  axes: design.axes,
  arms: design.arms.map(({ label, settings, kind }, i) => ({
    label,
    settings,
    kind,
    ...(costs.arms[i] as Costs["arms"][number]),
  })),
  baseline: design.baseline,
  seeds: design.seeds,
  modalities: costs.modalities,
  steps: Math.max(...design.arms.map(({ spec }) => spec.train.steps)),
  runs: design.variants.map(({ id, arm, seed }) => ({ id, arm, seed })),
});

const TEXT = { type: "string" };
const NUMBER = { type: "number" };
/** The name of a folder among the variants. */
const ID = { type: "string", pattern: "^[A-Za-z0-9_-]{1,64}$" };
const list = (items: object) => ({ type: "array", items });
const object = (properties: Record<string, object>, optional: Record<string, object> = {}) => ({
  type: "object",
  properties: { ...properties, ...optional },
  required: Object.keys(properties),
});

const read = jsonReader<Omit<AblationDesign, "baseline"> & { readonly baseline?: number | null }>(
  object(
    {
      name: TEXT,
      spec: TEXT,
      axes: list(object({ path: TEXT, values: { type: "array" } }, { subsetsOf: list(TEXT) })),
      arms: {
        ...list(
          object({
            label: TEXT,
            settings: { type: "object" },
            kind: { enum: ["grid", "extra"] },
            parameters: object({ total: COUNT, active: COUNT }),
            flops: NUMBER,
          }),
        ),
        minItems: 1,
      },
      seeds: list(NUMBER),
      modalities: list(object({ name: TEXT, unit: TEXT }, { heldOut: { type: ["array", "null"], items: COUNT } })),
      steps: COUNT,
      runs: list(object({ id: ID, arm: COUNT, seed: NUMBER })),
    },
    { baseline: { type: ["integer", "null"], minimum: 0 } },
  ),
);

/** Its report also contains the design: that of earlier versions has nothing else. */
const FILES = [ABLATION_FILES.design, ABLATION_FILES.json];

/** The design in an ablation's folder, or what is wrong, as a sentence. */
export function designIn({ path, disk }: AblationFolder): AblationDesign | { readonly wrong: string } {
  const name = FILES.find((one) => disk.exists(disk.paths.join(path, one)));
  if (name === undefined) return { wrong: `There is no ${ABLATION_FILES.design}.` };
  const file = disk.paths.join(path, name);
  if (disk.isLink(file)) return { wrong: `${name} is a link, and only files of the ablation are shown.` };
  const found = read(readRegular(disk, file));
  if ("wrong" in found) return { wrong: `${name}: ${found.wrong}.` };
  const { baseline, modalities, ...design } = found.value;
  const isArm = (arm: number): boolean => arm < design.arms.length;
  if (!design.runs.every(({ arm }) => isArm(arm)) || (typeof baseline === "number" && !isArm(baseline)))
    return { wrong: `${name}: an arm is named that it does not have.` };
  return {
    ...design,
    runs: design.runs.map(({ id, arm, seed }) => ({ id, arm, seed })),
    modalities: modalities.map(({ heldOut, ...modality }) => ({ ...modality, ...(heldOut && { heldOut }) })),
    baseline: baseline ?? undefined,
  };
}
