// Serves an editor with `mom lsp` to the browser: node scripts/editor.mjs FILE. Needs `npm run build`.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { StreamMessageReader, StreamMessageWriter } from "vscode-languageserver/node";
import { WebSocketServer } from "ws";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const home = join(root, "editors/web");

/** Enough for the largest spec with all characters escaped. */
const MESSAGE_BYTES = 16 * 2 ** 20;

function messageIn(text) {
  try {
    const message = JSON.parse(text);
    return typeof message === "object" && message?.jsonrpc === "2.0" ? message : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Serves a page with the editor on this machine only and starts a `mom lsp` for each page.
 * @param start starts `mom lsp`
 */
export async function serveEditor(file, start, port = 0) {
  const bundle = await build({
    entryPoints: [join(home, "page.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "error",
  });
  const path = resolve(file);
  const opened = () => ({
    folder: pathToFileURL(dirname(path)).href,
    file: pathToFileURL(path).href,
    text: readFileSync(path, "utf8"),
  });
  const pages = {
    "/": () => ["text/html", readFileSync(join(home, "index.html"))],
    "/page.js": () => ["text/javascript", bundle.outputFiles[0].contents],
    "/opened": () => ["application/json", JSON.stringify(opened())],
  };
  const server = createServer((request, response) => {
    const [status, type, body] = isOurs(request)
      ? pageAt(request.url ?? "")
      : [403, "text/plain", "This host or origin is not allowed."];
    response.writeHead(status, {
      "content-type": `${type}; charset=utf-8`,
      "x-content-type-options": "nosniff",
    });
    response.end(body);
  });
  const pageAt = (path) => {
    if (!Object.hasOwn(pages, path)) return [404, "text/plain", "This page does not exist."];
    try {
      return [200, ...pages[path]()];
    } catch (error) {
      return [500, "text/plain", `The file cannot be read: ${error.message}`];
    }
  };
  // Accepts only names of this machine as the host, as protection against DNS rebinding.
  const isOurs = ({ headers: { host, origin } }) =>
    hosts().includes(host) && (origin === undefined || hosts().some((one) => origin === `http://${one}`));
  const hosts = () => ["127.0.0.1", "localhost"].map((name) => `${name}:${server.address().port}`);
  await new Promise((listening) => server.listen(port, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${server.address().port}`;
  // Other pages in the browser must not reach the language server. A browser always sends the origin of a page.
  const sockets = new WebSocketServer({
    server,
    maxPayload: MESSAGE_BYTES,
    verifyClient: ({ req }) => req.headers.origin !== undefined && isOurs(req),
  });
  sockets.on("connection", (socket) => {
    const lsp = start();
    const writer = new StreamMessageWriter(lsp.stdin);
    new StreamMessageReader(lsp.stdout).listen((message) => socket.send(JSON.stringify(message)));
    const end = (code, reason) => {
      socket.close(code, reason);
      lsp.kill();
    };
    socket.on("message", (data) => {
      const message = messageIn(data.toString());
      if (message === undefined) return end(1007, "A message is not a JSON-RPC object.");
      writer.write(message).catch(() => end(1011, "The language server has exited."));
    });
    // ws closes a socket whose message is invalid or too large.
    socket.on("error", () => {});
    socket.on("close", () => lsp.kill());
    // The server can exit while a message is written to it.
    for (const stream of [lsp, lsp.stdin, lsp.stdout])
      stream.on("error", () => end(1011, "The language server failed."));
    lsp.on("exit", () => socket.close());
  });
  const close = () => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    return new Promise((closed) => server.close(closed));
  };
  return { url: `${url}/`, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , file] = process.argv;
  if (file === undefined) {
    console.error("Usage: node scripts/editor.mjs FILE");
    process.exit(2);
  }
  const start = () =>
    spawn(process.execPath, [join(root, "bin/mom.mjs"), "lsp"], { stdio: ["pipe", "pipe", "inherit"] });
  console.log((await serveEditor(file, start)).url);
}
