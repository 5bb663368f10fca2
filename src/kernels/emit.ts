// emit: fills templates with the parameters of drafts, and turns the memory plan into bindings.
import { digest } from "../ir/digest.js";
import { layout } from "../ir/facts.js";
import { labelOf } from "../ir/meaning.js";
import type { Memory } from "../ir/memory.js";
import { type Op, outputsOf } from "../ir/op.js";
import type { BufferRange, Choice, Dispatch, Kernel, NodeOutput, Phase, Plan, PlanNode } from "../ir/plan.js";
import { type Program, tensorOf } from "../ir/program.js";
import { count, type Stretch, type TensorId } from "../ir/tensor.js";
import type { DraftBinding, DraftChoice, DraftDispatch, Target } from "./draft.js";
import { tensorInPlace } from "./shared-drafts.js";
import { tableName } from "./tables.js";
import { expand } from "./template.js";
import { TEMPLATES } from "./templates.gen.js";

export interface DraftNode {
  readonly label: string;
  /** The program and op that it runs, and the op for which its drafts were made. */
  readonly op: { readonly program: Program; readonly op: Op; readonly madeFor: Op };
  readonly key: string;
  /** The same object for all nodes with the same drafts. */
  readonly choices: readonly DraftChoice[];
}

export interface DraftPhase {
  readonly name: string;
  readonly nodes: readonly DraftNode[];
}

/** The shader of a dispatch. Its name ends with the digest of its source. */
export function kernelFor(dispatch: DraftDispatch, variant: string): Kernel {
  const source = instantiate(dispatch);
  const name = `${dispatch.label}.${variant}.${digest(source)}`;
  return { name, source, bindings: dispatch.bindings.map((b) => b.access) };
}

function locate(memory: Memory, target: Target, phase: number, op: number, { op: of }: DraftNode): BufferRange {
  const tensor = (id: TensorId): BufferRange => memory.tensor(phase, tensorInPlace(of.madeFor, of.op, id));
  switch (target.kind) {
    case "tensor":
      return tensor(target.tensor);
    case "span": {
      const first = tensor(target.first);
      const last = tensor(target.last);
      if (first.buffer !== last.buffer || last.offset !== first.offset + 256 * Math.ceil(first.bytes / 256)) {
        throw new Error("the tensors of a span are not adjacent");
      }
      return { ...first, bytes: last.offset + last.bytes - first.offset };
    }
    case "scratch":
      return memory.scratch(phase, op, target.slot);
    case "table":
      return memory.field(tableName(target.table));
    case "step":
      return memory.field(labelOf({ is: "step" }));
    case "arena":
      return {
        buffer: memory.arena(target.name, target.region),
        offset: 0,
        bytes: 4 * (memory.regions[target.region] as Stretch).size,
      };
  }
}

/** WebGPU does not allow a dispatch to write a buffer that it also reads. */
function checkAccess(dispatch: DraftDispatch, ranges: readonly BufferRange[]): void {
  const written = new Set(ranges.filter((_, i) => dispatch.bindings[i]?.access === "write").map((r) => r.buffer));
  dispatch.bindings.forEach((binding: DraftBinding, i) => {
    if (binding.access === "read" && written.has(ranges[i]?.buffer as number)) {
      throw new Error(`${dispatch.label} reads ${binding.name} from a buffer that it writes`);
    }
  });
}

function outputsAt(memory: Memory, phase: number, { op: of }: DraftNode): NodeOutput[] {
  // An arena is not a matrix and may be in several buffers.
  const matrices = outputsOf(of.op).filter((id) => tensorOf(of.program, id).role !== "arena");
  return matrices.map((id) => {
    const { name, shape, type } = tensorOf(of.program, id);
    const columns = shape.at(-1) as number;
    return {
      name,
      type: type === "f16" ? "f16" : "f32",
      range: memory.tensor(phase, id),
      rows: count(shape) / columns,
      columns,
      ...layout(of.program, id),
    };
  });
}

interface Shaders {
  /** Each shader once, in the order of first use. */
  readonly kernels: readonly Kernel[];
  /** The index of the shader of each dispatch of a draft. */
  readonly of: (choice: DraftChoice) => readonly number[];
}

function shaders(): Shaders {
  const kernels: Kernel[] = [];
  const index = new Map<string, number>();
  /** Equal dispatches share a shader, which is then written once. */
  const written = new Map<string, number>();
  const kernelOf = (dispatch: DraftDispatch, variant: string): number => {
    const { template, flags, constants, bindings } = dispatch;
    const content = JSON.stringify([template, flags, constants, bindings.map(({ target: _, ...binding }) => binding)]);
    const kernel = written.get(content) ?? newOrEqual(dispatch, variant);
    written.set(content, kernel);
    return kernel;
  };
  const newOrEqual = (dispatch: DraftDispatch, variant: string): number => {
    const kernel = kernelFor(dispatch, variant);
    const known = index.get(kernel.source);
    if (known !== undefined) return known;
    kernels.push(kernel);
    index.set(kernel.source, kernels.length - 1);
    return kernels.length - 1;
  };
  const ofDraft = new Map<DraftChoice, readonly number[]>();
  const kernelsOf = (choice: DraftChoice): readonly number[] => {
    const found = ofDraft.get(choice) ?? choice.dispatches.map((draft) => kernelOf(draft, choice.variant));
    ofDraft.set(choice, found);
    return found;
  };
  return { kernels, of: kernelsOf };
}

/** The kernels that `emit` writes for the drafts. */
export function kernelsIn(phases: readonly DraftPhase[]): readonly Kernel[] {
  const { kernels, of } = shaders();
  for (const { nodes } of phases) for (const { choices } of nodes) choices.forEach(of);
  return kernels;
}

export function emit(memory: Memory, phases: readonly DraftPhase[]): Plan {
  const { kernels, of } = shaders();
  const emitted = phases.map(({ name, nodes }, phase): Phase => {
    const made = nodes.map((node, op): PlanNode => {
      const { label, key, choices } = node;
      const emittedChoices = choices.map((choice): Choice => {
        const { variant, requires, dispatches } = choice;
        const written = of(choice);
        const list = dispatches.map((draft, i): Dispatch => {
          const bindings = draft.bindings.map((b) => locate(memory, b.target, phase, op, node));
          checkAccess(draft, bindings);
          return { kernel: written[i] as number, bindings, workgroups: draft.workgroups };
        });
        return { variant, requires, dispatches: list };
      });
      return {
        label,
        key,
        outputs: outputsAt(memory, phase, node),
        choices: emittedChoices,
      };
    });
    return { name, nodes: made };
  });
  return { buffers: memory.buffers, kernels, phases: emitted, fields: memory.fields };
}

type Constants = Readonly<Record<string, string | number>>;

/** A comment, a word, one of `[`, `]`, ` = ` and `;`, or the text between them. */
const PIECES = /\/\/[^\n]*|\w+|[[\]]| = |;|[^\w[\];=]+?(?= = |\/\/|[\w[\];=]|$)|=+ ?/gs;
const NAME = /^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)(u?)$/;

/** The pieces of a text with names of constants replaced by their values. `NAMEu` becomes an unsigned literal. */
function piecesOf(text: string, constants: Constants): string[] {
  return (text.match(PIECES) ?? []).flatMap((piece) => {
    if (piece.startsWith("//")) return [`//${piecesOf(piece.slice(2), constants).join("")}`];
    const [, name = "", suffix = ""] = NAME.exec(piece) ?? [];
    const value = constants[name];
    if (value === undefined) return [piece];
    return typeof value === "string" ? piecesOf(value, constants) : [`${value}${suffix}`];
  });
}

/** The bindings with f16 elements (f16 or vec4<f16>): the type of an element in memory, and in the kernel. */
function f16Bindings(bindings: readonly DraftBinding[]): ReadonlyMap<string, readonly [narrow: string, wide: string]> {
  const f16 = bindings.filter(({ type }) => type === "array<f16>" || type === "array<vec4<f16>>");
  return new Map(
    f16.map(({ name, type }) => [name, type.includes("vec4") ? ["vec4<f16>", "vec4<f32>"] : ["f16", "f32"]]),
  );
}

/**
 * Joins pieces to text. Kernels compute in f32: a read from an f16 binding is widened, `f32(x[i])`, and a write to one
 * is rounded, `y[i] = f16(…)`.
 */
function written(pieces: readonly string[], f16: ReturnType<typeof f16Bindings>): string {
  let at = 0;
  const until = (end: string | undefined): string => {
    let text = "";
    while (at < pieces.length && pieces[at] !== end) {
      const piece = pieces[at] as string;
      if (piece === "[") {
        at++;
        text += `[${until("]")}]`;
        at++;
        continue;
      }
      const types = pieces[at + 1] === "[" ? f16.get(piece) : undefined;
      if (types === undefined) {
        text += piece;
        at++;
        continue;
      }
      at += 2;
      const element = `${piece}[${until("]")}]`;
      at++;
      if (pieces[at] === " = ") {
        at++;
        text += `${element} = ${types[0]}(${until(";")})`;
      } else text += `${types[1]}(${element})`;
    }
    return text;
  };
  return until(undefined);
}

/** The source of a dispatch: bindings and accessors, then the template with its constants. */
function instantiate(dispatch: DraftDispatch): string {
  const { template, flags, constants, bindings, enables = [], diagnostic } = dispatch;
  const space = { read: "<storage, read>", write: "<storage, read_write>", uniform: "<uniform>" } as const;
  const declared = bindings.map(
    ({ name, access, type }, i) => `@group(0) @binding(${i}) var${space[access]} ${name}: ${type};\n`,
  );
  const accessors = bindings.flatMap((b) => (b.accessor ? [`${b.accessor}\n`] : []));
  const lines = expand(TEMPLATES[template], flags, constants);
  const body = lines.flatMap(({ text, indices }, i) => [
    ...(i === 0 ? [] : ["\n"]),
    ...piecesOf(text, { ...constants, ...indices }),
  ]);
  const f16 = f16Bindings(bindings);
  const asked = [...(f16.size > 0 && !enables.includes("f16") ? ["f16"] : []), ...enables];
  const header = [
    ...(asked.length === 0 ? [] : [`enable ${asked.join(", ")};\n`]),
    ...(diagnostic === undefined ? [] : [`diagnostic(${diagnostic});\n`]),
    ...bindings.flatMap(({ declares }) => declares ?? []),
    ...declared,
  ];
  return `${header.join("")}\n${written([...piecesOf(`${accessors.join("")}\n`, {}), ...body], f16)}`;
}
