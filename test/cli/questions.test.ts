// The questions of `mom new`, answered with key presses.
import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { Choice } from "../../src/api/new-spec.js";
import { ask } from "../../src/cli/verbs/new.js";

const [DOWN, SPACE, ENTER, ESCAPE, CTRL_C] = ["\u001b[B", " ", "\r", "\u001b", "\u0003"];

/** Presses keys when a question appears on the screen. Returns the answers and all text that was shown. */
async function answer(
  given: Partial<Choice>,
  answers: readonly (readonly [question: string, keys: readonly string[]])[],
) {
  const input = new PassThrough();
  const output = new PassThrough();
  let shown = "";
  const left = [...answers];
  output.on("data", (chunk: Buffer) => {
    shown += stripVTControlCharacters(chunk.toString());
    const [next] = left;
    if (next === undefined || !shown.includes(next[0])) return;
    left.shift();
    // Keys arrive one after the other, as from a keyboard.
    next[1].forEach((key, i) => void setTimeout(() => input.write(key), 10 * (i + 1)));
  });
  const found = await ask(given, { input, output });
  expect(left).toEqual([]);
  return { found, shown };
}

const MODALITIES = "Which modalities do sequences contain?";
const BLOCKS = "Which layers mix positions?";
const OWNING = "What does each modality own?";

test("Enter accepts the suggested answers", async () => {
  const { found } = await answer({}, [
    [MODALITIES, [ENTER]],
    [BLOCKS, [ENTER]],
    [OWNING, [ENTER]],
  ]);
  expect(found).toEqual({ modalities: ["text", "image"], blocks: "mamba", own: "all" });
});

test("keys choose other answers, and text is always included", async () => {
  const { found, shown } = await answer({}, [
    // Deselects text and pictures, and selects speech.
    [MODALITIES, [SPACE, DOWN, SPACE, DOWN, DOWN, SPACE, ENTER]],
    [BLOCKS, [DOWN, DOWN, ENTER]],
    [OWNING, [DOWN, ENTER]],
  ]);
  expect(found).toEqual({ modalities: ["text", "speech"], blocks: "hybrid", own: "none" });
  expect(shown).toContain("three Mamba blocks, then one attention block");
});

test("questions that flags answer are skipped", async () => {
  const { found, shown } = await answer({ modalities: ["text"], own: "ablate" }, [[BLOCKS, [DOWN, ENTER]]]);
  expect(found).toEqual({ modalities: ["text"], blocks: "attention", own: "ablate" });
  expect(shown).not.toContain(MODALITIES);
  expect(shown).not.toContain(OWNING);
});

test.each([ESCAPE, CTRL_C])("%j cancels", async (key) => {
  const { found, shown } = await answer({}, [
    [MODALITIES, [ENTER]],
    [BLOCKS, [key]],
  ]);
  expect(found).toBe("cancelled");
  expect(shown).toContain("Nothing was written.");
  expect(shown).not.toContain(OWNING);
});
