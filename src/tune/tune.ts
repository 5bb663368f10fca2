// The autotuner: for each node of a model that can run in several ways, the fastest of those that are right.
import type { CompileOptions, StageOutput } from "../compile.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import type { Pipelines } from "../gpu/pipelines.js";
import type { Choices } from "../ir/plan.js";
import { TooLarge } from "../ir/too-large.js";
import { settingsFor } from "../kernels/draft.js";
import type { Cache } from "./cache.js";
import { measuredAs, type Rewrite, type TunableNode, tunableNodes } from "./nodes.js";
import { madeUpBatch, smallFinder } from "./small.js";
import { type Finding, type Trial, tryNode, type Verdict } from "./trial.js";

/** off: the first variant that a device admits. cached: what was measured before, else the first. full: what was not is. */
export const TUNE_MODES = ["off", "cached", "full"] as const;
export type TuneMode = (typeof TUNE_MODES)[number];

export interface TuneRequest {
  readonly mode: TuneMode;
  readonly spec: CheckedSpec;
  /** What the stages were made with. */
  readonly options: CompileOptions;
  readonly stages: readonly StageOutput[];
  readonly opened: OpenDevice;
  readonly cache: Cache;
  /** Told what is measured, a line a node. */
  readonly notice: (line: string) => void;
  /** Asked before each node: what is not measured then takes its first variant. */
  readonly stopWanted?: () => boolean;
  readonly pipelines?: Pipelines;
  readonly rewrite?: Rewrite;
}

/**
 * The variants that nodes take, by their keys; a node without one takes the first that the device admits.
 * @throws DeviceError where a node is measured and no variant of it computes what it means, or the device fails
 */
export async function choicesFor(request: TuneRequest): Promise<Choices> {
  const { mode, spec, options, stages, opened, cache, notice, stopWanted, rewrite = (kernel) => kernel } = request;
  if (mode === "off") return {};
  const known = cache.read();
  if (mode === "cached" && Object.keys(known).length === 0) return {};
  const settings = options.settings ?? settingsFor(options.profile);
  const nodes = tunableNodes(stages, [options.profile, opened.profile], settings);
  const choices: Record<string, string> = {};
  const lacking: { readonly node: TunableNode; readonly name: string }[] = [];
  for (const node of nodes) {
    const name = measuredAs(node, rewrite);
    const verdict = known[name];
    if (verdict) choices[node.key] = verdict.variant;
    else lacking.push({ node, name });
  }
  if (mode === "cached" || lacking.length === 0) return choices;

  notice(`Tuning ${lacking.length} of ${nodes.length} kernels; the choices are kept in ${cache.path}`);
  const trial: Trial = {
    workshop: { opened, settings, rewrite, pipelines: request.pipelines ?? new Map() },
    batch: madeUpBatch(spec, options.batch, options.length),
    smallOf: smallFinder(spec, options),
  };
  for (const [i, { node, name }] of lacking.entries()) {
    if (stopWanted?.()) break;
    const verdict = await verdictOn(trial, node);
    if (typeof verdict === "string") notice(`${i + 1}/${lacking.length} ${node.key}: ${verdict}`);
    else {
      const stands = await cache.add(name, verdict);
      choices[node.key] = stands.variant;
      notice(`${i + 1}/${lacking.length} ${node.key}: ${told(stands)}`);
    }
  }
  return choices;
}

/** What was found, or why nothing could be. */
async function verdictOn(trial: Trial, node: TunableNode): Promise<Verdict | string> {
  try {
    const found = await tryNode(trial, node);
    return typeof found === "string" ? `not tuned: ${found}` : found;
  } catch (error) {
    if (error instanceof TooLarge) return `not tuned: ${error.message}`;
    throw error;
  }
}

const told = ({ variant, candidates }: Verdict): string =>
  `${variant} of ${Object.entries(candidates)
    .map(([name, found]) => `${name} ${outcome(found)}`)
    .join(", ")}`;

function outcome(found: Finding): string {
  if ("milliseconds" in found) return `${found.milliseconds.toPrecision(3)} ms`;
  if ("refused" in found) return "refused";
  return found.error === null ? "wrong" : `off by ${found.error.toExponential(1)}`;
}
