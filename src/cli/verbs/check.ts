// mom check: errors and warnings of specs.
import pc from "picocolors";
import { diagnosticsAsJson } from "../../diagnostics/json.js";
import { render, tally } from "../../diagnostics/render.js";
import { coloured } from "../colour.js";
import { checkFile, hasErrors } from "../read-spec.js";
import { EXIT, type Verb } from "../verb.js";

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<files...>", "the specs")
      .option("--format <format>", "text, or json for programs", "text")
      .action((files: readonly string[], options: { readonly format: string }) => {
        if (options.format !== "text" && options.format !== "json") {
          command.error(`error: --format is text or json, not '${options.format}'`, { exitCode: EXIT.wrongUsage });
        }
        const checked = files.map((file) => ({ file, ...checkFile(file) }));
        if (options.format === "json") {
          const found = checked.flatMap(({ diagnostics, sources }) => diagnosticsAsJson(diagnostics, sources));
          process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
        } else {
          for (const { file, diagnostics, sources } of checked) {
            if (diagnostics.length === 0)
              process.stdout.write(`${file}: ${pc.createColors(coloured(process.stdout)).green("no errors")}\n`);
            else
              process.stdout.write(
                `${render(diagnostics, sources, coloured(process.stdout))}\n${file}: ${tally(diagnostics)}\n`,
              );
          }
        }
        finish(checked.some(hasErrors) ? EXIT.wrongInput : EXIT.done);
      });
  },
};
