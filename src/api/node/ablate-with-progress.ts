// Runs an ablation on worker processes, with progress reports, until it is done or a signal stops it.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EXITS } from "../../ablate/folder.js";
import type { Ended, Worker } from "../../ablate/schedule.js";
import type { AdapterSource } from "../../gpu/dawn.js";
import { DeviceError } from "../../gpu/device-error.js";
import { type AblationEvents, type AblationOutcome, ablationWords } from "../../report/ablation/progress.js";
import type { Terminal } from "../../report/progress.js";
import type { TuneMode } from "../../tune/tune.js";
import { type AblationRequest, ablationCommand, runAblation, type Workers } from "../ablate/run.js";
import type { FromWorker, ToWorker, WorkerSettings } from "./ablation-messages.js";
import { stopBy } from "./interrupts.js";
import { torchWorkers } from "./torch-workers.js";
import type { Python } from "./torchrun.js";

interface AblationWithProgress extends Omit<AblationRequest, "events" | "measures" | "workersOf" | "stopBy"> {
  readonly adapter?: AdapterSource | undefined;
  readonly tune: TuneMode;
  /** Trains through PyTorch projects instead. */
  readonly torch?: Python | undefined;
  readonly keepWeights?: boolean | undefined;
  /** The settings of the spec, for the command that continues. */
  readonly set?: readonly string[] | undefined;
  readonly allow?: readonly string[] | undefined;
  /** Skip documents whose files cannot be read. */
  readonly skipBad?: boolean | undefined;
  readonly terminal: Terminal;
  readonly listener?: Partial<Pick<AblationEvents, "opened">>;
  /** Stops the training in place of Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
}

export async function ablateWithProgress(request: AblationWithProgress): Promise<AblationOutcome> {
  const { adapter, tune, torch, keepWeights, allow, skipBad, terminal, listener, signal, ...ablation } = request;
  const settings = {
    folder: request.folder.path,
    specFile: request.file,
    adapter,
    allow: allow ?? [],
    skipBad: skipBad === true,
    keepWeights: keepWeights === true,
    tune,
  };
  const outcome = await runAblation({
    ...ablation,
    measures: tune === "full" && torch === undefined,
    events: { ...ablationWords(terminal, request.design, ablationCommand(request)), ...listener },
    workersOf: (variantAt, stepped, warned) =>
      torch === undefined
        ? workersOf(settings, variantAt, { stepped, warned })
        : torchWorkers(settings, torch, variantAt, stepped),
    stopBy: (first) => stopBy(signal, first),
  });
  terminal.write(`Report: ${outcome.report}\n`);
  return outcome;
}

const FILE = fileURLToPath(new URL("./ablation-worker.js", import.meta.url));
/** The number of characters of a worker's output to keep, which explain a crash. */
const TAIL = 2000;
const NOT_TUNED = "Train without measuring kernels first: --tune cached.";

/** All workers of one ablation. */
interface Pool {
  readonly settings: WorkerSettings;
  readonly children: Set<ChildProcess>;
  /** Whether every variant must save and stop, including those that start later. */
  stopping: boolean;
}

/** Returns the id of a variant and the text of its spec. */
type TextOf = (index: number) => { readonly id: string; readonly text: string };

/** Events of variants while they train. */
interface VariantEvents {
  /** Receives the progress of a variant from time to time. */
  readonly stepped: (index: number, step: number) => void;
  /** Receives warnings about a variant that continues. */
  readonly warned: (text: string) => void;
}

function workersOf(settings: WorkerSettings, textOf: TextOf, events: VariantEvents): Workers {
  const pool: Pool = { settings, children: new Set(), stopping: false };
  return {
    open: async () => workerOn(await connect(pool), textOf, events),
    tune: (queue, notice) =>
      tuneOn(
        pool,
        queue.map((index) => textOf(index).text),
        notice,
      ),
    stop() {
      pool.stopping = true;
      for (const child of pool.children) send(child, { kind: "stop" });
    },
  };
}

function send(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message);
}

type WorkerMessage = FromWorker | { readonly kind: "gone"; readonly why: string };

/** A worker process with a device, ready for messages. */
interface Connection {
  /** Starts a task. It stops immediately if a stop was requested before. */
  readonly begin: (message: ToWorker) => void;
  /** Sets the receiver of the messages from now on, including the reason if the worker ends. */
  readonly listen: (hear: (message: WorkerMessage) => void) => void;
  readonly gone: () => boolean;
  readonly close: () => void;
}

/** @throws DeviceError if the worker does not start or has no device */
async function connect(pool: Pool): Promise<Connection> {
  const { settings, children } = pool;
  const child = fork(FILE, [JSON.stringify(settings)], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  children.add(child);
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-TAIL);
  });
  let hear: ((message: WorkerMessage) => void) | undefined;
  let gone = false;
  child.on("message", (message: FromWorker) => hear?.(message));
  child.on("close", (code, signal) => {
    gone = true;
    children.delete(child);
    const last = complaints.trim().split("\n").at(-1);
    const how = signal ? `was killed (${signal})` : `ended with code ${code}`;
    hear?.({ kind: "gone", why: `Its process ${how}${last ? `: ${last}` : "."}` });
  });
  child.on("error", () => {});

  await new Promise<void>((resolve, reject) => {
    hear = (message) => {
      if (message.kind === "ready") {
        // Warnings of drivers while it looked for a device are no reason for a later end.
        complaints = "";
        resolve();
      } else if (message.kind === "unfit") reject(new DeviceError(message.reason, message.remedy));
      else if (message.kind === "gone")
        reject(new DeviceError(`A worker could not start. ${message.why}`, "`mom doctor` lists the devices."));
    };
  }).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });

  return {
    begin(message) {
      send(child, message);
      if (pool.stopping) send(child, { kind: "stop" });
    },
    listen: (next) => {
      hear = next;
    },
    gone: () => gone,
    close: () => {
      if (!gone) child.kill("SIGKILL");
    },
  };
}

/** Trains variants on a connection, one after another. */
function workerOn(connection: Connection, textOf: TextOf, { stepped, warned }: VariantEvents): Worker {
  let fit = true;
  return {
    alive: () => fit && !connection.gone(),
    close: connection.close,
    train: (index) =>
      new Promise<Ended>((resolve) => {
        connection.listen((message) => {
          switch (message.kind) {
            case "stepped":
              stepped(index, message.step);
              break;
            case "notice":
              warned(message.line);
              break;
            case "ended":
              resolve({ kind: message.how });
              break;
            case "failed":
              fit = !message.lasting;
              resolve({ kind: "failed", reason: message.reason, exit: message.exit });
              break;
            case "gone":
              resolve({ kind: "failed", reason: message.why, exit: EXITS.device });
              break;
          }
        });
        connection.begin({ kind: "train", ...textOf(index) });
      }),
  };
}

async function tuneOn(pool: Pool, texts: readonly string[], notice: (line: string) => void): Promise<void> {
  const connection = await connect(pool);
  try {
    await new Promise<void>((resolve, reject) => {
      connection.listen((message) => {
        if (message.kind === "notice") notice(message.line);
        else if (message.kind === "tuned") resolve();
        else if (message.kind === "failed") reject(new DeviceError(message.reason, NOT_TUNED));
        else if (message.kind === "gone") reject(new DeviceError(message.why, NOT_TUNED));
      });
      connection.begin({ kind: "tune", texts });
    });
  } finally {
    connection.close();
  }
}
