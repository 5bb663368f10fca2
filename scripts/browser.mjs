// A headless Chromium: the machine's own, else the one that @sparticuz/chromium carries.
import { accessSync, constants } from "node:fs";
import sparticuz from "@sparticuz/chromium";
import { chromium } from "playwright-core";

const INSTALLED = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

function runs(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** CHROMIUM in the environment names another. */
export async function launch() {
  const given = process.env.CHROMIUM;
  const own = given ?? INSTALLED.find(runs);
  const executablePath = own ?? (await sparticuz.executablePath());
  // In a single process the browser ends with its first page that is closed.
  const args =
    own === undefined
      ? sparticuz.args.filter((one) => !["--single-process", "--no-zygote"].includes(one))
      : ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"];
  return chromium.launch({ executablePath, args, headless: true });
}
