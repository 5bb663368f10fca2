// `mom data`: fetches and makes data, fits codebooks, looks into data sets. One file for each subcommand, in ../data.
import { subcommand as asterisk } from "../data/asterisk.js";
import { subcommand as codebook } from "../data/codebook.js";
import { subcommand as listen } from "../data/listen.js";
import { subcommand as look } from "../data/look.js";
import { subcommand as spokenEmoji } from "../data/spoken-emoji.js";
import type { Subcommand } from "../data/subcommand.js";
import { subcommand as units } from "../data/units.js";
import type { Verb } from "../verb.js";

const SUBCOMMANDS: readonly Subcommand[] = [look, codebook, units, listen, asterisk, spokenEmoji];

export const verb: Verb = {
  declare(command, finish) {
    command.helpCommand(false);
    for (const { name, summary, example, declare } of SUBCOMMANDS) {
      const own = command.command(name).description(summary).addHelpText("after", `\nExample:\n  ${example}\n`);
      declare(own.showHelpAfterError(`(\`mom data ${name} --help\` tells more)`), finish);
    }
  },
};
