// Fusion changes ops but not float64 results.
import { expect, test } from "vitest";
import { verify } from "../../src/ir/verify.js";
import { differentiate } from "../../src/passes/differentiate.js";
import { bytesMoved, fuse } from "../../src/passes/fuse.js";
import { lower } from "../../src/passes/lower.js";
import { evaluate } from "../../src/reference/evaluate.js";
import { read } from "../../src/reference/values.js";
import { relativeError } from "../support/fixtures.js";
import { randomValues } from "../support/random.js";
import { image, sketch, speech, text } from "../support/spec.js";

const spec = sketch({
  modalities: [text, image, speech],
  vocabulary: 50,
  d_model: 12,
  layers: 2,
  decouple: ["in_proj", "x_proj", "out_proj", "A"],
  attention: { heads: 3 },
});
const options = { batch: 2, length: 40, chunk: 16, part: "model", noise: "drawn" } as const;

test.each([8, 16])("a program fused for %i storage buffers gives the same results", (storageBuffers) => {
  const plain = verify(differentiate(verify(lower(spec, options))));
  const { program, applied } = fuse(plain, { storageBuffers });
  verify(program);
  expect(applied.filter((step) => step.times === 0).map((step) => step.name)).toEqual(
    storageBuffers < 11 ? ["gate"] : [],
  );
  expect(program.ops.length).toBeLessThan(0.75 * plain.ops.length);
  expect(bytesMoved(program)).toBeLessThan((storageBuffers < 11 ? 0.85 : 0.8) * bytesMoved(plain));
  const before = evaluate(randomValues(plain, 3));
  const after = evaluate(randomValues(program, 3));
  const compared = plain.tensors.filter((t) => t.role === "gradient" || t.role === "result");
  expect(compared.length).toBeGreaterThan(30);
  for (const { id, name } of compared)
    expect(relativeError(read(after, id), read(before, id)), name).toBeLessThan(1e-12);
});
