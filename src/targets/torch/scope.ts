// The names of a forward pass in Python: its values, the parameters that it reads and the fields of its batch.
import { labelOf, type Meaning } from "../../ir/meaning.js";
import type { Parameter, Program } from "../../ir/program.js";
import { tensorOf } from "../../ir/program.js";
import type { TensorId } from "../../ir/tensor.js";
import { FILES } from "./files.gen.js";
import { access } from "./modules.js";
import { namer, quoted } from "./python.js";

export interface Scope {
  readonly program: Program;
  /** The expression of a value, a field of the batch, or a parameter with one copy. */
  value(id: TensorId): string;
  /** The expression of a list of the copies of a parameter. */
  copies(id: TensorId): string;
  /** The field of a batch that may be absent. */
  maybe(id: TensorId): string;
  /** Names a value that is computed here. */
  declare(id: TensorId): string;
}

/** The classes and functions of a project's module. */
export const definedIn = (file: "batch.py" | "ops.py"): string[] =>
  [...(FILES[file] ?? "").matchAll(/^(?:def|class) ([A-Za-z]\w*)/gm)].map(([, name]) => name as string);

/** Names that model.py imports. A value with such a name would hide what it names. */
export const IMPORTED: readonly string[] = [...definedIn("batch.py"), ...definedIn("ops.py"), "Tensor", "Model"];

/** The key of a field in a batch. */
export const fieldKey = (means: Meaning): string =>
  means.is === "rotary" ? `rotary.${means.theta}.${means.head}` : labelOf(means);

interface ScopeOptions {
  /** What the names of all its parameters and values start with: `layers.0.`, or nothing outside the layers. */
  readonly prefix: string;
  /** Values that have a name before the first statement. */
  readonly known: ReadonlyMap<TensorId, string>;
  /** Values with a name of their own. */
  readonly named?: ReadonlyMap<TensorId, string>;
}

export function scopeOf(program: Program, { prefix, known, named = new Map() }: ScopeOptions): Scope {
  const parameters = new Map(program.parameters.map((parameter) => [parameter.tensor, parameter]));
  const values = new Map(known);
  const free = namer(prefix, [...known.values(), ...named.values(), ...IMPORTED, "total", "layer"]);
  const parameterOf = (id: TensorId): Parameter | undefined => parameters.get(id);
  const field = (id: TensorId): string | undefined => {
    const { means } = tensorOf(program, id);
    return means && quoted(fieldKey(means));
  };
  const accessed = (id: TensorId) => {
    const parameter = parameterOf(id);
    if (parameter === undefined) throw new Error(`${tensorOf(program, id).name} is not a parameter`);
    return access(parameter, prefix, prefix === "");
  };
  return {
    program,
    value(id) {
      const local = values.get(id);
      if (local !== undefined) return local;
      if (parameterOf(id) !== undefined) return accessed(id).one ?? accessed(id).all;
      const key = field(id);
      if (key === undefined) throw new Error(`${tensorOf(program, id).name} is read before it is computed`);
      return `batch[${key}]`;
    },
    copies: (id) => accessed(id).all,
    maybe: (id) => `batch.get(${field(id)})`,
    declare(id) {
      const { name } = tensorOf(program, id);
      const own = named.get(id) ?? free(name);
      values.set(id, own);
      return own;
    },
  };
}
