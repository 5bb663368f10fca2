// The drawing of a model is well-formed and has every weight. In Chromium no text leaves its box or covers another.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Browser } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch } from "../../scripts/browser.mjs";
import { trainingOptions } from "../../src/api/compile-options.js";
import { nodeDisk } from "../../src/api/node/disk.js";
import { checkFile, checkText } from "../../src/api/read-spec.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { drawing, drawingFile } from "../../src/inspect/drawing/drawing.js";
import { fold, unfold } from "../../src/inspect/drawing/fold.js";
import { type DrawnModel, drawnModel } from "../../src/inspect/drawing/model.js";
import { fitted, widthOf, wrapped } from "../../src/inspect/drawing/shapes.js";
import { AT_NIGHT, COLOURS, MARKS, patternOf } from "../../src/inspect/drawing/style.js";
import { type Inspection, inspect } from "../../src/inspect/inspection.js";
import { inspectionPage } from "../../src/inspect/page.js";
import { unclosed } from "../report/unclosed.js";
import { ROOT } from "../support/mom.js";

const SECTIONS = "data { source: emoji, length: 128 }\ntrain { steps: 10, batch: 4 }\n";
const GROUPS = `model {
  modality text: bytes
  modality speech: codes(vocab: 500)
  modality image: patches(size: 32x32, patch: 4x4)
  d_model: 256
  block mixer: mamba { decouple: [in_proj, x_proj(groups: [[text, speech], [image]]), A] }
  block dense: attention { heads: 8, kv_heads: 4, decouple: [q_proj, ffn, norm] }
  layers: 2 * (3 * mixer + dense) + mixer
}
objective { text: cross_entropy, speech: cross_entropy, image: ddpm(weight: 5) }
${SECTIONS}`;
const LONG = "a_name_that_is_far_too_long_for_its_box_and_must_be_cut_at_some_place";
const MANY = `model {
  modality text: bytes
  modality ${LONG}: patches(size: 64x64, patch: 16x16)
${[1, 2, 3, 4, 5, 6].map((n) => `  modality kind${n}: codes(vocab: ${50 * n})`).join("\n")}
  d_model: 1024
  block ${LONG}_block: mamba { decouple: [in_proj, A, norm, out_proj] }
  layers: 12 * ${LONG}_block
}
objective { text: cross_entropy, ${LONG}: ddpm }
${SECTIONS}`;
const ONE = `model {
  modality text: bytes
  d_model: 64
  block a: mamba { d_state: 8 }
  block b: mamba { d_state: 4 }
  layers: 2 * (2 * (a + b) + b) + 3 * a
}
objective { text: cross_entropy }
${SECTIONS}`;

function specIn(text: string): CheckedSpec {
  const { spec, diagnostics } = checkText(nodeDisk, text, join(ROOT, "drawn.mom"));
  if (spec === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return spec;
}
function specAt(file: string): CheckedSpec {
  const { spec } = checkFile(nodeDisk, join(ROOT, file));
  if (spec === undefined) throw new Error(`${file} is invalid.`);
  return spec;
}
function drawn(spec: CheckedSpec): { readonly inspection: Inspection; readonly model: DrawnModel } {
  const inspection = inspect(spec, { ...trainingOptions(spec, "nvidia-h100"), variants: "first" });
  return { inspection, model: drawnModel(spec, inspection) };
}

const CASES = Object.entries({
  mamba: specAt("specs/transfusion-bytes.mom"),
  hybrid: specAt("specs/baselines/hybrid.mom"),
  speech: specAt("specs/speech.mom"),
  groups: specIn(GROUPS),
  many: specIn(MANY),
  one: specIn(ONE),
}).map(([name, spec]) => ({ name, spec, ...drawn(spec) }));
const caseOf = (name: string) => CASES.find((one) => one.name === name) as (typeof CASES)[number];
const textsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>(?:<title>[^<]*<\/title>)?([^<]*)<\/text>/g)].map(([, text]) => text ?? "");

describe("the stack of layers", () => {
  test("repeated layers are folded, the longest repetition first", () => {
    expect(fold([0, 0, 0])).toEqual([{ times: 3, block: 0 }]);
    expect(fold([0, 0, 0, 1, 0, 0, 0, 1, 0])).toEqual([
      {
        times: 2,
        of: [
          { times: 3, block: 0 },
          { times: 1, block: 1 },
        ],
      },
      { times: 1, block: 0 },
    ]);
    expect(fold([0, 1, 0])).toHaveLength(3);
  });
  test("a folded stack expands to the same layers", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2), { maxLength: 60 }), (layers) => {
        expect(unfold(fold(layers))).toEqual(layers);
      }),
    );
  });
});

describe.each(CASES)("$name", ({ spec, inspection, model }) => {
  test("the drawing has every parameter", () => {
    const layers = unfold(model.stack);
    expect(layers).toEqual(spec.model.layers);
    const inStack = layers.reduce((sum, layer) => sum + (model.blocks[layer]?.parameters ?? Number.NaN), 0);
    const ends = [...model.inputs, ...model.outputs, model.norm].reduce((sum, { parameters }) => sum + parameters, 0);
    expect(inStack + ends).toBe(inspection.parameters.total);
  });
  test("the drawing has every weight of a block and its owners", () => {
    for (const block of model.blocks) {
      if (block === undefined) continue;
      const stages = block.flow.flat();
      const shown = stages.flatMap((stage) => (stage.kind === "gate" ? [] : stage.rows.flatMap((row) => row.weights)));
      expect([...shown].sort()).toEqual([...block.weights.keys()].sort());
      for (const { owners, parameters } of block.weights.values()) {
        expect(owners.flat().sort()).toEqual(model.modalities.map((_, m) => m));
        expect(parameters).toBeGreaterThan(0);
      }
    }
  });
  test("the file is well-formed, self-contained and has no scripts", async () => {
    const file = drawingFile(model, `<a & "b">`);
    await expect(sharp(Buffer.from(file)).png().toBuffer()).resolves.toBeDefined();
    await expect(
      sharp(Buffer.from(file.replace("</svg>", "")))
        .png()
        .toBuffer(),
    ).rejects.toThrow();
    expect(file).toContain("&lt;a &amp; &quot;b&quot;&gt;");
    expect(file).not.toMatch(/NaN|undefined|Infinity|<script|href|@import|var\(/);
    expect([...file.matchAll(/https?:[^"]*/g)].map(String)).toEqual(["http://www.w3.org/2000/svg"]);
    const page = inspectionPage(inspection, model, "page");
    expect(unclosed(page)).toEqual([]);
    expect(page).toContain("prefers-color-scheme:dark");
    expect(page).not.toMatch(/NaN|undefined|<script/);
  });
  test("every id is unique, and every reference has its id", () => {
    const page = inspectionPage(inspection, model, "page");
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/url\(#([^)]*)\)/g)) expect(ids).toContain(id);
  });
});

test("a group has one box in the colours of its modalities, a shared part one box without colour", () => {
  const { model } = caseOf("groups");
  const svg = drawing(model, "groups", "wide");
  const texts = textsOf(svg);
  expect(texts.filter((text) => text === "text, speech")).toHaveLength(1);
  const boxes = [...svg.matchAll(/<g>(.*?)<\/g>/g)].map(([, box]) => box ?? "");
  const grouped = boxes.filter((box) => box.includes(">text, speech<"));
  expect(grouped.map((box) => [...box.matchAll(/d-tint d-m(\d)/g)].map(([, m]) => m))).toEqual([["0", "1"]]);
  const shared = boxes.filter((box) => box.includes(">shared<"));
  // mamba: norm, conv1d, dt_proj, D and out_proj; attention: k, v, o and ffn_norm; and the final norm.
  expect(shared).toHaveLength(10);
  expect(shared.filter((box) => box.includes("d-tint"))).toEqual([]);
  expect(texts).toContain("1024 × 256 · 262,144");
  expect(texts).toContain("all of this × 2");
  expect(texts).toContain("mixer, as above");
  expect(texts).toContain("× 3");
});

test("the drawing ends with totals and objectives", () => {
  const { inspection, model } = caseOf("mamba");
  const texts = textsOf(drawing(model, "mamba", "wide"));
  expect(texts).toContain(`${inspection.parameters.total.toLocaleString("en-US")} parameters`);
  expect(texts).toContain(`${inspection.parameters.active.toLocaleString("en-US")} of them active for a token`);
  expect(texts).toEqual(expect.arrayContaining(["cross_entropy, weight 1", "ddpm, weight 5, 1,000 steps"]));
});

test("docs/model-drawing.svg equals the output of `mom inspect specs/speech.mom --svg`", () => {
  const { model } = caseOf("speech");
  expect(readFileSync(join(ROOT, "docs/model-drawing.svg"), "utf8")).toBe(drawingFile(model, "speech"));
});

test("text is cut if it is too long for its box, and wrapped between words", () => {
  expect(fitted("in_proj", "name", 500)).toBe("in_proj");
  expect(fitted(LONG, "name", 100)).toMatch(/^a_name_t.*…$/);
  expect(widthOf(fitted(LONG, "name", 100), "name")).toBeLessThanOrEqual(100);
  expect(wrapped("one two three", "quiet", widthOf("one two", "quiet"))).toEqual(["one two", "three"]);
});

/** Machado, Oliveira and Fernandes 2009, severity 1, on linear sRGB. */
const VISION: Readonly<Record<string, readonly number[]>> = {
  common: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};
/** CIE L*a*b* of a colour under the given vision. */
function seen(colour: string, matrix: readonly number[]): readonly number[] {
  const linear = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const product = (m: readonly number[], v: readonly number[]): number[] =>
    [0, 3, 6].map((row) => v.reduce((sum, x, i) => sum + (m[row + i] ?? 0) * x, 0));
  const rgb = product(matrix, linear).map((x) => Math.min(1, Math.max(0, x)));
  const xyz = product([0.4124, 0.3576, 0.1805, 0.2126, 0.7152, 0.0722, 0.0193, 0.1192, 0.9505], rgb);
  const f = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const [x, y, z] = [f((xyz[0] ?? 0) / 0.9505), f(xyz[1] ?? 0), f((xyz[2] ?? 0) / 1.089)];
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

test.each(Object.entries(VISION))("colours differ visibly with %s vision", (_, matrix) => {
  for (const colours of [COLOURS, AT_NIGHT])
    for (const [i, a] of colours.entries())
      for (const b of colours.slice(0, i)) {
        const [one, other] = [seen(a, matrix), seen(b, matrix)];
        expect(Math.hypot(...one.map((x, k) => x - (other[k] ?? 0))), `${a} and ${b}`).toBeGreaterThan(10);
      }
});

test("seven modalities have different patterns", () => {
  expect(new Set(MARKS).size).toBe(MARKS.length);
  expect(new Set([0, 1, 2, 3, 4, 5, 6].map(patternOf)).size).toBe(7);
});

describe("in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  test.each(CASES.flatMap(({ name }) => [1200, 420].map((width) => ({ name, width }))))(
    "$name at $width px: every text is within its box, no text covers another, and the page fits the screen",
    async ({ name, width }) => {
      const { inspection, model } = caseOf(name);
      const page = await browser.newPage({ viewport: { width, height: 800 } });
      await page.setContent(inspectionPage(inspection, model, name));
      const found = await page.evaluate(FAULTS);
      await page.close();
      expect(found).toEqual({ texts: expect.any(Number), faults: [] });
      expect((found as { texts: number }).texts).toBeGreaterThan(20);
    },
  );
});

/** Runs in the page and lists the layout faults of the visible texts. */
const FAULTS = `(() => {
  const svg = [...document.querySelectorAll("svg.drawing")].filter((one) => one.getBoundingClientRect().width > 0);
  const texts = svg.flatMap((one) => [...one.querySelectorAll("text")]);
  const boxes = texts.map((text) => text.getBoundingClientRect());
  const textOf = (i) => texts[i].textContent;
  const faults = svg.length === 1 ? [] : [svg.length + " drawings are visible"];
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page is too wide");
  const sheet = svg[0].getBoundingClientRect();
  const inside = (a, b) => a.left >= b.left - 0.5 && a.right <= b.right + 0.5 && a.top >= b.top - 0.5 && a.bottom <= b.bottom + 0.5;
  boxes.forEach((a, i) => {
    if (!inside(a, sheet)) faults.push(textOf(i) + " leaves the drawing");
    const own = texts[i].parentElement.tagName === "g" && texts[i].parentElement.querySelector("rect.d-box, rect.d-shared, rect.d-empty");
    if (own && !inside(a, own.getBoundingClientRect())) faults.push(textOf(i) + " leaves its box");
    boxes.forEach((b, j) => {
      if (j < i && a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 2 && b.top < a.bottom - 2)
        faults.push(textOf(i) + " covers " + textOf(j));
    });
  });
  return { texts: texts.length, faults };
})()`;
