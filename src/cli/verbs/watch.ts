// `mom watch`: serves a page that shows runs while they train.
import { InvalidArgumentError } from "commander";
import { nodeDisk } from "../../api/node/disk.js";
import { serveRuns } from "../../api/node/watch-server.js";
import { holdsRuns } from "../../api/watch/runs.js";
import { InputError } from "../../diagnostics/input-error.js";
import { visibleLine } from "../../diagnostics/visible.js";
import { noRuns } from "../../train/errors.js";
import { EXIT, type Verb } from "../verb.js";

interface Options {
  readonly port: number;
}

const MOST_PORT = 65_535;

function port(text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || n > MOST_PORT)
    throw new InvalidArgumentError(`Expected a whole number from 0 to ${MOST_PORT}.`);
  return n;
}

/** Where `mom train` writes runs. It may not exist yet. */
const DEFAULT = "runs";

const REASONS: Readonly<Record<string, string>> = { EADDRINUSE: "is in use", EACCES: "needs administrator rights" };

function portError(error: unknown, wanted: number): unknown {
  const reason = error instanceof Error && "code" in error ? REASONS[String(error.code)] : undefined;
  if (reason === undefined) return error;
  return new InputError(
    "port-in-use",
    `The port ${wanted} ${reason}.`,
    "Choose another with --port, or omit the option.",
  );
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("[runs...]", "folders of runs, or folders that contain some (default: runs)")
      .option("--port <n>", "the port of the page (default: any free one)", port, 0)
      .addHelpText("after", "  mom watch runs/first runs/second --port 8080\n")
      .action(async (given: string[], options: Options) => {
        const paths = given.length > 0 ? given : [DEFAULT];
        // Runs may still appear in a folder, but not in a file.
        for (const path of given) if (!nodeDisk.exists(path) || !nodeDisk.isFolder(path)) throw noRuns(path);
        const served = await serveRuns(paths, options.port).catch((error: unknown) => {
          throw portError(error, options.port);
        });
        for (const path of paths)
          if (!holdsRuns(nodeDisk, path)) process.stdout.write(`There is no run in ${visibleLine(path)} yet.\n`);
        process.stdout.write(`The page is at ${served.url} and ends with Ctrl-C.\n`);
        await new Promise<void>((stopped) => {
          for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped());
        });
        await served.close();
        finish(EXIT.done);
      });
  },
};
