// Takes screenshots of the drawing of a model: node scripts/drawing-shots.mjs SPEC FOLDER, after `npm run build`.
// Writes FOLDER/model-1200-light.png, model-420-dark.png and others from the page of `mom inspect --html`.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { launch } from "./browser.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [spec, given] = process.argv.slice(2);
if (spec === undefined || given === undefined) {
  process.stderr.write("Usage: node scripts/drawing-shots.mjs SPEC FOLDER\n");
  process.exit(2);
}
const folder = resolve(given);
mkdirSync(folder, { recursive: true });
const page = join(folder, "model.html");
const inspect = [join(root, "bin/mom.mjs"), "inspect", spec, "--html", page];
const { status } = spawnSync(process.execPath, inspect, { stdio: ["ignore", "ignore", "inherit"] });
if (status !== 0) process.exit(status ?? 1);
const browser = await launch();
try {
  for (const width of [1200, 420])
    for (const colorScheme of ["light", "dark"]) {
      const tab = await browser.newPage({ viewport: { width, height: 800 }, deviceScaleFactor: 2, colorScheme });
      await tab.goto(pathToFileURL(page).href);
      await tab.screenshot({ path: join(folder, `model-${width}-${colorScheme}.png`), fullPage: true });
      await tab.close();
    }
} finally {
  await browser.close();
}
