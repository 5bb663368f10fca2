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

/** Options of @sparticuz/chromium that would end the browser with its first page, or draw on a software GPU, which is slow. */
const UNWANTED =
  /^--(?:single-process|no-zygote|in-process-gpu|ignore-gpu-blocklist|use-gl=.*|use-angle=.*|.*swiftshader)$/;

/** The environment variable CHROMIUM names another Chromium. */
export async function launch() {
  const given = process.env.CHROMIUM;
  const own = given ?? INSTALLED.find(runs);
  const executablePath = own ?? (await sparticuz.executablePath());
  const args =
    own === undefined
      ? sparticuz.args.filter((one) => !UNWANTED.test(one))
      : ["--no-sandbox", "--font-render-hinting=none"];
  return chromium.launch({ executablePath, args: [...args, "--disable-gpu"], headless: true });
}
