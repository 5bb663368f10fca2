// `mom lsp`: the language server, over standard input and output.
import { once } from "node:events";
import { Transform } from "node:stream";
import { createConnection } from "vscode-languageserver/node";
import { nodeDisk } from "../../api/node/disk.js";
import { editorDisk } from "../../api/read-spec-files.js";
import { InputError } from "../../diagnostics/input-error.js";
import { visible } from "../../diagnostics/visible.js";
import { serve } from "../../lsp/server.js";
import { VERSION } from "../../train/version.gen.js";
import type { Verb } from "../verb.js";

export const verb: Verb = {
  declare(command) {
    command
      .option("--stdio", "use standard input and output (always the case; editors pass this flag)")
      .action(async () => {
        // Standard output carries only the protocol.
        console.log = console.error;
        const messages = onlyMessages();
        const refusal = once(messages, "error");
        const connection = createConnection(process.stdin.pipe(messages), process.stdout);
        serve(connection, editorDisk(nodeDisk), VERSION);
        // `exit` from the editor, or the end of its stream, ends the process.
        const [refused] = await refusal;
        throw refused;
      });
  },
};

/** Enough for the text of the largest spec with every character escaped. */
export const MESSAGE_BYTES = 16 * 2 ** 20;
/** Editors send less than a hundred bytes of headers. */
const HEADER_BYTES = 4096;

const END_OF_HEADERS = "\r\n\r\n";

/** Forwards complete messages. Fails with an `InputError` at the first bytes that are not a message. */
export function onlyMessages(): Transform {
  let pending: Buffer[] = [];
  let bytes = 0;
  /** Sizes in bytes of the message at the start of `pending`, after its headers are read. */
  let wanted: { readonly headers: number; readonly whole: number } | undefined;
  const joined = (): Buffer => {
    const whole = pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending);
    pending = [whole];
    return whole;
  };
  return new Transform({
    // The listener ends the process when this stream closes, which would be before the error is printed.
    autoDestroy: false,
    transform(chunk: Buffer, _encoding, done) {
      try {
        pending.push(chunk);
        bytes += chunk.length;
        for (;;) {
          wanted ??= headersOf(joined());
          if (wanted === undefined || bytes < wanted.whole) return done();
          const all = joined();
          checkBody(all.toString("utf8", wanted.headers, wanted.whole));
          this.push(all.subarray(0, wanted.whole));
          pending = [all.subarray(wanted.whole)];
          bytes -= wanted.whole;
          wanted = undefined;
        }
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      done(bytes === 0 ? null : refused("The input ends inside a message"));
    },
  });
}

/** Undefined if the headers are incomplete. */
function headersOf(start: Buffer): { headers: number; whole: number } | undefined {
  const end = start.subarray(0, HEADER_BYTES).indexOf(END_OF_HEADERS);
  if (end < 0 && start.length < HEADER_BYTES) return undefined;
  if (end < 0) throw refused(`The first ${HEADER_BYTES} bytes do not contain the end of the headers`);
  const lengths: string[] = [];
  for (const line of start.toString("latin1", 0, end).split("\r\n")) {
    const [, name, value] = /^([^:\s]+):(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw refused(`The header \`${shown(line)}\` has no name and value`);
    if (name.toLowerCase() === "content-length") lengths.push(value.trim());
  }
  const [length] = lengths;
  if (length === undefined) throw refused("The headers have no `Content-Length`");
  if (lengths.length > 1) throw refused("The headers have more than one `Content-Length`");
  if (!/^\d+$/.test(length)) throw refused(`\`Content-Length: ${shown(length)}\` is not a number of bytes`);
  if (Number(length) > MESSAGE_BYTES) {
    throw refused(`A message of ${shown(length)} bytes is too large: the limit is ${MESSAGE_BYTES}`);
  }
  const headers = end + END_OF_HEADERS.length;
  return { headers, whole: headers + Number(length) };
}

function checkBody(text: string): void {
  let message: { readonly jsonrpc?: unknown } | null;
  try {
    message = JSON.parse(text);
  } catch {
    throw refused(`A message is not JSON: \`${shown(text)}\``);
  }
  if (message?.jsonrpc !== "2.0") throw refused(`A message is not JSON-RPC 2.0: \`${shown(text)}\``);
}

const shown = (text: string): string => visible(text.length > 60 ? `${text.slice(0, 60)}…` : text);

const refused = (what: string): InputError =>
  new InputError(
    "bad-message",
    `${what}.`,
    "`mom lsp` is started by an editor, which sends it JSON-RPC messages after a `Content-Length` header.",
  );
