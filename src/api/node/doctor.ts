// Lists the adapters of this machine, the one that runs use, what is missing and how to install it.
import { type AdapterSource, findAdapter, openDevice, SOURCES } from "../../gpu/dawn.js";
import { DeviceError } from "../../gpu/device-error.js";
import { prove } from "../../gpu/prove.js";
import type { Profile } from "../../ir/plan.js";

export interface WorkingAdapter {
  readonly source: AdapterSource;
  readonly works: true;
  readonly description: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly features: readonly string[];
  readonly profile: Profile;
  /** The time from compiling a small kernel to its correct result. */
  readonly milliseconds: number;
}

export interface MissingAdapter {
  readonly source: AdapterSource;
  readonly works: false;
  readonly problem: string;
  readonly remedy: string;
}

export type ExaminedAdapter = WorkingAdapter | MissingAdapter;

export interface Findings {
  readonly node: string;
  readonly platform: string;
  /** In order of preference. */
  readonly adapters: readonly ExaminedAdapter[];
  /** Null if no adapter works. */
  readonly used: AdapterSource | null;
  readonly why: string;
}

/** @param only examines only this source */
export async function examineAdapters(only?: AdapterSource): Promise<Findings> {
  const adapters: ExaminedAdapter[] = [];
  for (const source of only === undefined ? SOURCES : [only]) adapters.push(await examine(source));
  const platform = `${process.platform} ${process.arch}`;
  return { node: process.version, platform, adapters, ...decide(adapters, only) };
}

/** The choice of a run: the chosen source, or the first in order of preference that has an adapter. */
function decide(adapters: readonly ExaminedAdapter[], only: AdapterSource | undefined): Pick<Findings, "used" | "why"> {
  const chosen = only ?? (process.env.MOM_ADAPTER || undefined);
  const by = only === undefined ? `MOM_ADAPTER=${chosen}` : `--adapter ${chosen}`;
  const used = adapters.find(({ source, works }) => works && (chosen === undefined || source === chosen));
  if (used === undefined) return { used: null, why: chosen === undefined ? "no adapter works" : `${by} does not work` };
  return { used: used.source, why: chosen === undefined ? "the first that works" : `chosen by ${by}` };
}

async function examine(source: AdapterSource): Promise<ExaminedAdapter> {
  try {
    const found = await findAdapter(source);
    if ("missing" in found) throw found.missing;
    const { vendor, architecture } = found.adapter.info;
    const { device, profile, description } = await openDevice({ adapter: source });
    const milliseconds = await prove(device, profile);
    const features = [...device.features].sort();
    device.destroy();
    return { source, works: true, description, vendor, architecture, features, profile, milliseconds };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return { source, works: false, problem: error.message, remedy: error.remedy };
  }
}
