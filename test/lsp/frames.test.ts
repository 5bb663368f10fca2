// `mom lsp` accepts valid messages on its input and refuses everything else with a reason.
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MESSAGE_BYTES, onlyMessages } from "../../src/cli/verbs/lsp.js";
import { buildMom, type Mom } from "../support/mom.js";

const frame = (body: string): string => `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const message = (text: string): string => JSON.stringify({ jsonrpc: "2.0", method: "x", params: { text } });

/** The output for bytes that arrive `size` at a time, and the error that ends it. */
async function outputOf(bytes: Buffer, size: number): Promise<{ out: string; error: string | undefined }> {
  const stream = onlyMessages();
  const out: Buffer[] = [];
  let error: string | undefined;
  stream.on("data", (chunk: Buffer) => out.push(chunk));
  stream.on("error", (one) => {
    error ??= one.message;
  });
  for (let at = 0; at < bytes.length && error === undefined; at += size) {
    await new Promise<void>((done) => stream.write(bytes.subarray(at, at + size), () => done()));
  }
  if (error === undefined) await new Promise<void>((done) => stream.end(() => done()));
  return { out: Buffer.concat(out).toString(), error };
}

test.each([1, 7, 100_000])("messages that arrive %i bytes at a time pass unchanged", async (size) => {
  const sent = Buffer.from(
    `${frame(message("naïve 🐍"))}Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n${frame(message(""))}`,
  );
  expect(await outputOf(sent, size)).toEqual({ out: sent.toString(), error: undefined });
});

const REFUSED: readonly (readonly [string, string])[] = [
  ["Content-Length: -5\r\n\r\n", "`Content-Length: -5` is not a number of bytes."],
  ["Content-Length: 5.5\r\n\r\n", "`Content-Length: 5.5` is not a number of bytes."],
  ["Content-Length: \r\n\r\n", "`Content-Length: ` is not a number of bytes."],
  ["Content-Length: 99999999999\r\n\r\n", "A message of 99999999999 bytes is too large: the limit is 16777216."],
  [`Content-Length: ${MESSAGE_BYTES + 1}\r\n\r\n`, "A message of 16777217 bytes is too large: the limit is 16777216."],
  ["Content-Type: text\r\n\r\n{}", "The headers have no `Content-Length`."],
  ["\r\n\r\n", "The header `` has no name and value."],
  ["Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "The headers have more than one `Content-Length`."],
  ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "The header `GET / HTTP/1.1` has no name and value."],
  ["\u001b[2J x\r\n\r\n", "The header `\\u001b[2J x` has no name and value."],
  ["x".repeat(5000), "The first 4096 bytes do not contain the end of the headers."],
  ["Content-Length: 40", "The input ends inside a message."],
  ["Content-Length: 40\r\n\r\n{", "The input ends inside a message."],
  [frame("{x}"), "A message is not JSON: `{x}`."],
  [frame(""), "A message is not JSON: ``."],
  [frame("null"), "A message is not JSON-RPC 2.0: `null`."],
  [frame("[]"), "A message is not JSON-RPC 2.0: `[]`."],
];

test.each(REFUSED.map(([bytes, error]) => [error, bytes] as const))("input is refused: %s", async (error, bytes) => {
  const before = frame(message("kept"));
  for (const size of [1, 100_000])
    expect(await outputOf(Buffer.from(before + bytes), size)).toEqual({ out: before, error });
});

let mom: Mom;
beforeAll(async () => {
  mom = await buildMom();
});
afterAll(() => mom.dispose());

test("the process exits with the reason", () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [mom.main, "lsp"], {
    input: "Content-Length: -5\r\n\r\n",
    encoding: "utf8",
    timeout: 60_000,
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain("`Content-Length: -5` is not a number of bytes.");
});
