// Kernels before the memory plan: the bindings of a dispatch still name tensors, tables or scratch.
import { layout } from "../ir/facts.js";
import type { Rows } from "../ir/op.js";
import type { Profile, Requirement } from "../ir/plan.js";
import { type Program, rowsOf, tensorOf } from "../ir/program.js";
import { stepFields } from "../ir/step.js";
import type { TensorId } from "../ir/tensor.js";
import { BEGINS, type Table } from "./tables.js";
import type { Contracts } from "./templates.gen.js";

export type TemplateName = keyof Contracts;
/** The parameters of a template. Every flag is required. A constant that only some flags need is optional. */
export type FlagsOf<T extends TemplateName> = { readonly [F in Contracts[T]["flags"]]: boolean };
export type ConstantsOf<T extends TemplateName> = { readonly [C in Contracts[T]["needs"]]: string | number } & {
  readonly [C in Contracts[T]["may"]]?: string | number;
};

/** The target of a binding. A span covers the first tensor to the end of the last one, in the same buffer. */
export type Target =
  | { readonly kind: "tensor"; readonly tensor: TensorId }
  | { readonly kind: "span"; readonly first: TensorId; readonly last: TensorId }
  | { readonly kind: "scratch"; readonly slot: number }
  | { readonly kind: "table"; readonly table: Table }
  | { readonly kind: "step" }
  /** A region of the arenas: its `parameters`, `gradients` or a slot. */
  | { readonly kind: "arena"; readonly name: string; readonly region: number };

export interface DraftBinding {
  /** The variable's name in the shader. */
  readonly name: string;
  readonly access: "read" | "write" | "uniform";
  readonly type: string;
  readonly target: Target;
  /** WGSL that declares its type. */
  readonly declares?: string;
  /** WGSL functions of this binding, such as those that compute the index of an element. */
  readonly accessor?: string;
}

interface Parameters<T extends TemplateName> {
  readonly template: T;
  readonly flags: FlagsOf<T>;
  readonly constants: ConstantsOf<T>;
}

export type DraftDispatch<T extends TemplateName = TemplateName> = { readonly [One in T]: Parameters<One> }[T] & {
  /** What this dispatch does, in a word or two. It is part of the kernel's name. */
  readonly label: string;
  readonly bindings: readonly DraftBinding[];
  readonly workgroups: readonly [number, number, number];
  /** WGSL extensions. `f16` is added automatically if a binding has f16 elements. */
  readonly enables?: readonly string[] | undefined;
  readonly diagnostic?: string | undefined;
};

export interface DraftChoice {
  readonly variant: string;
  readonly requires: Requirement;
  /** Bytes of each scratch slot. */
  readonly scratch: readonly number[];
  readonly dispatches: readonly DraftDispatch[];
}

export const CPU: Requirement = { kind: "cpu" };
/** Devices on which a subgroup shuffle costs nothing compared with a load. */
export const QUADS: Requirement = { kind: "cpu", quads: true };

/** Settings of kernels that do not change results beyond rounding. */
export interface KernelSettings {
  /** The most bytes of logits that the token loss stores at a time. It stores at least one tile of rows. */
  readonly logitBytes: number;
  /**
   * Multiply-adds from which on an f32 product is large enough to split its operands for matrix units. 0 means always.
   */
  readonly splitFrom: number;
}

export const DEFAULT_SETTINGS: KernelSettings = { logitBytes: 2 ** 26, splitFrom: 2 ** 30 };

/** A GPU needs many rows of logits at a time to be busy, but never more than half of what it can bind. */
export const settingsFor = ({ kind, limits }: Profile): KernelSettings =>
  kind === "gpu" ? { ...DEFAULT_SETTINGS, logitBytes: Math.min(2 ** 28, limits.bindingBytes / 2) } : DEFAULT_SETTINGS;

/** A tensor as a binding. `at_NAME(row, column)` is the index of an element, also if the tensor is a view. */
export function bind(
  program: Program,
  name: string,
  access: "read" | "write",
  tensor: TensorId,
  vector = false,
): DraftBinding {
  const { column, stride } = layout(program, tensor);
  const { type } = tensorOf(program, tensor);
  const [element, step] = vector ? [`vec4<${type}>`, 4] : [type, 1];
  return {
    name,
    access,
    type: `array<${element}>`,
    target: { kind: "tensor", tensor },
    accessor: `fn at_${name}(row: u32, column: u32) -> u32 { return row * ${stride / step}u + ${column / step}u + column; }`,
  };
}

/** An entire tensor, indexed by number. */
export const flat = (program: Program, name: string, access: "read" | "write", tensor: TensorId): DraftBinding => ({
  name,
  access,
  type: `array<${tensorOf(program, tensor).type}>`,
  target: { kind: "tensor", tensor },
});

/** Whether rows of a tensor can be read as vec4. */
export function fitsVec4(program: Program, tensor: TensorId): boolean {
  const { column, stride } = layout(program, tensor);
  return column % 4 === 0 && stride % 4 === 0 && (tensorOf(program, tensor).shape.at(-1) as number) % 4 === 0;
}

export const scratch = (name: string, access: "read" | "write", slot = 0, type = "array<f32>"): DraftBinding => ({
  name,
  access,
  type,
  target: { kind: "scratch", slot },
});

/** The scalars of the step, as `step.NAME`. */
export const stepBinding = (program: Program): DraftBinding => {
  const members = stepFields(program).map((name) => `  ${name}: ${name === "accumulate" ? "u32" : "f32"},\n`);
  const declares = `struct Step {\n${members.join("")}}\n`;
  return { name: "step", access: "uniform", type: "Step", declares, target: { kind: "step" } };
};

/**
 * Workgroups for this many invocations, in two dimensions if one is too short. `GRID_X` is a constant of the template.
 */
export function grid(invocations: number, workgroup: number): { workgroups: [number, number, number]; GRID_X: number } {
  const groups = Math.max(1, Math.ceil(invocations / workgroup));
  const x = Math.min(groups, 32768);
  return { workgroups: [x, Math.ceil(groups / x), 1], GRID_X: x };
}

/** What a kernel that mixes positions needs to know about a row: its groups, and whether a document starts there. */
export interface RowFacts {
  readonly bindings: readonly DraftBinding[];
  /** WGSL: a function for each row set and, with resets, `begins(row)`. */
  readonly functions: readonly string[];
}

/**
 * The modality and the document starts share a binding, to save one. The keys of `sets` are names of WGSL functions.
 */
export function rowFacts(
  program: Program,
  reset: TensorId | undefined,
  sets: Readonly<Record<string, Rows>>,
): RowFacts {
  const named = Object.entries(sets);
  if (reset === undefined) {
    const functions = named.map(([name, rows]) => groupFunction(name, rows));
    return { bindings: modalityFor(program, ...Object.values(sets)), functions };
  }
  const of = (id: TensorId): string => tensorOf(program, id).name;
  const table: Table = { kind: "marks", source: of(program.modality), reset: of(reset), rows: rowsOf(program) };
  const binding: DraftBinding = { name: "marks", access: "read", type: "array<u32>", target: { kind: "table", table } };
  const functions = named.map(([name, rows]) => groupFunction(name, rows, `marks[row] & ${BEGINS - 1}u`));
  return {
    bindings: [binding],
    functions: [...functions, `fn begins(row: u32) -> bool { return marks[row] >= ${BEGINS}u; }`],
  };
}

/** WGSL that maps a position's modality to its group. It needs the binding `modality`. */
export function groupFunction(name: string, rows: Rows, modality = "modality[row]"): string {
  if (rows.over === "items" || rows.of.every((g) => g === 0)) return `fn ${name}(row: u32) -> u32 { return 0u; }`;
  const list = rows.of.map((g) => `${Math.max(g, 0)}u`).join(", ");
  return `const ${name}_of = array<u32, ${rows.of.length}>(${list});
fn ${name}(row: u32) -> u32 { return ${name}_of[${modality}]; }`;
}

/** The modality binding, if one of the row sets needs it. */
export const modalityFor = (program: Program, ...rows: Rows[]): DraftBinding[] =>
  rows.some((r) => r.over === "positions" && r.of.some((g) => g !== 0))
    ? [{ ...bind(program, "modality", "read", program.modality), accessor: "" }]
    : [];

export const width = (program: Program, tensor: TensorId): number => tensorOf(program, tensor).shape.at(-1) as number;
export const height = (program: Program, tensor: TensorId): number => tensorOf(program, tensor).shape[0] as number;

/** Adds WGSL functions to the last binding, after everything that they read is declared. */
export const withFunctions = (bindings: readonly DraftBinding[], ...functions: string[]): DraftBinding[] =>
  bindings.map((b, i) =>
    i === bindings.length - 1 ? { ...b, accessor: [b.accessor ?? "", ...functions].join("\n") } : b,
  );
