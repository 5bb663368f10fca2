// A process that runs commands of the command line one after another, each as if it were the process's only one. Modules
// stay loaded, devices stay open and pipelines compiled, which takes most of the time of a short command.
//   node in-turn.mjs FILE    with the main module of the command line
import { pathToFileURL } from "node:url";

const main = pathToFileURL(process.argv[2]).href;
const exit = process.exit.bind(process);

let written = { stdout: "", stderr: "" };
let ended = (_code) => {};
process.exit = (code) => ended(code ?? 0);

/** Collects what is written to a stream. */
const collecting =
  (name) =>
  (text, ...rest) => {
    written[name] += typeof text === "string" ? text : Buffer.from(text).toString();
    const done = rest.at(-1);
    if (typeof done === "function") setImmediate(done);
    return true;
  };
const writes = { stdout: collecting("stdout"), stderr: collecting("stderr") };

let property;
/** Runs `adapted` when Dawn is loaded, which sets the classes of WebGPU. */
function whenDefined(name, adapted) {
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get: () => property?.[name],
    set: (value) => {
      property = { ...property, [name]: value };
      adapted(value.prototype);
    },
  });
}

/** Devices by their descriptors. */
const devices = new Map();
/** Dawn returns a pipeline again while it is referenced. */
const pipelines = [];
whenDefined("GPUAdapter", (prototype) => {
  const { requestDevice } = prototype;
  prototype.requestDevice = function (descriptor) {
    const { vendor, architecture, device, description } = this.info;
    const key = JSON.stringify([vendor, architecture, device, description, descriptor]);
    const known = devices.get(key);
    if (known !== undefined) return known;
    const opened = requestDevice.call(this, descriptor);
    devices.set(key, opened);
    const forget = () => devices.delete(key);
    opened.then(({ lost }) => lost.then(forget), forget);
    return opened;
  };
});
whenDefined("GPUDevice", (prototype) => {
  const { createComputePipelineAsync } = prototype;
  prototype.createComputePipelineAsync = async function (descriptor) {
    const pipeline = await createComputePipelineAsync.call(this, descriptor);
    pipelines.push(pipeline);
    return pipeline;
  };
});

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
let count = 0;

async function run({ args, folder, environment }) {
  written = { stdout: "", stderr: "" };
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  process.chdir(folder);
  process.argv.splice(2, process.argv.length, ...args);
  for (const name of ["stdout", "stderr"]) {
    process[name].removeAllListeners("error");
    process[name].write = writes[name];
  }
  const code = await new Promise((resolve, reject) => {
    ended = resolve;
    // A module with another address is evaluated again. The modules that it imports are not.
    import(`${main}?${count++}`).catch(reject);
  });
  for (const signal of SIGNALS) process.removeAllListeners(signal);
  return { code, ...written };
}

process.on("disconnect", () => exit(0));
process.on("message", (request) => {
  run(request).then(
    (outcome) => process.send(outcome),
    (error) => process.send({ code: null, ...written, stderr: `${written.stderr}${error?.stack ?? error}` }),
  );
});
