// `mom data`: looks into data sets, fits codebooks (one file for each such subcommand in ../data), and runs the recipes.
import { readdirSync } from "node:fs";
import type { Command } from "commander";
import type { Recipe } from "../../api/node/recipes.js";
import { allowOption, skipBadOption } from "../compile-options.js";
import { subcommand as codebook } from "../data/codebook.js";
import { subcommand as listen } from "../data/listen.js";
import { subcommand as look } from "../data/look.js";
import type { Subcommand } from "../data/subcommand.js";
import { wholeNumber } from "../trained.js";
import type { Verb } from "../verb.js";

/** Every file there is a recipe, and its name that of its subcommand. */
const RECIPES = new URL("../../../recipes/", import.meta.url);

async function recipes(): Promise<Subcommand[]> {
  const files = readdirSync(RECIPES).filter((file) => file.endsWith(".js"));
  return await Promise.all(
    files.sort().map(async (file) => {
      const { recipe } = (await import(new URL(file, RECIPES).href)) as { readonly recipe: Recipe };
      const { summary, example } = recipe;
      return { name: file.slice(0, -".js".length), summary, example, declare: (command) => declare(command, recipe) };
    }),
  );
}

function declare(command: Command, { options, readsDocuments, run }: Recipe): void {
  for (const { flags, about, default: usual } of options) {
    if (usual === undefined) command.requiredOption(flags, about);
    else if (typeof usual === "number") command.option(flags, about, wholeNumber, usual);
    else command.option(flags, about, usual);
  }
  if (readsDocuments) command.addOption(allowOption()).addOption(skipBadOption());
  command.action((given: Parameters<typeof run>[0]) => {
    process.stdout.write(run(given, (text) => void process.stderr.write(`${text}\n`)));
  });
}

const SUBCOMMANDS: readonly Subcommand[] = [look, codebook, listen, ...(await recipes())];

export const verb: Verb = {
  declare(command, finish) {
    command.helpCommand(false);
    for (const { name, summary, example, declare } of SUBCOMMANDS) {
      const own = command.command(name).description(summary).addHelpText("after", `\nExample:\n  ${example}\n`);
      declare(own.showHelpAfterError(`(\`mom data ${name} --help\` tells more)`), finish);
    }
  },
};
