// mom lsp: the language server, over standard input and output.
import { createConnection } from "vscode-languageserver/node";
import { serve } from "../../lsp/server.js";
import { version } from "../project.js";
import { readStart, readText, refusingFor } from "../read-spec.js";
import type { Verb } from "../verb.js";

export const verb: Verb = {
  declare(command) {
    command.option("--stdio", "speak over standard input and output, which is what it always does").action(async () => {
      // Only the protocol may be written to standard output.
      console.log = console.error;
      serve(createConnection(process.stdin, process.stdout), { refusing: refusingFor, readText, readStart }, version());
      // `exit` from the editor, or the end of its stream, ends the process.
      await new Promise<never>(() => {});
    });
  },
};
