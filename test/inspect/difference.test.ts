// Specs are compared by their meaning, not by their spelling.
import { describe, expect, test } from "vitest";
import { check } from "../../src/front/check.js";
import { type Compared, changesBetween } from "../../src/inspect/difference.js";

const BASE = `
model {
  modality text: bytes
  modality image: patches(size: 16x16, patch: 4x4, channels: 3)
  modality speech: codes(vocab: 500)
  d_model: 32
  block mixer: mamba { d_state: 8, decouple: [in_proj, x_proj(groups: [[text, speech], [image]])] }
  block attend: attention { heads: 4, decouple: [q_proj] }
  layers: 2 * (2 * mixer + attend)
}
objective { text: cross_entropy, image: ddpm, speech: cross_entropy }
data { source: emoji, length: 256 }
train { steps: 10, batch: 2, optimizer: adamw(lr: 1e-3) }
`;

function meaning(text: string, files: Readonly<Record<string, string>> = {}): Compared {
  const read = (path: string) => (files[path] === undefined ? undefined : { path, text: files[path] });
  const { spec, json, diagnostics } = check({ path: "a.mom", text }, read);
  if (spec === undefined || json === undefined) throw new Error(diagnostics.map(({ message }) => message).join());
  return { spec, json };
}

/** Changes of meaning after a replacement in the base. */
const changed = (from: string, to: string) => {
  expect(BASE).toContain(from);
  return changesBetween(meaning(BASE), meaning(BASE.replace(from, to)));
};

describe("has the same meaning", () => {
  test.each([
    ["an explicit default", "d_state: 8,", "d_state: 8, expand: 2, dt_rank: 2,"],
    ["groups in another order", "[[text, speech], [image]]", "[[image], [speech, text]]"],
    ["one group per modality", "[in_proj,", "[in_proj(groups: [[text], [image], [speech]]),"],
    [
      "parts in another order",
      "[in_proj, x_proj(groups: [[text, speech], [image]])]",
      "[x_proj(groups: [[text, speech], [image]]), in_proj]",
    ],
    ["expanded layers", "2 * (2 * mixer + attend)", "mixer + mixer + attend + 2 * mixer + attend"],
    ["another spelling of a number", "1e-3", "0.001"],
    ["spaces and a comment", "d_model: 32", "// wide enough\n  d_model:   32"],
  ])("%s", (_, from, to) => expect(changed(from, to)).toEqual([]));

  test("one file or an imported file", () => {
    const edited = BASE.replace("steps: 10", "steps: 20");
    const importing = meaning('import "base.mom"\ntrain { steps: 20 }\n', { "base.mom": BASE });
    expect(changesBetween(meaning(edited), importing)).toEqual([]);
  });
});

describe("has another meaning", () => {
  test.each([
    ["a size", "d_model: 32", "d_model: 64", ["model.d_model: 32 → 64", "mixer.dt_rank: 2 → 4"]],
    [
      "which parts are decoupled",
      "[q_proj]",
      "[k_proj]",
      ["attend.decouple.q_proj: one copy each → shared", "attend.decouple.k_proj: shared → one copy each"],
    ],
    [
      "groups",
      "[[text, speech], [image]]",
      "[[text], [speech, image]]",
      ["mixer.decouple.x_proj: [image], [speech, text] → [image, speech], [text]"],
    ],
    [
      "the order of the stack",
      "2 * mixer + attend",
      "attend + 2 * mixer",
      ["model.layers: 2 * mixer + attend + 2 * mixer + attend → attend + 2 * mixer + attend + 2 * mixer"],
    ],
    ["an objective", "image: ddpm", "image: ddpm(weight: 2)", ["objective.image.weight: 5 → 2"]],
    [
      "a kind",
      "block attend: attention { heads: 4, decouple: [q_proj] }",
      "block attend: mamba",
      ["attend: attention → mamba"],
    ],
    [
      "a field of the optimizer",
      "adamw(lr: 1e-3)",
      "adamw(lr: 1e-3, weight_decay: 0)",
      ["train.optimizer.weight_decay: 0.1 → 0"],
    ],
    [
      "an ablation",
      "objective {",
      "ablate width { vary mixer.d_state: [8, 16] }\nobjective {",
      ["ablate.width.vary.mixer.d_state: undefined → [8, 16]"],
    ],
  ])("%s", (_, from, to, wanted) => {
    const changes = changed(from, to).map(({ path, before, after }) => `${path}: ${before} → ${after}`);
    expect(changes).toEqual(expect.arrayContaining(wanted));
  });

  test("modalities in another order, because their order is their numbering", () => {
    const lines = BASE.split("\n");
    const swapped = [...lines];
    [swapped[2], swapped[3]] = [lines[3] as string, lines[2] as string];
    const found = changesBetween(meaning(BASE), meaning(swapped.join("\n")));
    expect(found).toEqual([
      { path: "order of modalities", before: "text, image, speech", after: "image, text, speech" },
    ]);
  });
});
