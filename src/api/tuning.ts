// The choice of kernels for a model on a device, for verbs that train and for a compiled folder's train.mjs.
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

/** The mode of what must not wait for kernels to be measured. */
export const measuredBefore = (mode: TuneMode): TuneMode => (mode === "off" ? "off" : "cached");

/** The choices for a model on a device, from mom's cache and, where that is wanted, from measuring. */
export async function tuned(host: TuningHost, request: Omit<TuneRequest, "cache">): Promise<Choices> {
  const cache = openCache(host.disk, host.cacheFolder(), request.opened, request.notice);
  return await choicesFor({ ...request, cache });
}

/** The same for a folder that `mom compile` has made: its kernels as its files say, which a user may have edited. */
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

/** The end of a kernel's name, which tells the source that was written for it. */
const digestIn = (name: string): string => name.slice(name.lastIndexOf(".") + 1);
