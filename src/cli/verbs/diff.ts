// `mom diff`: compares two specs by meaning and by cost.

import { basename } from "node:path";
import { Option } from "commander";
import pc from "picocolors";
import { type Difference, difference, type SpecInFolder } from "../../api/difference.js";
import { nodeDisk } from "../../api/node/disk.js";
import { visibleLine } from "../../diagnostics/visible.js";
import { short, size } from "../../inspect/inspection-text.js";
import { PROFILES } from "../../ir/profiles.js";
import { columns } from "../../report/columns.js";
import { coloured } from "../colour.js";
import { allowOption } from "../compile-options.js";
import { readSpec } from "../read-spec.js";
import { EXIT, type Verb } from "../verb.js";

interface Options {
  readonly device?: string;
  readonly exitCode?: true;
  readonly json?: true;
  readonly allow?: readonly string[];
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<one>", "a spec")
      .argument("<other>", "another")
      .addOption(
        new Option(
          "--device <profile>",
          "the device whose memory is shown (default: the first that supports the precision of both specs)",
        ).choices(PROFILES.map(({ name }) => name)),
      )
      .option("--exit-code", "exit with 1 if they differ, like git diff")
      .option("--json", "print JSON")
      .addOption(allowOption())
      .action((one: string, other: string, { device, exitCode, json, allow }: Options) => {
        const [before, after] = [rightSpec(one, allow), rightSpec(other, allow)];
        if (before === undefined || after === undefined) return finish(EXIT.wrongInput);
        const found = difference(nodeDisk, before, after, device);
        process.stdout.write(json ? `${JSON.stringify({ one, other, ...found }, null, 2)}\n` : text(one, other, found));
        finish(exitCode && found.changes.length > 0 ? EXIT.wrongInput : EXIT.done);
      });
  },
};

function rightSpec(file: string, allow?: readonly string[]): SpecInFolder | undefined {
  const { spec, json, folder } = readSpec(file, { allow });
  return spec === undefined || json === undefined ? undefined : { spec, json, folder };
}

function text(one: string, other: string, { changes, costs }: Difference): string {
  const c = pc.createColors(coloured(process.stdout));
  if (changes.length === 0) return `${one} and ${other} mean the same.\n`;
  const width = Math.max(...changes.map(({ path }) => path.length));
  const shown = (value: string | undefined, absent: string): string =>
    value === undefined ? c.dim(absent) : visibleLine(value);
  const lines = changes.map(
    ({ path, before, after }) =>
      `  ${path.padEnd(width)}  ${c.red(shown(before, "(none)"))} → ${c.green(shown(after, "(none)"))}\n`,
  );
  const number = (value: number | undefined, bytes: boolean): string =>
    value === undefined ? "" : bytes ? size(value) : value < 1e6 ? value.toLocaleString("en-US") : short(value);
  const rows = costs.map(({ what, before, after, bytes = false }) => [
    `  ${what}`,
    number(before, bytes),
    number(after, bytes),
    percent(before, after),
  ]);
  return `${c.bold("fields")}\n${lines.join("")}\n${columns(["cost", ...namesOf(one, other), ""], rows, new Set([1, 2, 3]))}\n`;
}

/** The names of the specs, without folders if the file names differ. */
function namesOf(one: string, other: string): [string, string] {
  return basename(one) === basename(other) ? [one, other] : [basename(one), basename(other)];
}

function percent(before: number | undefined, after: number | undefined): string {
  if (before === undefined || after === undefined || before === 0) return "";
  const change = (100 * (after - before)) / before;
  return change === 0 ? "the same" : `${change > 0 ? "+" : "−"}${Math.abs(change).toFixed(1)} %`;
}
