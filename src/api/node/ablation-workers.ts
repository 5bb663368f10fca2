// Starts workers of `mom ablate` and speaks with them.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EXITS } from "../../ablate/folder.js";
import type { Ended, Worker } from "../../ablate/schedule.js";
import { DeviceError } from "../../gpu/device-error.js";
import type { Workers } from "../ablate/run.js";
import type { FromWorker, ToWorker, WorkerSettings } from "./ablation-messages.js";

const FILE = fileURLToPath(new URL("./ablation-worker.js", import.meta.url));
/** Of what a worker writes to its terminal: the end is kept, to tell why it died. */
const TAIL = 2000;
const NOT_TUNED = "Train without measuring kernels first: --tune cached.";

type Heard = FromWorker | { readonly kind: "gone"; readonly why: string };

/** A worker's process with a device, ready for messages. */
interface Connection {
  readonly say: (message: ToWorker) => void;
  /** Who is told what it says from now on, and why it is gone when it is. */
  readonly listen: (hear: (message: Heard) => void) => void;
  readonly gone: () => boolean;
  readonly close: () => void;
}

/**
 * @param textOf a variant's id and its spec as text
 * @param stepped told now and then how far a variant is
 * @param warned told what is wrong with a variant that goes on all the same
 */
export function workersOf(
  settings: WorkerSettings,
  textOf: (index: number) => { readonly id: string; readonly text: string },
  stepped: (index: number, step: number) => void,
  warned: (text: string) => void,
): Workers {
  const children = new Set<ChildProcess>();
  let stopping = false;
  const tell = (child: ChildProcess, message: ToWorker): void => {
    if (child.connected) child.send(message);
  };

  async function connect(): Promise<Connection> {
    const child = fork(FILE, [JSON.stringify(settings)], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    children.add(child);
    let complaints = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      complaints = (complaints + text).slice(-TAIL);
    });
    let hear: ((message: Heard) => void) | undefined;
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
        if (message.kind === "ready") resolve();
        else if (message.kind === "unfit") reject(new DeviceError(message.reason, message.remedy));
        else if (message.kind === "gone")
          reject(
            new DeviceError(`A worker could not start. ${message.why}`, "`mom doctor` says which devices there are."),
          );
      };
    }).catch((error: unknown) => {
      child.kill("SIGKILL");
      throw error;
    });

    return {
      say: (message) => tell(child, message),
      listen: (next) => {
        hear = next;
      },
      gone: () => gone,
      close: () => {
        if (!gone) child.kill("SIGKILL");
      },
    };
  }

  async function open(): Promise<Worker> {
    const worker = await connect();
    let fit = true;
    return {
      alive: () => fit && !worker.gone(),
      close: worker.close,
      train: (index) =>
        new Promise<Ended>((resolve) => {
          worker.listen((message) => {
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
          worker.say({ kind: "train", ...textOf(index) });
          if (stopping) worker.say({ kind: "stop" });
        }),
    };
  }

  async function tune(queue: readonly number[], notice: (line: string) => void): Promise<void> {
    const worker = await connect();
    try {
      await new Promise<void>((resolve, reject) => {
        worker.listen((message) => {
          if (message.kind === "notice") notice(message.line);
          else if (message.kind === "tuned") resolve();
          else if (message.kind === "failed") reject(new DeviceError(message.reason, NOT_TUNED));
          else if (message.kind === "gone") reject(new DeviceError(message.why, NOT_TUNED));
        });
        worker.say({ kind: "tune", texts: queue.map((index) => textOf(index).text) });
        if (stopping) worker.say({ kind: "stop" });
      });
    } finally {
      worker.close();
    }
  }

  return {
    open,
    tune,
    stop() {
      stopping = true;
      for (const child of children) tell(child, { kind: "stop" });
    },
  };
}
