// CodeMirror in a real browser with `mom lsp`: the display while a person types.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { launch } from "../../scripts/browser.mjs";
import { serveEditor } from "../../scripts/editor.mjs";
import { SAMPLE } from "../lsp/sample.js";
import { buildMom, type Mom } from "../support/mom.js";

/** In milliseconds. It is long, because the browser shares the processor with other tests. */
const WAIT = { timeout: 30_000 };

let mom: Mom;
let browser: Browser | Error;
let folder: string;
beforeAll(async () => {
  mom = await buildMom();
  folder = mkdtempSync(join(tmpdir(), "mom-web-"));
  browser = await launch().catch((error: Error) => error);
});
afterAll(async () => {
  if (!(browser instanceof Error)) await browser.close();
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a spec in the editor. Without a browser the test is skipped with the reason. */
async function editing(context: TestContext, text: string, act: (page: Page) => Promise<void>): Promise<void> {
  if (browser instanceof Error) return context.skip(`Chromium does not start: ${browser.message.split("\n")[0]}`);
  const file = join(folder, "spec.mom");
  writeFileSync(file, text);
  const served = await serveEditor(file, () => mom.start(["lsp"]));
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(served.url);
  await page.locator(".inlay").first().waitFor();
  await act(page);
  expect(faults).toEqual([]);
  await page.close();
  await served.close();
}

/** Puts the cursor at the end of a line of the spec. */
async function after(page: Page, line: string): Promise<void> {
  await page.locator(".cm-line", { hasText: line }).first().click();
  await page.keyboard.press("End");
}

test("an error is underlined while typing, with the remedy, until it is fixed", async (context) => {
  await editing(context, SAMPLE, async (page) => {
    await after(page, "d_state: 16");
    await page.keyboard.press("Enter");
    await page.keyboard.type("expnad: 2");
    const underlined = page.locator(".cm-lintRange-error", { hasText: /^expnad$/ });
    await underlined.waitFor();
    await underlined.hover();
    const message = page.locator(".cm-diagnostic");
    await message.filter({ hasText: "Did you mean `expand`?" }).waitFor();
    for (let i = 0; i < "nad: 2".length; i++) await page.keyboard.press("Backspace");
    await page.keyboard.type("and: 2");
    await page.locator(".cm-lintRange-error").waitFor({ state: "detached" });
  });
});

test("completion suggests fields and values, and inserts the chosen one", async (context) => {
  await editing(context, SAMPLE, async (page) => {
    await after(page, "batch: 2");
    await page.keyboard.press("Enter");
    await page.keyboard.type("prec");
    await page.locator(".cm-tooltip-autocomplete li", { hasText: "precision" }).click();
    await page.keyboard.type("f");
    const words = page.locator(".cm-tooltip-autocomplete li");
    await expect.poll(async () => (await words.allTextContents()).sort(), WAIT).toEqual(["f16", "f32"]);
    await words.filter({ hasText: "f16" }).click();
    expect(await page.locator(".cm-line", { hasText: "precision" }).textContent()).toBe("  precision: f16");
  });
});

test("hover shows a block's parameters by part", async (context) => {
  await editing(context, SAMPLE, async (page) => {
    await page.getByText("mixer", { exact: true }).first().hover();
    const table = page.locator(".cm-lsp-hover-tooltip table");
    await table.waitFor();
    expect(await table.locator("tr", { hasText: "in_proj" }).locator("td").allTextContents()).toEqual([
      "in_proj",
      "8,192",
      "4,096",
    ]);
  });
});

test("inlay hints appear beside blocks, layers and ablations, and follow edits", async (context) => {
  await editing(context, SAMPLE, async (page) => {
    const hints = page.locator(".inlay");
    expect(await hints.allTextContents()).toEqual([
      expect.stringMatching(/^16\.2 k parameters/),
      expect.stringMatching(/^2 layers/),
      "12 variants",
    ]);
    await after(page, "layers: 2 * mixer");
    await page.keyboard.type(" + mixer");
    await page.locator(".inlay", { hasText: "3 layers" }).waitFor();
  });
});

test("on a narrow screen the text wraps instead of scrolling, at its full size", async (context) => {
  await editing(context, SAMPLE, async (page) => {
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await page.locator('meta[name="viewport"]').getAttribute("content")).toContain("width=device-width");
    const beyond = (): Promise<number> =>
      page.locator(".cm-scroller").evaluate((one) => one.scrollWidth - one.clientWidth);
    await expect.poll(beyond, WAIT).toBeLessThanOrEqual(0);
    expect(await page.title()).toBe("spec.mom · mom");
  });
});

test("the server refuses connections from other pages", async (context) => {
  await editing(context, SAMPLE, async (page) => {
    const address = page.url().replace("http", "ws");
    await page.goto("about:blank");
    const refused = (url: string): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = new WebSocket(url);
        socket.onopen = () => resolve(false);
        socket.onerror = () => resolve(true);
      });
    expect(await page.evaluate(`(${refused})("${address}")`)).toBe(true);
  });
});
