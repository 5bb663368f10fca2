// Measures the page of runs in a headless Chromium: how fast many runs open, and how many frames a second it draws while
// long curves are zoomed and panned. Needs `npm run build`.
//   node scripts/watch-frames.mjs [--runs 20] [--steps 100000] [--seconds 4]
//   node scripts/watch-frames.mjs --runs 100 --steps 2000 --seconds 0
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { launch } from "./browser.mjs";
import { writeSampleRun } from "./sample-runs.mjs";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "20" },
    steps: { type: "string", default: "100000" },
    seconds: { type: "string", default: "4" },
  },
});
const [runs, steps, seconds] = [values.runs, values.steps, values.seconds].map(Number);
const folder = mkdtempSync(join(tmpdir(), "mom-frames-"));
for (let i = 0; i < runs; i++)
  writeSampleRun(join(folder, `run-${String(i).padStart(3, "0")}`), { steps, seed: i + 1, rate: 6 + (i % 5) });
const mom = join(dirname(fileURLToPath(import.meta.url)), "../bin/mom.mjs");
const served = spawn(process.execPath, [mom, "watch", folder], { stdio: ["ignore", "pipe", "inherit"] });
const url = await new Promise((found) => {
  served.stdout.on("data", (text) => found(/http:\S+/.exec(text)[0]));
});
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
page.on("pageerror", (error) => {
  throw error;
});
const since = async (begun, what, done) => {
  await page.waitForFunction(done, { runs, steps: steps.toLocaleString("en-US") }, { timeout: 120_000, polling: 20 });
  console.log(`${what}: ${((performance.now() - begun) / 1000).toFixed(2)} s`);
};
await page.goto("data:text/html,<title>The browser is ready</title>");
const begun = performance.now();
await page.goto(url);
await since(
  begun,
  `${runs} runs are in the table`,
  ({ runs }) => document.querySelectorAll(".runs tbody tr").length === runs,
);
await since(begun, `all of their records are summed up`, ({ runs, steps }) => {
  const rows = [...document.querySelectorAll(".runs tbody tr")].filter((row) => row.textContent.includes(steps));
  return rows.length === runs && !document.querySelector(".status").textContent.includes("reading");
});

const session = await browser.newBrowserCDPSession();
/** Processor seconds of the page: unlike a clock, they do not depend on how busy the machine is. */
const processorSeconds = async () => {
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return processInfo.filter(({ type }) => type === "renderer").reduce((sum, { cpuTime }) => sum + cpuTime, 0);
};

/** Calls `act` in every frame, and returns the frames a second and the longest of them in milliseconds. */
const frames = (act) =>
  page.evaluate(
    async ({ act, seconds }) => {
      const plot = document.querySelector("[data-chart] .plot");
      const key = (name) => plot.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
      const move = new Function("key", "frame", act);
      const times = [];
      const begun = performance.now();
      for (let frame = 0; performance.now() - begun < seconds * 1000; frame++) {
        move(key, frame);
        times.push(await new Promise(requestAnimationFrame));
      }
      const steps = times.slice(1).map((time, i) => time - times[i]);
      return {
        count: steps.length,
        rate: (1000 * steps.length) / (times.at(-1) - times[0]),
        longest: Math.max(...steps),
      };
    },
    { act, seconds },
  );

if (seconds > 0) {
  await since(
    begun,
    "their curves are drawn",
    ({ runs }) => Number(document.querySelector(".status").dataset.drawn) >= Math.min(runs, 20),
  );
  await page.locator("[data-chart] .plot").first().scrollIntoViewIfNeeded();
  const inView = await page.evaluate(
    () =>
      [...document.querySelectorAll("[data-chart]")].filter((one) => one.getBoundingClientRect().top < innerHeight)
        .length,
  );
  for (const [what, act] of [
    ["zoom", 'key(frame % 40 < 20 ? "+" : "-")'],
    ["pan", 'if (frame === 0) for (let i = 0; i < 8; i++) key("+"); key(frame % 60 < 30 ? "ArrowRight" : "ArrowLeft")'],
  ]) {
    const before = await processorSeconds();
    const { count, rate, longest } = await frames(act);
    const each = (1000 * ((await processorSeconds()) - before)) / count;
    console.log(
      `${what}, ${inView} charts in view: ${rate.toFixed(0)} frames a second, the longest took ${longest.toFixed(0)} ms; ${each.toFixed(1)} ms of the processor for each`,
    );
  }
}
await browser.close();
served.kill();
rmSync(folder, { recursive: true });
