// Takes screenshots of an editor with `mom lsp` for the docs: node scripts/editor-shots.mjs [FOLDER], after `npm run build`.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { launch } from "./browser.mjs";
import { serveEditor } from "./editor.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const SPEC = `// Text, speech and pictures in one sequence.
model {
  modality text:   bytes
  modality speech: codes(vocab: 500)
  modality image:  patches(size: 32x32, patch: 4x4)

  d_model: 256

  /// Each modality reads with its own weights.
  block mixer: mamba {
    d_state: 16
    decouple: [in_proj, x_proj(groups: [[text, speech], [image]])]
  }
  block dense: attention { heads: 8 }

  layers: 2 * (3 * mixer + dense)
}

objective {
  text:   cross_entropy
  speech: cross_entropy(weight: 0.5)
  image:  ddpm(weight: 5)
}

data {
  source: files("data/train.jsonl")
  length: 512
}

train {
  steps: 2000
  batch: 16
  optimizer: adamw(lr: 3e-4)
  schedule: cosine(warmup: 100)
}

ablate projections {
  vary mixer.decouple: subsets([in_proj, x_proj, dt_proj, out_proj])
  vary train.seed: [1, 2, 3]
  baseline { mixer.decouple: [] }
}
`;

/** Milliseconds to wait for outstanding responses. */
const SETTLE_MS = 600;
const folder = resolve(process.argv[2] ?? join(root, "docs"));
mkdirSync(folder, { recursive: true });
const work = mkdtempSync(join(tmpdir(), "mom-editor-"));
const file = join(work, "three.mom");
const start = () => spawn(process.execPath, [join(root, "bin/mom.mjs"), "lsp"], { stdio: ["pipe", "pipe", "inherit"] });
const browser = await launch();
try {
  const invalid = SPEC.replace("x_proj(groups", "x_prj(groups").replace("  length: 512", "  lenght: 512");
  await shot("editor-diagnostics", invalid, async (page) => {
    await page.locator(".cm-lintRange-error").first().hover();
    await page.locator(".cm-tooltip .cm-diagnostic").waitFor();
  });
  const begun = SPEC.replace("    d_state: 16\n", "    d_state: 16\n    \n");
  await shot("editor-completion", begun, async (page) => {
    await page.getByText("d_state").click();
    await page.mouse.move(1000, 600);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("End");
    await page.keyboard.type("d");
    await page.locator(".cm-tooltip-autocomplete li").nth(2).waitFor();
    await page.waitForTimeout(SETTLE_MS);
    await page.keyboard.press("ArrowDown");
    await page.locator(".cm-completionInfo").waitFor();
  });
  await shot("editor-hover", SPEC, async (page) => {
    await page.locator(".inlay").nth(2).waitFor();
    await page.getByText("mixer", { exact: true }).first().hover();
    await page.locator(".cm-lsp-hover-tooltip table").waitFor();
  });
} finally {
  await browser.close();
  rmSync(work, { recursive: true, force: true });
}

/** Opens the text in the editor, performs an action and writes the screenshot. */
async function shot(name, text, act) {
  writeFileSync(file, text);
  const served = await serveEditor(file, start);
  const page = await browser.newPage({ viewport: { width: 1120, height: 620 }, deviceScaleFactor: 2 });
  await page.goto(served.url);
  await page.locator(".inlay, .cm-lintRange-error").first().waitFor();
  await act(page);
  await page.waitForTimeout(SETTLE_MS);
  const picture = await page.screenshot();
  await sharp(picture)
    .png({ palette: true })
    .toFile(join(folder, `${name}.png`));
  await page.close();
  await served.close();
}
