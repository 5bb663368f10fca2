// mom lsp: the language server, over standard input and output.
import { once } from "node:events";
import { createConnection } from "vscode-languageserver/node";
import { nodeDisk } from "../../api/node/disk.js";
import { editorDisk } from "../../api/read-spec-files.js";
import { serve } from "../../lsp/server.js";
import { onlyMessages } from "../lsp-frames.js";
import { version } from "../project.js";
import type { Verb } from "../verb.js";

export const verb: Verb = {
  declare(command) {
    command.option("--stdio", "speak over standard input and output, which is what it always does").action(async () => {
      // Only the protocol may be written to standard output.
      console.log = console.error;
      const messages = onlyMessages();
      const refusal = once(messages, "error");
      const connection = createConnection(process.stdin.pipe(messages), process.stdout);
      serve(connection, editorDisk(nodeDisk), version());
      // `exit` from the editor, or the end of its stream, ends the process.
      const [refused] = await refusal;
      throw refused;
    });
  },
};
