// `mom report`: writes the page of runs as one file, or their table as text, JSON or LaTeX.
import { resolve } from "node:path";
import { Option } from "commander";
import { nodeDisk } from "../../api/node/disk.js";
import { readRuns } from "../../api/watch/read-runs.js";
import { holdsRuns } from "../../api/watch/runs.js";
import { visibleLine } from "../../diagnostics/visible.js";
import { runsJson, runsLatex, runsText } from "../../report/page/forms.js";
import type { RunView } from "../../report/page/view.js";
import { noRuns } from "../../train/errors.js";
import { replaceFile } from "../../train/replace-file.js";
import { writeExactly } from "../streams.js";
import { EXIT, type Verb } from "../verb.js";

const TABLES: Readonly<Record<string, (runs: readonly RunView[]) => string>> = {
  text: runsText,
  json: runsJson,
  latex: runsLatex,
};

/** Where the page is written without --out. */
const PAGE = "report.html";

interface Options {
  readonly out?: string;
  readonly format: string;
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<runs...>", "folders of runs, or folders that contain some")
      .option("--out <file>", "where to write it (default: report.html, and tables to standard output)")
      .addOption(
        new Option("--format <format>", "a page, or a table on standard output")
          .choices(["html", ...Object.keys(TABLES)])
          .default("html"),
      )
      .addHelpText("after", "  mom report runs/first runs/second --format latex\n")
      .action((paths: string[], { out, format }: Options) => {
        for (const path of paths) if (!holdsRuns(nodeDisk, path)) throw noRuns(path);
        const { views, page } = readRuns(nodeDisk, paths);
        const table = TABLES[format]?.(views);
        const file = out ?? (table === undefined ? PAGE : undefined);
        if (file !== undefined) {
          replaceFile(nodeDisk, resolve(file), table ?? page(), ", or name another file with --out.");
          process.stdout.write(`Report: ${visibleLine(file)}\n`);
        } else if (table !== undefined)
          (format === "text" ? (text: string) => process.stdout.write(text) : writeExactly)(table);
        finish(EXIT.done);
      });
  },
};
