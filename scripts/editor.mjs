// An editor in the browser that speaks to `mom lsp`: node scripts/editor.mjs FILE, once `npm run build` has been run.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { StreamMessageReader, StreamMessageWriter } from "vscode-languageserver/node";
import { WebSocketServer } from "ws";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const home = join(root, "editors/web");

/**
 * Serves a page with the editor to this machine alone, with a `mom lsp` for each page.
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
    const page = Object.hasOwn(pages, request.url ?? "") ? pages[request.url]() : undefined;
    response.writeHead(page === undefined ? 404 : 200, {
      "content-type": `${page?.[0] ?? "text/plain"}; charset=utf-8`,
    });
    response.end(page?.[1] ?? `There is no ${basename(request.url ?? "")} here.`);
  });
  await new Promise((listening) => server.listen(port, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${server.address().port}`;
  // Other pages of the browser have no business with the language server.
  const sockets = new WebSocketServer({ server, verifyClient: ({ origin }) => origin === url });
  sockets.on("connection", (socket) => {
    const lsp = start();
    const writer = new StreamMessageWriter(lsp.stdin);
    new StreamMessageReader(lsp.stdout).listen((message) => socket.send(JSON.stringify(message)));
    socket.on("message", (data) => writer.write(JSON.parse(data.toString())));
    socket.on("close", () => lsp.kill());
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
    console.error("node scripts/editor.mjs FILE");
    process.exit(2);
  }
  const start = () =>
    spawn(process.execPath, [join(root, "bin/mom.mjs"), "lsp"], { stdio: ["pipe", "pipe", "inherit"] });
  console.log((await serveEditor(file, start)).url);
}
