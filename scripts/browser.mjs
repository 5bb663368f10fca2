// Launches a headless Chromium: the installed one, or the one in @sparticuz/chromium.
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

/** The environment variable CHROMIUM names another Chromium. */
export async function launch() {
  const given = process.env.CHROMIUM;
  const own = given ?? INSTALLED.find(runs);
  const executablePath = own ?? (await sparticuz.executablePath());
  // With a single process, the browser would exit when its first page is closed.
  const args =
    own === undefined
      ? sparticuz.args.filter((one) => !["--single-process", "--no-zygote"].includes(one))
      : ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"];
  return chromium.launch({ executablePath, args, headless: true });
}
