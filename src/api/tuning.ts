// Chooses kernel variants for a model on a device, for verbs that train and for train.mjs of a compiled folder.
import { type CompileOptions, programsOf, TRAINING_PHASES } from "../compile.js";
import type { OpenDevice } from "../gpu/dawn.js";
import type { Choices } from "../ir/plan.js";
import type { CompiledModel } from "../train/compiled.js";
import { openCache } from "../tune/cache.js";
import type { Rewrite } from "../tune/nodes.js";
import { choicesFor, type TuneMode, type TuneRequest } from "../tune/tune.js";
import type { Host } from "./host.js";

type TuningHost = Pick<Host, "disk" | "cacheFolder">;

export const DEFAULT_TUNE: TuneMode = "cached";

/** The mode for a caller that must not wait for measurements. */
export const measuredBefore = (mode: TuneMode): TuneMode => (mode === "off" ? "off" : "cached");

/** The choices for a model on a device, from mom's cache and, with `full`, from measurements. */
export async function tuned(host: TuningHost, request: Omit<TuneRequest, "cache">): Promise<Choices> {
  const cache = openCache(host.disk, host.cacheFolder(), request.opened, request.notice);
  return await choicesFor({ ...request, cache });
}

/** The same for a folder that `mom compile` wrote, with the kernels in its files, which a user may have edited. */
export async function tunedFolder(
  host: TuningHost,
  { spec, profile, compiled }: CompiledModel,
  opened: OpenDevice,
  mode: TuneMode,
  notice: (line: string) => void,
): Promise<Choices> {
  const { batch, length, chunk, plan } = compiled;
  const options: CompileOptions = { profile, batch, length, chunk, phases: TRAINING_PHASES, variants: "all" };
  const sourceOf = new Map(plan.kernels.map(({ name, source }) => [digestIn(name), source]));
  const rewrite: Rewrite = (kernel) => ({ ...kernel, source: sourceOf.get(digestIn(kernel.name)) ?? kernel.source });
  const stages = mode === "off" ? [] : programsOf(spec, options);
  return await tuned(host, { mode, spec, options, stages, opened, notice, rewrite });
}

/** The digest at the end of a kernel's name, which identifies its generated source. */
const digestIn = (name: string): string => name.slice(name.lastIndexOf(".") + 1);
