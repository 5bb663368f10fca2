// The site in a headless browser: search from the disk and over http, light and dark colours, wide and narrow screens.
// Without a browser these tests are skipped with a warning.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch } from "../../scripts/browser.mjs";
import { buildSite, type Site, writeSite } from "../../site/build.js";
import { STAGES } from "../../src/compile.js";
import { buildMom, ROOT } from "../support/mom.js";

const started = await launch().catch((error: unknown) => String(error));
if (typeof started === "string")
  console.warn(`The site is not tested in a browser, because no browser starts (${started.split("\n")[0]}).`);

const out = mkdtempSync(join(tmpdir(), "mom-site-"));
let site: Site;
let server: Server;

beforeAll(async () => {
  const mom = await buildMom();
  site = buildSite(ROOT, mom.main);
  mom.dispose();
  const entryPoints = [join(ROOT, "site/client.ts")];
  const client = await build({ entryPoints, bundle: true, write: false, format: "iife", logLevel: "error" });
  writeSite(site, ROOT, out, client.outputFiles[0]?.text ?? "");
  const types: Readonly<Record<string, string>> = {
    css: "text/css",
    html: "text/html",
    js: "text/javascript",
    svg: "image/svg+xml",
  };
  server = createServer(({ url = "" }, response) => {
    response.setHeader("content-type", types[url.split(".").at(-1) ?? ""] ?? "application/octet-stream");
    response.end(readFileSync(join(out, url)));
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
});
afterAll(async () => {
  server.close();
  rmSync(out, { recursive: true, force: true });
  if (typeof started !== "string") await started.close();
});

test("pages load nothing from other sites, and every internal link has a target", () => {
  const anchors = new Map(
    [...site.pages].map(([path, html]) => [path, new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]),
  );
  for (const [path, html] of site.pages) {
    expect(html, path).not.toMatch(/(?:src|href)="https?:[^"]*\.(?:js|css|woff2?)"/);
    for (const [, target = ""] of html.matchAll(/href="([^"]+)"/g)) {
      if (/^(?:https?|mailto):/.test(target) || /\.(?:css|svg)$/.test(target)) continue;
      const [file, id] = target.split("#");
      const to = file === "" ? path : join(path, "..", file ?? "");
      const there = anchors.has(to) || site.copied.has(to.replace(/^files\//, ""));
      expect(there, `${path} → ${target}`).toBe(true);
      if (id !== undefined && id !== "content") expect(anchors.get(to)?.has(id), `${path} → ${target}`).toBe(true);
    }
  }
});

test("no page shows the backticks of Markdown in its text", () => {
  for (const [path, html] of site.pages) {
    if (path.startsWith("files/")) continue;
    const text = html.replace(/<(pre|code|script)\b[\s\S]*?<\/\1>/g, "").replace(/<[^>]*>/g, "");
    expect(text.match(/.*`.*/g) ?? [], path).toEqual([]);
  }
});

test("the compiler's page follows one kernel through all stages to its WGSL", () => {
  const page = site.pages.get("compiler.html") ?? "";
  for (const stage of [...Object.keys(STAGES), "run"]) expect(page).toContain(`<b>${stage}</b>`);
  for (const op of ["  conv {rows: [0 0]}(", "conv_grad {rows: [0 0]}(", "  conv {rows: [0 0], activation: silu}("])
    expect(page).toContain(op);
  expect(page.match(/@compute/g)).toHaveLength(1);
  expect(page).toContain("// conv.window.");
});

describe.skipIf(typeof started === "string")("in a browser", () => {
  const open = async (url: string, width: number, colorScheme: "dark" | "light" = "light"): Promise<Page> => {
    const page = await (started as Browser).newPage({ viewport: { width, height: 800 }, colorScheme });
    page.on("pageerror", (error) => expect.unreachable(error.message));
    await page.goto(url);
    return page;
  };
  const home = {
    disk: () => pathToFileURL(join(out, "index.html")).href,
    http: () => `http://localhost:${(server.address() as AddressInfo).port}/index.html`,
  };

  test.each([
    ["disk", "dt_rank", "reference.html#model.block.mamba.dt_rank"],
    ["http", "dt_rank", "reference.html#model.block.mamba.dt_rank"],
    ["disk", "decuple", "reference.html#model.block.mamba.decouple"],
    ["http", "unknown-word", "errors.html#MOM0109"],
    ["disk", "MOM0109", "errors.html#MOM0109"],
    ["disk", "chunked scan", "compiler.html#the-chunked-scan"],
  ] as const)("from %s, searching %s finds %s", async (from, query, found) => {
    const page = await open(home[from](), 1200);
    await page.keyboard.press("/");
    await page.keyboard.type(query);
    await page.waitForSelector("#found a");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/${found}`);
    await page.close();
  });

  test("a search without results shows that nothing was found", async () => {
    const page = await open(home.disk(), 1200);
    await page.fill("#search", "zzzyyyxxx");
    await page.waitForFunction(() => document.querySelector("#found li")?.textContent === "Nothing found");
    await page.close();
  });

  test("colours follow the system's setting until the reader changes them", async () => {
    const paper = (page: Page): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await open(home.disk(), 1200, "light");
    const dark = await open(home.http(), 1200, "dark");
    expect(await paper(light)).toBe("rgb(255, 255, 255)");
    expect(await paper(dark)).not.toBe("rgb(255, 255, 255)");
    await dark.click("#theme");
    expect(await paper(dark)).toBe("rgb(255, 255, 255)");
    await dark.reload();
    expect(await paper(dark)).toBe("rgb(255, 255, 255)");
    await light.close();
    await dark.close();
  });

  test("no page is wider than the screen, narrow or wide", async () => {
    for (const width of [360, 1440]) {
      const page = await open(home.disk(), width);
      for (const path of [...site.pages.keys()].filter((name) => !name.startsWith("files/"))) {
        await page.goto(pathToFileURL(join(out, path)).href);
        expect(
          await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
          `${path} at ${width}`,
        ).toBeLessThanOrEqual(0);
      }
      await page.close();
    }
  });

  test("on a narrow screen, links and buttons outside of sentences are at least 24 pixels wide and tall", async () => {
    const page = await open(home.disk(), 360);
    for (const path of ["index.html", "reference.html", "errors.html", "compiler.html"]) {
      await page.goto(pathToFileURL(join(out, path)).href);
      await page.click("#menu");
      const small = await page.locator("header :is(a, button, input), nav a, summary, .stages a").evaluateAll((all) =>
        all
          .map((one) => ({ text: one.textContent, box: one.getBoundingClientRect() }))
          .filter(({ box }) => box.width > 0 && Math.min(box.width, box.height) < 24)
          .map(({ text }) => text),
      );
      expect(small, path).toEqual([]);
    }
    await page.close();
  });

  test("on a narrow screen the menu opens the pages", async () => {
    const page = await open(home.disk(), 360);
    expect(await page.isVisible("nav")).toBe(false);
    await page.click("#menu");
    await page.click('nav a[href="tour.html"]');
    await page.waitForURL("**/tour.html");
    await page.close();
  });
});
