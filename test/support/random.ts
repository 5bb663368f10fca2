// Random inputs of a program: parameters near their initial scale and valid batches.
import { type Program, rowsOf, tensorOf } from "../../src/ir/program.js";
import { count } from "../../src/ir/tensor.js";
import { type Stream, stream } from "../../src/random/stream.js";
import { type Values, values } from "../../src/reference/values.js";

export interface RandomOptions {
  /** The modality of each row. By default, runs of random lengths and modalities. */
  readonly modality?: (row: number) => number;
  /** The target of each row. By default, a random token, or sometimes -1. */
  readonly target?: (row: number) => number;
  /** Whether a document begins at each row (1) or not (0). By default, one in eleven rows begins a document. */
  readonly reset?: (row: number) => number;
  /** The standard deviation of weights, 0.4 by default. Wide sums of larger weights overflow f16. */
  readonly weights?: number;
}

function runs(rows: number, modalities: number, s: Stream): number[] {
  const of: number[] = [];
  while (of.length < rows) {
    const m = s.below(modalities);
    const size = 1 + s.below(9);
    for (let i = 0; i < size; i++) of.push(m);
  }
  return of.slice(0, rows);
}

/** Values of every input of a program. They depend on the seed but not on fusion. */
export function randomValues(program: Program, seed: number, options: RandomOptions = {}): Values {
  const rows = rowsOf(program);
  const drawn = runs(rows, program.modalities, stream("sample", seed, 1));
  const modality = options.modality ? drawn.map((_, r) => options.modality?.(r) as number) : drawn;
  const vocabulary = program.tensors.find((t) => t.name === "embed.weight")?.shape[1] ?? 1;
  const pictureRows = (name: string): number[] => {
    const input = program.tensors.find((t) => t.role === "batch" && t.name === `timestep.${name}`);
    const pictures = input ? count(input.shape) : 1;
    let picture = -1;
    return modality.map((m, r) => {
      if (m !== 1) return -1;
      if (modality[r - 1] !== 1) picture++;
      return picture < pictures ? picture : -1;
    });
  };
  /** The first row of each item and the key of its noise. */
  const itemsOf = (name: string, pictures: number): number[] => {
    const rows = pictureRows(name);
    return Array.from({ length: pictures }, (_, i) => [Math.max(0, rows.indexOf(i)), i % 3, 7 * i + 1, 2]).flat();
  };
  /** The first and last key of a row: causal, or with `both` to the end of a run of modality 1. */
  const keysOf = (row: number, both: boolean): [number, number] => {
    let last = row;
    while (both && modality[row] === 1 && modality[last + 1] === 1 && (last + 1) % program.length !== 0) last++;
    return [0, last % program.length];
  };
  return values(program, (name, size) => {
    const s = stream("sample", seed, 2, ...[hash(name)]);
    const fill = (next: () => number): number[] => Array.from({ length: size }, next);
    const [head, rest] = [name.split(".")[0] as string, name.split(".").slice(1).join(".")];
    if (name === "modality") return modality;
    if (name === "loss_scale") return [1024, 3, 1 / 1024];
    if (name === "reset") return fill(() => (s.below(11) === 0 ? 1 : 0)).map((mark, r) => options.reset?.(r) ?? mark);
    if (name === "embedded") return fill(() => s.below(vocabulary)).map((t, r) => (modality[r] === 1 ? -1 : t));
    if (name === "target" && options.target) return modality.map((_, r) => options.target?.(r) as number);
    if (name === "target") return fill(() => s.below(vocabulary + 3)).map((t) => (t < vocabulary ? t : -1));
    if (name === "target_class") return fill(() => s.below(program.modalities + 1) - 1);
    if (head === "timestep") return fill(() => 1 + s.below(1000));
    if (head === "index") return pictureRows(rest);
    if (name === "position") return modality.map((_, r) => r % program.length);
    if (head === "keys") return modality.flatMap((_, r) => keysOf(r, rest === "both"));
    if (name === "noise_key") return [s.word(), s.word()];
    if (head === "item") return itemsOf(rest, size / 4);
    if (head === "level") return fill(() => s.uniform());
    if (head === "scale" && program.tensors.some((t) => t.name === `timestep.${rest}`)) {
      return fill(() => s.uniform()).map((x, r) => (modality[r] === 1 ? x : 0));
    }
    if (name.includes("A_log")) return fill(() => Math.log(1 + s.below(8)) + 0.1 * s.normal());
    if (name.includes("norm") || name.endsWith(".D")) return fill(() => 1 + 0.1 * s.normal());
    if (name.includes("dt_proj.bias")) return fill(() => -3 + s.normal());
    const parameter = program.parameters.find((p) => tensorOf(program, p.tensor).name === name);
    return fill(() => (parameter ? (options.weights ?? 0.4) : 1) * s.normal());
  });
}

function hash(name: string): number {
  let h = 2166136261;
  for (const c of name) h = Math.imul(h ^ c.charCodeAt(0), 16777619) >>> 0;
  return h;
}
