// Batches and data positions are the same whether updates are prepared in advance or not.
import { expect, test } from "vitest";
import { syntheticDataSet } from "../../src/bench/synthetic.js";
import { compile } from "../../src/compile.js";
import { documentBatch } from "../../src/data/fixed-batches.js";
import { filled } from "../../src/data/packing.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import type { Profile } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import { fillTable, tableName } from "../../src/kernels/tables.js";
import { openFeed, withTables } from "../../src/train/feed.js";
import { countsOf, hostBatch } from "../../src/train/host-batch.js";
import { image, sketch, text } from "../support/spec.js";

const profile = profileNamed("swiftshader") as Profile;
const phases = [{ name: "gradients", part: "model", noise: "drawn", gradients: true }] as const;

function made(carry: boolean): CheckedSpec {
  const train = { batch: 3, accumulate: 2, seed: 9 };
  const parts = { modalities: [text, image], decouple: ["in_proj"] } as const;
  return sketch({ ...parts, vocabulary: 42, d_model: 16, layers: 1, length: 70, reset: true, carry, train });
}

const tablesOf = (spec: CheckedSpec) =>
  compile(spec, { profile, batch: 3, length: 70, chunk: 16, variants: "first", phases }).tables;

test.each([false, true])("updates prepared in advance equal updates made on demand (streams: %s)", async (carry) => {
  const spec = carry ? { ...made(carry), train: { ...made(carry).train, accumulate: 1 } } : made(carry);
  const [plain, ahead] = [0, 1].map(() => openFeed(spec, syntheticDataSet(spec), tablesOf(spec)));
  if (!plain || !ahead) throw new Error("two feeds were made");
  const positions = [];
  for (let step = 0; step < 12; step++) {
    positions.push(plain.position());
    if (step % 3 > 0) ahead.prepare(step);
    expect(ahead.position()).toEqual(plain.position());
    const [a, b] = [await plain.take(step), await ahead.take(step)];
    expect({ ...b, release: undefined }).toEqual({ ...a, release: undefined });
    expect(a.position).toEqual(positions[step]);
    expect(a.batches).toHaveLength(spec.train.accumulate);
  }
  expect(new Set(positions.map((p) => JSON.stringify(p))).size).toBe(12);

  const again = openFeed(spec, syntheticDataSet(spec), tablesOf(spec));
  const fifth = openFeed(spec, syntheticDataSet(spec), tablesOf(spec));
  for (let step = 0; step < 5; step++) await fifth.take(step);
  again.prepare(0);
  again.seek(positions[5] as (typeof positions)[number]);
  const [sixth, other] = [await again.take(5), await fifth.take(5)];
  expect({ ...sixth, release: undefined }).toEqual({ ...other, release: undefined });
});

test("updates are the same if the arrays of earlier ones are reused", async () => {
  const spec = made(false);
  const [kept, reused] = [0, 1].map(() => openFeed(spec, syntheticDataSet(spec), tablesOf(spec)));
  if (!kept || !reused) throw new Error("two feeds were made");
  const seen = new Set<ArrayBufferLike>();
  let again = 0;
  for (let step = 0; step < 6; step++) {
    const [a, b] = [await kept.take(step), await reused.take(step)];
    expect(b.batches).toEqual(a.batches);
    for (const batch of b.batches)
      for (const { buffer } of batch.values()) {
        if (seen.has(buffer)) again++;
        seen.add(buffer);
      }
    // The next one is made before the arrays of this one are free.
    reused.prepare(step + 1);
    b.release();
  }
  expect(again).toBeGreaterThan(0);
});

test("a batch has every table of the plan, filled from its own tensors", async () => {
  const spec = made(false);
  const tables = tablesOf(spec);
  expect(tables.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["rows", "targets", "marks", "occurrences"]));
  const dataSet = syntheticDataSet(spec);
  const batch = await filled(dataSet, documentBatch(dataSet, [0, 1, 2], { length: 70 }));
  const host = hostBatch(spec, batch, countsOf(spec, [batch]), { kind: "training", seed: 1 });
  const whole = withTables(host, tables);
  for (const table of tables) {
    expect(whole.get(tableName(table))).toEqual(fillTable(table, (name) => host.get(name) as Uint32Array));
  }
  const elsewhere = { kind: "targets", source: "draft/target", rows: 210, pairs: false } as const;
  expect(withTables(host, [elsewhere])).toEqual(host);
});
