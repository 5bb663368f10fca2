// `mom doctor`: which adapters this machine has, which one runs use, and what is missing and how to get it.
import { Option } from "commander";
import pc from "picocolors";
import { type AdapterSource, findAdapter, openDevice, SOURCES } from "../../gpu/dawn.js";
import { DeviceError } from "../../gpu/device-error.js";
import { prove } from "../../gpu/prove.js";
import type { Profile } from "../../ir/plan.js";
import { EXIT, type Verb } from "../verb.js";

interface Working {
  readonly source: AdapterSource;
  readonly works: true;
  readonly description: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly features: readonly string[];
  readonly profile: Profile;
  /** From compiling a small kernel to its right result. */
  readonly milliseconds: number;
}

interface NotWorking {
  readonly source: AdapterSource;
  readonly works: false;
  readonly problem: string;
  readonly remedy: string;
}

type Examined = Working | NotWorking;

interface Findings {
  readonly node: string;
  readonly platform: string;
  /** In order of preference. */
  readonly adapters: readonly Examined[];
  readonly used: AdapterSource | null;
  readonly why: string;
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .option("--json", "print JSON")
      .addOption(new Option("--adapter <source>", "examine this source alone").choices(SOURCES))
      .action(async (options: { json?: true; adapter?: AdapterSource }) => {
        const findings = await examineAll(options.adapter);
        console.log(options.json ? JSON.stringify(findings, undefined, 2) : print(findings));
        finish(findings.used === null ? EXIT.deviceFailed : EXIT.done);
      });
  },
};

async function examineAll(only: AdapterSource | undefined): Promise<Findings> {
  const adapters: Examined[] = [];
  for (const source of only === undefined ? SOURCES : [only]) adapters.push(await examine(source));
  const platform = `${process.platform} ${process.arch}`;
  return { node: process.version, platform, adapters, ...decide(adapters, only) };
}

/** What a run does: the chosen source, else the first in order of preference that has an adapter. */
function decide(adapters: readonly Examined[], only: AdapterSource | undefined): Pick<Findings, "used" | "why"> {
  const chosen = only ?? (process.env.MOM_ADAPTER || undefined);
  const by = only === undefined ? `MOM_ADAPTER=${chosen}` : `--adapter ${chosen}`;
  const used = adapters.find(({ source, works }) => works && (chosen === undefined || source === chosen));
  if (used === undefined) return { used: null, why: chosen === undefined ? "no adapter works" : `${by} does not work` };
  return { used: used.source, why: chosen === undefined ? "the first that works" : `chosen by ${by}` };
}

async function examine(source: AdapterSource): Promise<Examined> {
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

function print({ node, platform, adapters, used, why }: Findings): string {
  const verdict = used === null ? pc.red(`Nothing to run on: ${why}.`) : `Runs use ${pc.bold(used)}: ${why}.`;
  return [`Node ${node} on ${platform}`, "", ...adapters.flatMap(printAdapter), "", verdict].join("\n");
}

function printAdapter(adapter: Examined): readonly string[] {
  const line = (mark: string, text: string): string => `${mark} ${adapter.source.padEnd(12)}${text}`;
  const more = (text: string): string => `${" ".repeat(14)}${text}`;
  if (!adapter.works) return [line(pc.yellow("✗"), adapter.problem), more(pc.dim(adapter.remedy))];
  const { limits, subgroup, f16 } = adapter.profile;
  const features = [
    ...(subgroup
      ? [`subgroups of ${subgroup.min === subgroup.max ? subgroup.min : `${subgroup.min}–${subgroup.max}`}`]
      : []),
    ...(f16 ? ["f16"] : []),
    ...(adapter.features.includes("timestamp-query") ? ["timestamps"] : []),
    ...(adapter.features.includes("chromium-experimental-subgroup-matrix") ? ["matrix units"] : []),
  ];
  return [
    line(pc.green("✓"), adapter.description),
    more(
      `${limits.storageBuffers} storage buffers, ${limits.workgroupBytes / 1024} KiB of workgroup memory, ${limits.invocations} invocations`,
    ),
    more(
      `${Math.round(limits.bindingBytes / 2 ** 20)} MiB a binding, ${Math.round(limits.bufferBytes / 2 ** 20)} MiB a buffer`,
    ),
    more(features.join(", ") || "no optional features"),
    more(`computes: a small kernel was right after ${adapter.milliseconds.toFixed(0)} ms`),
  ];
}
