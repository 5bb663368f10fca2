// Every variant of every kernel against the float64 reference.
import { beforeAll, describe, expect, test } from "vitest";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import { differentiate } from "../../src/passes/differentiate.js";
import { fuse } from "../../src/passes/fuse.js";
import { lower } from "../../src/passes/lower.js";
import { evaluate } from "../../src/reference/evaluate.js";
import { testDevice } from "../gpu/adapter.js";
import { randomValues } from "../support/random.js";
import { image, sketch, speech, text } from "../support/spec.js";
import { compare, variantsOf } from "./single-op.js";

let opened: OpenDevice;
beforeAll(async () => {
  opened = await testDevice();
});

const spec = sketch({
  modalities: [text, image, speech],
  vocabulary: 50,
  d_model: 20,
  layers: 1,
  decouple: ["in_proj", "x_proj", "dt_proj", "out_proj", "conv1d", "A", "D", "norm"],
});

describe.each([8, 16])("programs fused for %i storage buffers", (storageBuffers) => {
  const options = { batch: 2, length: 70, chunk: 16, part: "model", noise: "drawn" } as const;
  const { program } = fuse(differentiate(lower(spec, options)), { storageBuffers });
  const known = evaluate(randomValues(program, 1));
  program.ops.forEach((op, i) => {
    for (const variant of variantsOf(program, op)) {
      test(`${i} ${op.kind} by ${variant}`, async () => {
        for (const { tensor, error } of await compare(opened, program, known, op, variant)) {
          expect(error, tensor).toBeLessThan(2e-5);
        }
      });
    }
  });
});
