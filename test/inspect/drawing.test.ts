// The model drawn: every weight is in it, well-formed, and in Chromium no text leaves its place or covers another.

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
const LONG = "a_name_that_goes_on_and_on_and_on_until_nobody_reads_it_to_its_end";
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
  if (spec === undefined) throw new Error(`${file} is wrong`);
  return spec;
}
function drawn(spec: CheckedSpec): { readonly told: Inspection; readonly model: DrawnModel } {
  const told = inspect(spec, { ...trainingOptions(spec, "nvidia-h100"), variants: "first" });
  return { told, model: drawnModel(spec, told) };
}

const CASES = Object.entries({
  mamba: specAt("specs/quickstart.mom"),
  hybrid: specAt("specs/baselines/hybrid.mom"),
  speech: specAt("specs/speech.mom"),
  groups: specIn(GROUPS),
  many: specIn(MANY),
  one: specIn(ONE),
}).map(([name, spec]) => ({ name, spec, ...drawn(spec) }));
const caseOf = (name: string) => CASES.find((one) => one.name === name) as (typeof CASES)[number];
const textsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>(?:<title>[^<]*<\/title>)?([^<]*)<\/text>/g)].map(([, text]) => text ?? "");

describe("the stack", () => {
  test("what repeats is folded, the most of it first", () => {
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
  test("and unfolds to the same layers", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2), { maxLength: 60 }), (layers) => {
        expect(unfold(fold(layers))).toEqual(layers);
      }),
    );
  });
});

describe.each(CASES)("$name", ({ spec, told, model }) => {
  test("every parameter is in the model that is drawn", () => {
    const layers = unfold(model.stack);
    expect(layers).toEqual(spec.model.layers);
    const inStack = layers.reduce((sum, layer) => sum + (model.blocks[layer]?.parameters ?? Number.NaN), 0);
    const ends = [...model.inputs, ...model.outputs, model.norm].reduce((sum, { parameters }) => sum + parameters, 0);
    expect(inStack + ends).toBe(told.parameters.total);
  });
  test("every weight of a block has its boxes", () => {
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
  test("well-formed, by itself, without scripts", async () => {
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
    const page = inspectionPage(told, model, "page");
    expect(unclosed(page)).toEqual([]);
    expect(page).toContain("prefers-color-scheme:dark");
    expect(page).not.toMatch(/NaN|undefined|<script/);
  });
  test("patterns and ids that are named are there, and once", () => {
    const page = inspectionPage(told, model, "page");
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/url\(#([^)]*)\)/g)) expect(ids).toContain(id);
  });
});

test("a group has one box in the colours of its modalities, a shared part one in none", () => {
  const { model } = caseOf("groups");
  const svg = drawing(model, "groups", "wide");
  const texts = textsOf(svg);
  expect(texts.filter((text) => text === "text, speech")).toHaveLength(1);
  const boxes = [...svg.matchAll(/<g>(.*?)<\/g>/g)].map(([, box]) => box ?? "");
  const grouped = boxes.filter((box) => box.includes(">text, speech<"));
  expect(grouped.map((box) => [...box.matchAll(/d-tint d-m(\d)/g)].map(([, m]) => m))).toEqual([["0", "1"]]);
  const shared = boxes.filter((box) => box.includes(">shared<"));
  // Of mamba norm, conv1d, dt_proj, D, out_proj; of attention k, v, o and ffn_norm; the last norm.
  expect(shared).toHaveLength(10);
  expect(shared.filter((box) => box.includes("d-tint"))).toEqual([]);
  expect(texts).toContain("1024 × 256 · 262,144");
  expect(texts).toContain("all of this × 2");
  expect(texts).toContain("mixer, as above");
  expect(texts).toContain("× 3");
});

test("totals and FLOPs stand at the foot", () => {
  const { told, model } = caseOf("mamba");
  const texts = textsOf(drawing(model, "mamba", "wide"));
  expect(texts).toContain(`${told.parameters.total.toLocaleString("en-US")} parameters`);
  expect(texts).toContain(`${told.parameters.active.toLocaleString("en-US")} of them active for a token`);
  expect(texts).toEqual(expect.arrayContaining(["cross_entropy, weight 1", "ddpm, weight 5, 1,000 steps"]));
});

test("docs/model-drawing.svg is what `mom inspect specs/speech.mom --svg` makes", () => {
  const { model } = caseOf("speech");
  expect(readFileSync(join(ROOT, "docs/model-drawing.svg"), "utf8")).toBe(drawingFile(model, "speech"));
});

test("text is cut where there is no room, and wrapped between words", () => {
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
/** CIE L*a*b* of a colour as it is seen. */
function seen(colour: string, matrix: readonly number[]): readonly number[] {
  const linear = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const times = (m: readonly number[], v: readonly number[]): number[] =>
    [0, 3, 6].map((row) => v.reduce((sum, x, i) => sum + (m[row + i] ?? 0) * x, 0));
  const rgb = times(matrix, linear).map((x) => Math.min(1, Math.max(0, x)));
  const xyz = times([0.4124, 0.3576, 0.1805, 0.2126, 0.7152, 0.0722, 0.0193, 0.1192, 0.9505], rgb);
  const f = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const [x, y, z] = [f((xyz[0] ?? 0) / 0.9505), f(xyz[1] ?? 0), f((xyz[2] ?? 0) / 1.089)];
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

test.each(Object.entries(VISION))("colours are told apart with %s vision", (_, matrix) => {
  for (const colours of [COLOURS, AT_NIGHT])
    for (const [i, a] of colours.entries())
      for (const b of colours.slice(0, i)) {
        const [one, other] = [seen(a, matrix), seen(b, matrix)];
        expect(Math.hypot(...one.map((x, k) => x - (other[k] ?? 0))), `${a} and ${b}`).toBeGreaterThan(10);
      }
});

test("without colours patterns tell modalities apart, seven of them", () => {
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
    "$name at $width: no text leaves the drawing or its box, none covers another, the page is no wider than the screen",
    async ({ name, width }) => {
      const { told, model } = caseOf(name);
      const page = await browser.newPage({ viewport: { width, height: 800 } });
      await page.setContent(inspectionPage(told, model, name));
      const found = await page.evaluate(FAULTS);
      await page.close();
      expect(found).toEqual({ texts: expect.any(Number), faults: [] });
      expect((found as { texts: number }).texts).toBeGreaterThan(20);
    },
  );
});

/** Runs in the page: what is wrong with the places of the texts that are shown. */
const FAULTS = `(() => {
  const svg = [...document.querySelectorAll("svg.drawing")].filter((one) => one.getBoundingClientRect().width > 0);
  const texts = svg.flatMap((one) => [...one.querySelectorAll("text")]);
  const boxes = texts.map((text) => text.getBoundingClientRect());
  const said = (i) => texts[i].textContent;
  const faults = svg.length === 1 ? [] : [svg.length + " drawings are shown"];
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page is too wide");
  const sheet = svg[0].getBoundingClientRect();
  const inside = (a, b) => a.left >= b.left - 0.5 && a.right <= b.right + 0.5 && a.top >= b.top - 0.5 && a.bottom <= b.bottom + 0.5;
  boxes.forEach((a, i) => {
    if (!inside(a, sheet)) faults.push(said(i) + " leaves the drawing");
    const own = texts[i].parentElement.tagName === "g" && texts[i].parentElement.querySelector("rect.d-box, rect.d-shared, rect.d-empty");
    if (own && !inside(a, own.getBoundingClientRect())) faults.push(said(i) + " leaves its box");
    boxes.forEach((b, j) => {
      if (j < i && a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 2 && b.top < a.bottom - 2)
        faults.push(said(i) + " covers " + said(j));
    });
  });
  return { texts: texts.length, faults };
})()`;
