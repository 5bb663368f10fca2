// The editor's server: the clients that it accepts, and its handling of invalid messages.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { serveEditor } from "../../scripts/editor.mjs";

let served: Awaited<ReturnType<typeof serveEditor>>;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mom-served-"));
  writeFileSync(join(folder, "s.mom"), "model {}\n");
  // Any program that reads its input can replace the language server here.
  served = await serveEditor(join(folder, "s.mom"), () => spawn("cat", [], { stdio: ["pipe", "pipe", "inherit"] }));
});
afterAll(async () => {
  await served.close();
  rmSync(folder, { recursive: true, force: true });
});

const status = (path: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(new URL(path, served.url), { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });

const closing = (send: string | Buffer | undefined, origin: string | undefined): Promise<number> =>
  new Promise((resolve) => {
    const socket = new WebSocket(served.url.replace("http", "ws"), origin === undefined ? {} : { origin });
    socket.on("open", () => send !== undefined && socket.send(send));
    socket.on("error", () => {});
    socket.on("close", resolve);
  });

test("pages are served to local host names only, and not to other sites", async () => {
  const { port, origin } = new URL(served.url);
  expect(await status("/opened", {})).toBe(200);
  expect(await status("/opened", { host: `localhost:${port}` })).toBe(200);
  expect(await status("/opened", { host: `evil.example:${port}` })).toBe(403);
  expect(await status("/opened", { host: "127.0.0.1" })).toBe(403);
  expect(await status("/opened", { origin: "http://evil.example" })).toBe(403);
  expect(await status("/opened", { origin })).toBe(200);
});

test("invalid and oversized messages close only their own connection", async () => {
  const { origin } = new URL(served.url);
  for (const broken of ["not JSON", "null", "42", '{"id": 1}']) expect(await closing(broken, origin)).toBe(1007);
  expect(await closing("x".repeat(17 * 2 ** 20), origin)).toBe(1009);
  expect(await closing(undefined, "http://evil.example")).toBe(1006);
  expect(await closing(undefined, undefined)).toBe(1006);
  expect(await status("/", {})).toBe(200);
});

test("a deleted spec is an error, and the server continues", async () => {
  rmSync(join(folder, "s.mom"));
  expect(await status("/opened", {})).toBe(500);
  expect(await status("/", {})).toBe(200);
});
