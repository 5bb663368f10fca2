// Properties of the plans of random specs: live tensors never share memory, and devices support every variant.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Compiled, compile, type PhaseRequest, TRAINING_PHASES } from "../../src/compile.js";
import { storage } from "../../src/ir/facts.js";
import { inputsOf, type Op, outputsOf } from "../../src/ir/op.js";
import { admits, type BufferRange, type Choice, type Plan, type Profile } from "../../src/ir/plan.js";
import { PROFILES } from "../../src/ir/profiles.js";
import { type Program, tensorOf } from "../../src/ir/program.js";
import type { TensorId } from "../../src/ir/tensor.js";
import { selectKernels } from "../../src/kernels/select.js";
import { allocate, type PhaseNeeds } from "../../src/passes/allocate.js";
import { image, sketch, speech, text } from "../support/spec.js";
import { randomSpec } from "./random-spec.js";

/** The owner of each range of a buffer: the tensor last written there. */
function ledger(): {
  write(range: BufferRange, owner: string): void;
  holds(range: BufferRange, owner: string): boolean;
} {
  let held: { range: BufferRange; owner: string }[] = [];
  const overlap = (a: BufferRange, b: BufferRange): boolean =>
    a.buffer === b.buffer && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
  const same = (a: BufferRange, b: BufferRange): boolean =>
    a.buffer === b.buffer && a.offset === b.offset && a.bytes === b.bytes;
  return {
    write: (range, owner) => {
      held = held.filter((h) => !overlap(h.range, range));
      held.push({ range, owner });
    },
    holds: (range, owner) => held.some((h) => h.owner === owner && same(h.range, range)),
  };
}

/** Simulates the writes of every op to its scratch and outputs, and lists ops whose inputs are overwritten too early. */
function overwrittenInputs(programs: readonly Program[], profile: Profile): string[] {
  const scratchOf = (program: Program, op: Op): number[] => {
    const choices = selectKernels(program, op);
    const slots = Math.max(...choices.map(({ scratch }) => scratch.length));
    return Array.from({ length: slots }, (_, slot) => Math.max(...choices.map(({ scratch }) => scratch[slot] ?? 0)));
  };
  const phases = programs.map((program): PhaseNeeds => {
    return { program, scratch: program.ops.map((op) => scratchOf(program, op)) };
  });
  const memory = allocate({ phases, tables: new Map(), stepBytes: 48 }, profile);
  const faults: string[] = [];
  const bytes = ledger();
  const within = ({ buffer, offset, bytes: size }: BufferRange): boolean =>
    offset % 256 === 0 && offset + size <= (memory.buffers[buffer]?.bytes as number);
  phases.forEach(({ program, scratch }, phase) => {
    for (const { id, role } of program.tensors) {
      if (role === "value" || role === "arena") continue;
      bytes.write(memory.tensor(phase, id), role === "result" ? "" : `${id}`);
    }
    program.ops.forEach((op, at) => {
      const place = (id: TensorId) => {
        const home = storage(program, id);
        return [memory.tensor(phase, home.id), `${home.id}`] as const;
      };
      const ranges = (scratch[at] as number[]).map((_, slot) => memory.scratch(phase, at, slot));
      ranges.forEach((range, slot) => {
        bytes.write(range, `scratch ${slot}`);
      });
      // Arenas hold parameters and never move.
      const moves = (id: TensorId): boolean => tensorOf(program, id).role !== "arena";
      const [reads, makes] = [inputsOf(op).filter(moves), outputsOf(op).filter(moves)];
      for (const id of makes) bytes.write(...place(id));
      const kept = [...reads, ...makes, program.modality].every((id) => bytes.holds(...place(id)));
      const disjoint = ranges.every((range, slot) => bytes.holds(range, `scratch ${slot}`));
      const inside = [...ranges, ...[...reads, ...makes].map((id) => place(id)[0])].every(within);
      if (!kept || !disjoint || !inside) faults.push(`${program.name} ${at} ${op.kind}`);
    });
  });
  return faults;
}

const numbers = {
  f32: 1,
  f16: 0.5,
  "vec2<i32>": 2,
  "vec4<f32>": 4,
  "vec4<u32>": 4,
  "vec4<f16>": 2,
} as const;

/** Violations of a choice's requirement or of the limits of a device that admits it. */
function violations(
  { kernels, buffers }: Plan,
  { variant, requires, dispatches }: Choice,
  { limits }: Profile,
): string[] {
  const faults: string[] = [];
  for (const { kernel, bindings, workgroups } of dispatches) {
    const { name, source, bindings: access } = kernels[kernel] as Plan["kernels"][number];
    const fault = (what: string): number => faults.push(`${name} by ${variant}: ${what}`);
    const bound = access.filter((a) => a !== "uniform").length;
    if (bound > (requires.storageBuffers ?? 8)) fault(`${bound} storage buffers`);
    const shared = [...source.matchAll(/var<workgroup>\s+\w+:\s*array<([^;]+), (\d+)>/g)];
    if (shared.length !== source.split("var<workgroup>").length - 1) fault("workgroup memory of unknown size");
    const sizes = shared.map(([, type, n]) => 4 * numbers[type as keyof typeof numbers] * Number(n));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    // Drivers may place variables one after the other, and matrices must start at multiples of 16 bytes.
    if (requires.matrix && sizes.some((size) => size % 16 !== 0)) fault("matrices at any place in workgroup memory");
    if (!(bytes <= (requires.workgroupBytes ?? 16384))) fault(`${bytes} bytes of workgroup memory`);
    const [, size] = /@workgroup_size\(([^)]*)\)/.exec(source) as RegExpExecArray;
    const invocations = (size as string).split(",").reduce((product, n) => product * Number(n), 1);
    if (!(invocations <= (requires.invocations ?? 256))) fault(`${invocations} invocations`);
    if (!workgroups.every((n) => n >= 1 && n <= limits.workgroupsPerDimension)) fault(`workgroups ${workgroups}`);
    for (const range of bindings) {
      if (range.bytes > limits.bindingBytes) fault(`a binding of ${range.bytes} bytes`);
      if (range.bytes <= 0 || range.bytes % 4 !== 0 || range.offset % 256 !== 0)
        fault(`range ${JSON.stringify(range)}`);
      if (range.offset + range.bytes > (buffers[range.buffer]?.bytes as number)) fault("a range beyond its buffer");
    }
    for (const [i, a] of bindings.entries()) {
      for (const [j, b] of bindings.entries()) {
        const disjoint = a.buffer !== b.buffer || a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
        if (i !== j && access[i] === "write" && !disjoint) fault(`bindings ${i} and ${j} overlap`);
      }
    }
    const code = source.replaceAll(/\/\/.*/g, "");
    const placeholders = [...code.matchAll(/\b[A-Z][A-Z0-9]*(_[A-Z0-9]+)+u?\b/g)].filter(([word]) => word !== "NO_ROW");
    for (const [word] of placeholders) fault(`placeholder ${word} remains`);
  }
  return faults;
}

const allViolations = ({ plan }: Compiled, profile: Profile): string[] =>
  plan.phases.flatMap(({ nodes }) =>
    nodes.flatMap(({ choices }) =>
      choices
        .filter(({ requires }) => admits(profile, requires))
        .flatMap((choice) => violations(plan, choice, profile)),
    ),
  );

/** The phases of training, and one of a single position that carries the state. */
const PHASES: readonly PhaseRequest[] = [
  ...TRAINING_PHASES,
  { name: "step", part: "model", noise: "drawn", gradients: false, state: "carried", length: 1 },
];

describe("plans of random specs", () => {
  test("live tensors share no bytes", () => {
    fc.assert(
      fc.property(randomSpec, ({ spec, options }) => {
        const { stages } = compile(spec, { ...options, phases: PHASES, variants: "first" });
        const programs = stages.map(({ name, final }) => ({ ...final, name }));
        expect(overwrittenInputs(programs, options.profile)).toEqual([]);
      }),
      { numRuns: 40, seed: 7 },
    );
  });

  test("every device of a profile can run every variant that it admits", () => {
    fc.assert(
      fc.property(randomSpec, ({ spec, options }) => {
        const compiled = compile(spec, { ...options, phases: PHASES, variants: "all" });
        expect(allViolations(compiled, options.profile)).toEqual([]);
        expect(compiled.plan.buffers.filter(({ bytes }) => bytes > options.profile.limits.bufferBytes)).toEqual([]);
      }),
      { numRuns: 40, seed: 8 },
    );
  });
});

const [h100] = PROFILES.filter(({ name }) => name === "nvidia-h100") as [Profile];
const h100With8 = { ...h100, name: "nvidia-h100 with 8 buffers", limits: { ...h100.limits, storageBuffers: 8 } };

test.each([
  ...PROFILES.map((profile) => ({ profile, batch: 2 })),
  { profile: h100, batch: 16 },
  { profile: h100With8, batch: 16 },
])("a large model with a batch of $batch stays within the limits of $profile.name", ({ profile, batch }) => {
  const spec = sketch({
    modalities: [text, image],
    vocabulary: 8192,
    d_model: 512,
    layers: 2,
    decouple: ["in_proj", "x_proj", "dt_proj", "out_proj", "A"],
  });
  const compiled = compile(spec, { profile, batch, length: 2048, phases: TRAINING_PHASES, variants: "all" });
  expect(allViolations(compiled, profile)).toEqual([]);
});

test.each([8, 24, 64, 128])("attention in f16 runs on matrix units, with heads of %i", (head) => {
  const spec = sketch({
    modalities: [text, image],
    vocabulary: 40,
    layers: 1,
    d_model: 2 * head,
    attention: { heads: 2, kv_heads: 1 },
    train: { precision: "f16" },
  });
  const compiled = compile(spec, { profile: h100, batch: 2, length: 80, phases: TRAINING_PHASES, variants: "all" });
  expect(allViolations(compiled, h100)).toEqual([]);
  const nodes = compiled.plan.phases
    .flatMap((phase) => phase.nodes)
    .filter(({ label }) => label.startsWith("attention"));
  expect(nodes.length).toBeGreaterThan(0);
  expect(nodes.every(({ choices }) => choices[0]?.variant.startsWith("matrix-"))).toBe(true);
});

test("2.7 G parameters are split into buffers that an H100 can bind, and a step fits into 46 GB", () => {
  const spec = sketch({
    modalities: [text, speech],
    vocabulary: 32_000,
    d_model: 2048,
    layers: 48,
    decouple: ["in_proj", "x_proj", "dt_proj", "out_proj"],
    train: { recompute: "block" },
  });
  const options = { profile: h100, batch: 1, length: 4096, phases: TRAINING_PHASES, variants: "all" } as const;
  const compiled = compile(spec, options);
  expect(allViolations(compiled, h100)).toEqual([]);
  const { buffers } = compiled.plan;
  expect(buffers.filter(({ role }) => role === "parameters").length).toBe(6);
  expect(buffers.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(46e9);
});
