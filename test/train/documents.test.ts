// The starts of documents in a batch. Documents packed together have the losses of separate documents.
import { describe, expect, test } from "vitest";
import type { Batch } from "../../src/batch/batch.js";
import { compile } from "../../src/compile.js";
import { countsOf, hostBatch, resetsOf } from "../../src/train/host-batch.js";
import { readLossSums } from "../../src/train/loss-sums.js";
import { openModel } from "../../src/train/model.js";
import { missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";
import { sketch, speech, text } from "../support/spec.js";

const missing = await missingAdapter();
const LENGTH = 40;

/** Rows of documents of these lengths, followed by padding. */
function batchOf(rows: readonly (readonly number[])[]): Batch {
  const document = new Int32Array(rows.length * LENGTH).fill(-1);
  const tokens = new Int32Array(rows.length * LENGTH).fill(49);
  rows.forEach((lengths, row) => {
    let position = row * LENGTH;
    lengths.forEach((length, number) => {
      for (let t = 0; t < length; t++) {
        document[position] = number;
        tokens[position++] = (7 * t + 3 * t * t + length) % 40;
      }
    });
  });
  const modality = Uint8Array.from(tokens, (token) => (token % 3 === 0 ? 1 : 0));
  return { batch: rows.length, length: LENGTH, tokens, modality, document, items: [] };
}

test("a document starts where its number first occurs, and so does the padding after the last one", () => {
  const marks = [...resetsOf(batchOf([[3, 1], [LENGTH]]))];
  expect(marks.flatMap((mark, r) => (mark === 1 ? [r] : []))).toEqual([0, 3, 4, LENGTH]);
});

describe.skipIf(missing)("losses", () => {
  test.each([{ reset: true }, { reset: true, attention: {} }, { reset: false }])("with %j", async (changes) => {
    const { reset } = changes;
    const parts = { modalities: [text, speech], decouple: ["in_proj", "A"] } as const;
    const spec = sketch({ ...parts, vocabulary: 50, d_model: 12, layers: 2, ...changes });
    const opened = await testDevice();
    const phases = [{ name: "validate", part: "model", noise: "drawn", gradients: false }] as const;
    const options = {
      profile: opened.profile,
      batch: 2,
      length: LENGTH,
      chunk: 16,
      variants: "first",
      phases,
    } as const;
    const model = await openModel(opened, compile(spec, options), pipelinesOn(opened));
    await model.initialise(5);
    const lossOf = async (batch: Batch): Promise<number> => {
      model.writeBatch(hostBatch(spec, batch, countsOf(spec, [batch]), { kind: "training", seed: 1 }));
      model.runtime.run(["validate"]);
      return (await readLossSums(model, spec)).ids.reduce((sum, loss) => sum + loss, 0);
    };
    const packed = await lossOf(
      batchOf([
        [17, 11, 9],
        [12, 20],
      ]),
    );
    const alone = [
      await lossOf(batchOf([[17], [11]])),
      await lossOf(batchOf([[9], [12]])),
      await lossOf(batchOf([[20]].concat([[]]))),
    ];
    const difference = Math.abs(packed / alone.reduce((sum, loss) => sum + loss, 0) - 1);
    if (reset) expect(difference).toBeLessThan(1e-6);
    else expect(difference).toBeGreaterThan(1e-5);
    model.runtime.destroy();
  });
});
