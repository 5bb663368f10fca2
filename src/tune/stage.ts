// Runs one op by itself on a device. Each candidate is a phase of one plan; the inputs are written and the outputs read.
import { assemble } from "../compile.js";
import type { OpenDevice } from "../gpu/dawn.js";
import type { Pipelines } from "../gpu/pipelines.js";
import { prepare, type Runtime } from "../gpu/runtime.js";
import { labelOf } from "../ir/meaning.js";
import type { Op } from "../ir/op.js";
import type { Choice, NodeOutput, Phase, Plan } from "../ir/plan.js";
import type { Program } from "../ir/program.js";
import { stepBytes, stepFields } from "../ir/step.js";
import { count, type Tensor } from "../ir/tensor.js";
import type { KernelSettings } from "../kernels/draft.js";
import { fillTable, tableName } from "../kernels/tables.js";
import { alone, type Before, columnsIn, readBy } from "./alone.js";
import type { Given } from "./given.js";
import type { Rewrite } from "./nodes.js";
import { read } from "./stored.js";

/** The device that candidates run on, and how their kernels are compiled. */
export interface Workshop {
  readonly opened: OpenDevice;
  readonly settings: KernelSettings;
  readonly rewrite: Rewrite;
  readonly pipelines: Pipelines;
}

export interface Stage {
  readonly runtime: Runtime;
  /**
   * A variant's outputs, in the op's order. It runs once on buffers filled with NaN, and a second time with gradient
   * accumulation, so the returned gradients are doubled.
   */
  readonly outputs: (variant: string) => Promise<Float32Array[]>;
}

/** The phase that runs a variant. */
export const phaseOf = (variant: string): string => `as ${variant}`;
const BEFORE = "before";
/** NaN as one f32 and as two f16. */
const NOT_A_NUMBER = 0xffffffff;

interface Alone {
  readonly program: Program;
  readonly ops: readonly Op[];
  readonly plan: Plan;
  readonly outputs: readonly NodeOutput[];
  readonly assembled: ReturnType<typeof assemble>;
}

function planOf({ opened, settings, rewrite }: Workshop, from: Program, op: Op, first: Before | undefined): Alone {
  const ops = first ? [first.op, op] : [op];
  const program = alone(first?.program ?? from, ops);
  const assembled = assemble([program], { profile: opened.profile, variants: "all", settings });
  const nodes = assembled.plan.phases[0]?.nodes ?? [];
  const { choices = [], outputs = [] } = nodes.at(-1) ?? {};
  const phase = (name: string, choice: Choice): Phase => ({ name, nodes: [{ label: op.kind, choices: [choice] }] });
  const [earlier] = first ? (nodes[0]?.choices ?? []) : [];
  const phases = [
    ...(earlier ? [phase(BEFORE, earlier)] : []),
    ...choices.map((choice) => phase(phaseOf(choice.variant), choice)),
  ];
  const plan = { ...assembled.plan, phases, kernels: assembled.plan.kernels.map(rewrite) };
  return { program, ops, plan, outputs, assembled };
}

function upload({ program, ops, plan, assembled }: Alone, given: Given, runtime: Runtime): void {
  for (const table of assembled.tables) runtime.write(tableName(table), fillTable(table, given.named));
  const parameter = (tensor: Tensor) => {
    const names = new Set(program.parameters.find((p) => p.tensor === tensor.id)?.names);
    const numbers = given.of(tensor);
    for (const { name, shape, part, offset, group } of assembled.parameters) {
      if (!names.has(name)) continue;
      const size = count(shape);
      const buffer = plan.buffers.findIndex(({ role, holds }) => role === "parameters" && holds?.part === part);
      runtime.write({ buffer, offset, bytes: 4 * size }, numbers.subarray(group * size, (group + 1) * size));
    }
  };
  for (const tensor of readBy(program, ops)) {
    if (tensor.role === "parameter") parameter(tensor);
    else if (plan.fields.some(({ name }) => name === tensor.name)) runtime.write(tensor.name, given.of(tensor));
  }
}

/**
 * Prepares only these variants of an op.
 * @param first computes some of the inputs on the device; the host writes the others
 * @throws DeviceError if the device refuses a variant; TooLarge if the op does not fit on it
 */
export async function onStage(
  workshop: Workshop,
  from: Program,
  op: Op,
  variants: readonly string[],
  given: Given,
  first?: Before,
): Promise<Stage> {
  const made = planOf(workshop, from, op, first);
  const { plan, outputs } = made;
  const { device, profile } = workshop.opened;
  const wanted = new Set([BEFORE, ...variants.map(phaseOf)]);
  const phases = plan.phases.filter(({ name }) => wanted.has(name));
  const runtime = await prepare(device, profile, { ...plan, phases }, { pipelines: workshop.pipelines });
  const accumulate = (value: 0 | 1) => {
    const words = new Uint32Array(stepBytes(from) / 4);
    words[stepFields(from).indexOf("accumulate")] = value;
    runtime.write(labelOf({ is: "step" }), words);
  };
  const overwritten = new Set([
    ...outputs.map(({ range }) => range.buffer),
    ...plan.buffers.flatMap(({ role }, i) => (role === "workspace" ? [i] : [])),
  ]);
  const spoil = () => {
    for (const buffer of overwritten) {
      const bytes = plan.buffers[buffer]?.bytes as number;
      runtime.write({ buffer, offset: 0, bytes }, new Uint32Array(bytes / 4).fill(NOT_A_NUMBER));
    }
  };
  upload(made, given, runtime);
  accumulate(0);
  if (first) runtime.run([BEFORE]);

  return {
    runtime,
    async outputs(variant) {
      spoil();
      accumulate(0);
      runtime.run([phaseOf(variant)]);
      accumulate(1);
      runtime.run([phaseOf(variant)]);
      accumulate(0);
      const matrices: Float32Array[] = [];
      for (const output of outputs) {
        const bytes = await runtime.read(output.range);
        const numbers = output.type === "f16" ? read("f16", new Uint16Array(bytes)) : new Float32Array(bytes);
        matrices.push(columnsIn(output, numbers as Float32Array));
      }
      return matrices;
    },
  };
}
