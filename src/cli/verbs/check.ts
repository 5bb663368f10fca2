// mom check: errors and warnings of specs.
import { Option } from "commander";
import pc from "picocolors";
import { diagnosticsAsJson } from "../../diagnostics/json.js";
import { render, tally } from "../../diagnostics/render.js";
import { diagnosticsAsSarif } from "../../diagnostics/sarif.js";
import { coloured, styleOf } from "../colour.js";
import { version } from "../project.js";
import { checkFile, hasErrors } from "../read-spec.js";
import { EXIT, type Verb } from "../verb.js";

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<files...>", "the specs")
      .addOption(
        new Option("--format <format>", "text, json for programs, or SARIF for code hosts")
          .choices(["text", "json", "sarif"])
          .default("text"),
      )
      .action((files: readonly string[], options: { readonly format: "text" | "json" | "sarif" }) => {
        const checked = files.map((file) => ({ file, ...checkFile(file) }));
        if (options.format !== "text") {
          const diagnostics = checked.flatMap((one) => one.diagnostics);
          const sources = checked.flatMap((one) => one.sources);
          const found =
            options.format === "json"
              ? diagnosticsAsJson(diagnostics, sources)
              : diagnosticsAsSarif(diagnostics, sources, version());
          process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
        } else {
          for (const { file, diagnostics, sources } of checked) {
            if (diagnostics.length === 0)
              process.stdout.write(`${file}: ${pc.createColors(coloured(process.stdout)).green("no errors")}\n`);
            else
              process.stdout.write(
                `${render(diagnostics, sources, styleOf(process.stdout))}\n${file}: ${tally(diagnostics)}\n`,
              );
          }
        }
        finish(checked.some(hasErrors) ? EXIT.wrongInput : EXIT.done);
      });
  },
};
