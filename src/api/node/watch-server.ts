// Serves the page of runs on this machine only: the page, and its data as JSON.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { runsPage } from "../../report/page/page.js";
import { openRuns, type Runs } from "../watch/runs.js";
import { nodeDisk } from "./disk.js";

export interface Watching {
  readonly url: string;
  readonly close: () => Promise<void>;
}

const HOST = "127.0.0.1";
/** How long files are read before the next request is answered. */
const READ_MS = 30;
/** How long files are read before the page can be asked for: enough for a summary of a hundred runs. */
const OPENING_MS = 500;

/**
 * @param port 0 for any free one
 * @throws the system's error if the port is taken
 */
export async function serveRuns(paths: readonly string[], port = 0): Promise<Watching> {
  const runs = openRuns(nodeDisk, paths, () => performance.now());
  const page = runsPage("mom watch");
  const state = following(runs);
  // The first answer takes long, because it loads what it needs.
  runs.find();
  runs.read(OPENING_MS);
  runs.state(0);
  const server = createServer((request, response) => {
    const [status, type, body] = isOurs(request) ? answer(request) : REFUSED;
    response.writeHead(status, {
      "content-type": `${type}; charset=utf-8`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
      "x-frame-options": "DENY",
    });
    response.end(request.method === "HEAD" ? "" : body);
  });
  const answer = ({ method, url = "" }: IncomingMessage): Answer => {
    if (method !== "GET" && method !== "HEAD") return [405, "text/plain", "Only GET is allowed."];
    const { pathname, searchParams } = new URL(url, "http://localhost");
    if (pathname === "/") return [200, "text/html", page];
    const number = (name: string): number => Number(searchParams.get(name) ?? Number.NaN);
    try {
      const found = pathname === "/state" ? state(number("since")) : dataAt(runs, pathname, number);
      return found === undefined ? [404, "text/plain", "There is no such page."] : json(found);
    } catch (error) {
      return [500, "text/plain", `The runs cannot be read: ${error instanceof Error ? error.message : error}`];
    }
  };
  // Only names of this machine are accepted as the host, as protection against DNS rebinding.
  const hosts = () => [HOST, "localhost"].map((name) => `${name}:${(server.address() as AddressInfo).port}`);
  const isOurs = ({ headers: { host = "", origin } }: IncomingMessage): boolean =>
    hosts().includes(host) && (origin === undefined || hosts().some((one) => origin === `http://${one}`));
  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    server.listen(port, HOST, listening);
  });
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
}

/** Returns the states of the runs. What an answer has no time to read is read until the next request. */
function following(runs: Runs): Runs["state"] {
  let due = false;
  const readOn = (): void => {
    due = runs.read(READ_MS);
    if (due) setImmediate(readOn);
  };
  return (since) => {
    runs.find();
    if (!due) readOn();
    return runs.state(since);
  };
}

type Answer = readonly [status: number, type: string, body: string];

const REFUSED: Answer = [403, "text/plain", "This host or origin is not allowed."];
const json = (value: unknown): Answer => [200, "application/json", JSON.stringify(value)];

/** The data at a path; undefined if there are none. */
function dataAt(runs: Runs, path: string, number: (name: string) => number): unknown {
  if (path === "/answer") {
    const html = runs.ablation(number("ablation"))?.answer();
    return html === undefined ? undefined : { html };
  }
  const run = runs.run(number("run"));
  if (path === "/records")
    return run?.records({
      generation: number("generation"),
      train: number("train"),
      validation: number("validation"),
      timing: number("timing"),
    });
  if (path === "/samples") return run?.samples(number("step"));
  return undefined;
}
