// Parameters are the same whether they are copied in pieces or at once. For timing, all layers share one draw.
import { expect, test } from "vitest";
import { compile, EVALUATION_PHASES } from "../../src/compile.js";
import { openModel } from "../../src/train/model.js";
import { missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";
import { sketch, text } from "../support/spec.js";

const missing = await missingAdapter();
const spec = sketch({ modalities: [text], vocabulary: 50, d_model: 12, layers: 2 });

async function modelOf(pieceBytes?: number) {
  const opened = await testDevice();
  const options = { batch: 1, length: 8, phases: EVALUATION_PHASES, variants: "first" } as const;
  return await openModel(
    opened,
    compile(spec, { profile: opened.profile, ...options }),
    pipelinesOn(opened),
    undefined,
    pieceBytes,
  );
}

test.skipIf(missing)("tensors that span several pieces are written and read completely", async () => {
  // A piece is shorter than most tensors, and its size divides none of them.
  const [whole, pieces] = [await modelOf(), await modelOf(1000)];
  await whole.initialise(4);
  await pieces.initialise(4);
  const expected = await whole.read("parameters");
  expect(await pieces.read("parameters")).toEqual(expected);
  await whole.initialise(5);
  const other = await whole.read("parameters");
  expect(other).not.toEqual(expected);
  await pieces.load("parameters", other);
  expect(await pieces.read("parameters")).toEqual(other);
  for (const model of [whole, pieces]) model.runtime.destroy();
});

test.skipIf(missing)("with `alike`, all layers are equal, and the first has its normal values", async () => {
  const model = await modelOf();
  await model.initialise(4);
  const drawn = await model.read("parameters");
  await model.initialise(4, "alike");
  const alike = await model.read("parameters");
  const [first, second] = [0, 1].map((layer) => `layers.${layer}.mamba_model.in_proj.weight`) as [string, string];
  expect(drawn.get(first)).not.toEqual(drawn.get(second));
  expect(alike.get(first)).toEqual(drawn.get(first));
  expect(alike.get(second)).toEqual(drawn.get(first));
  model.runtime.destroy();
});
