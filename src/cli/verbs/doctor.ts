// `mom doctor`: lists the adapters of this machine, the one that runs use, what is missing and how to install it.
import { Option } from "commander";
import pc from "picocolors";
import { type ExaminedAdapter, examineAdapters, type Findings } from "../../api/node/doctor.js";
import { type AdapterSource, SOURCES } from "../../gpu/dawn.js";
import { EXIT, type Verb } from "../verb.js";

export const verb: Verb = {
  declare(command, finish) {
    command
      .option("--json", "print JSON")
      .addOption(new Option("--adapter <source>", "examine only this source").choices(SOURCES))
      .action(async (options: { json?: true; adapter?: AdapterSource }) => {
        const findings = await examineAdapters(options.adapter);
        console.log(options.json ? JSON.stringify(findings, undefined, 2) : print(findings));
        finish(findings.used === null ? EXIT.deviceFailed : EXIT.done);
      });
  },
};

function print({ node, platform, adapters, used, why }: Findings): string {
  const verdict = used === null ? pc.red(`No usable adapter: ${why}.`) : `Runs use ${pc.bold(used)}: ${why}.`;
  return [`Node ${node} on ${platform}`, "", ...adapters.flatMap(printAdapter), "", verdict].join("\n");
}

function printAdapter(adapter: ExaminedAdapter): readonly string[] {
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
      `${Math.round(limits.bindingBytes / 2 ** 20)} MiB per binding, ${Math.round(limits.bufferBytes / 2 ** 20)} MiB per buffer`,
    ),
    more(features.join(", ") || "no optional features"),
    more(`works: a small kernel gave the correct result after ${adapter.milliseconds.toFixed(0)} ms`),
  ];
}
