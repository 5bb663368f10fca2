// Starts workers of `mom ablate` and speaks with them.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Ended, Worker } from "../../ablate/schedule.js";
import { DeviceError } from "../../gpu/device-error.js";
import { EXIT } from "../verb.js";
import type { FromWorker, ToWorker, WorkerSettings } from "./messages.js";

const FILE = fileURLToPath(new URL("./worker.js", import.meta.url));
/** Of what a worker writes to its terminal: the end is kept, to tell why it died. */
const TAIL = 2000;

export interface Workers {
  readonly open: () => Promise<Worker>;
  /** Lets every variant under way save and stop. */
  readonly stop: () => void;
}

/**
 * @param textOf a variant's id and its spec as text
 * @param stepped told now and then how far a variant is
 */
export function workersOf(
  settings: WorkerSettings,
  textOf: (index: number) => { readonly id: string; readonly text: string },
  stepped: (index: number, step: number) => void,
): Workers {
  const children = new Set<ChildProcess>();
  let stopping = false;
  const tell = (child: ChildProcess, message: ToWorker): void => {
    if (child.connected) child.send(message);
  };

  async function open(): Promise<Worker> {
    const child = fork(FILE, [JSON.stringify(settings)], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    children.add(child);
    let complaints = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      complaints = (complaints + text).slice(-TAIL);
    });
    let hear: ((message: FromWorker | { readonly kind: "gone"; readonly why: string }) => void) | undefined;
    let [gone, fit] = [false, true];
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
      alive: () => fit && !gone,
      close: () => {
        if (!gone) child.kill("SIGKILL");
      },
      train: (index) =>
        new Promise<Ended>((resolve) => {
          hear = (message) => {
            switch (message.kind) {
              case "stepped":
                stepped(index, message.step);
                break;
              case "ended":
                resolve({ kind: message.how });
                break;
              case "failed":
                fit = !message.lasting;
                resolve({ kind: "failed", reason: message.reason, exit: message.exit });
                break;
              case "gone":
                resolve({ kind: "failed", reason: message.why, exit: EXIT.deviceFailed });
                break;
            }
          };
          tell(child, { kind: "train", ...textOf(index) });
          if (stopping) tell(child, { kind: "stop" });
        }),
    };
  }

  return {
    open,
    stop() {
      stopping = true;
      for (const child of children) tell(child, { kind: "stop" });
    },
  };
}
