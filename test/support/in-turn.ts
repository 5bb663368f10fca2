// Starts in-turn.mjs and waits for its commands. A test calls the command line as if it were a function that returns, so
// a thread talks to the process while the test waits.
import { fileURLToPath } from "node:url";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";

export interface Request {
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

interface Reply {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface InTurn {
  readonly run: (request: Request) => Reply;
  readonly stop: () => void;
}

/** The thread: it sends each request to the process, which it starts again after a crash, and hands back the reply. */
const THREAD = `
const { fork } = require("node:child_process");
const { workerData: { program, main, port, replied } } = require("node:worker_threads");
let child;
let errors = "";
let waiting = false;
const reply = (outcome) => {
  if (!waiting) return;
  waiting = false;
  port.postMessage(outcome);
  Atomics.store(replied, 0, 1);
  Atomics.notify(replied, 0);
};
const start = () => {
  errors = "";
  const started = fork(program, [main], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  started.stderr.on("data", (chunk) => { errors += chunk; });
  started.on("message", reply);
  started.on("exit", (status, signal) => {
    child = undefined;
    reply({ code: null, stdout: "", stderr: "The process of the tests' commands ended with " + (signal ?? status) + ".\\n" + errors });
  });
  return started;
};
port.on("message", (request) => {
  waiting = true;
  child ??= start();
  child.send(request);
});
port.on("close", () => child?.disconnect());
`;

/** @param main the main module of the command line */
export function startInTurn(main: string): InTurn {
  const program = fileURLToPath(new URL("in-turn.mjs", import.meta.url));
  const replied = new Int32Array(new SharedArrayBuffer(4));
  const start = () => {
    const { port1, port2 } = new MessageChannel();
    const workerData = { program, main, port: port2, replied };
    new Worker(THREAD, { eval: true, workerData, transferList: [port2] }).unref();
    port1.unref();
    return port1;
  };
  let port: ReturnType<typeof start> | undefined;
  return {
    run: (request) => {
      port ??= start();
      Atomics.store(replied, 0, 0);
      port.postMessage(request);
      Atomics.wait(replied, 0, 0);
      const message = receiveMessageOnPort(port)?.message as Reply | undefined;
      if (message === undefined) throw new Error("The process of the tests' commands sent no reply.");
      return message;
    },
    stop: () => port?.close(),
  };
}
