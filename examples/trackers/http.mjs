// A tracker that posts the metrics and samples of a run as JSON to an HTTP server. Copy it and adapt it to yours.
//
//   TRACKER_URL=http://localhost:8080 npx mom train specs/quickstart.mom --track examples/trackers/http.mjs
//
// `start` receives the run, and `end` how it ended. `step` is called after each update and each validation: to send fewer
// requests, this module collects the metrics and posts them once a second. An error here causes one warning in the run.

const server = process.env.TRACKER_URL ?? "http://localhost:8080";
let run;
let waiting = [];
let posted = 0;

async function post(path, body) {
  const response = await fetch(`${server}/runs/${run}/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(5000),
  });
  if (!response.ok) throw new Error(`${server} answered ${response.status}`);
}

async function postMetrics() {
  const metrics = waiting;
  waiting = [];
  posted = Date.now();
  if (metrics.length > 0) await post("metrics", metrics);
}

/** @type {import("mixture-of-mamba").Tracker} */
export default {
  async start({ id, name, step, hyperparameters }) {
    run = id;
    await post("start", { name, step, hyperparameters });
  },
  async step(metrics) {
    waiting.push(metrics);
    if (Date.now() - posted > 1000) await postMetrics();
  },
  async sample({ kind, step, group, name, truth, sampled }) {
    const base64 = (png) => Buffer.from(png).toString("base64");
    const body = kind === "text" ? { truth, sampled } : { truth: base64(truth), sampled: sampled.map(base64) };
    await post("samples", { kind, step, group, name, ...body });
  },
  async end(result) {
    await postMetrics();
    await post("end", result);
  },
};
