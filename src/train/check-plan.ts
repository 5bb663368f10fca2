// What plan.json must hold for a run to be safe: every number and reference that the GPU layer takes at its word.

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string";
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Thrown and caught in this file: where something is wrong, and what it should be. */
class Wrong extends Error {}

function must<T>(found: unknown, is: (value: unknown) => value is T, where: string, what: string): T {
  if (!is(found)) throw new Wrong(`${where} is not ${what}`);
  return found;
}

const object = (found: unknown, where: string): Json => must(found, isObject, where, "an object");
const list = (found: unknown, where: string): readonly unknown[] =>
  must(found, (value): value is unknown[] => Array.isArray(value), where, "a list");
const count = (found: unknown, where: string): number => must(found, isCount, where, "a whole number");
const text = (found: unknown, where: string): string => must(found, isText, where, "text");

interface Known {
  /** Bytes of each buffer. */
  readonly buffers: readonly number[];
  /** Bindings of each kernel. */
  readonly kernels: readonly number[];
}

/** The first thing that is wrong, in words; undefined where nothing is. */
export function checkPlan(file: unknown): string | undefined {
  try {
    const { spec, profile, compiled } = object(file, "the file");
    object(spec, "spec");
    text(object(profile, "profile").name, "profile.name");
    checkCompiled(object(compiled, "compiled"));
    return undefined;
  } catch (error) {
    if (error instanceof Wrong) return error.message;
    throw error;
  }
}

function checkCompiled({ batch, length, chunk, parameters, tables, plan }: Json): void {
  for (const [name, value] of Object.entries({ batch, length, chunk })) count(value, name);
  const { buffers, kernels, phases, fields } = object(plan, "plan");
  const known: Known = {
    buffers: list(buffers, "buffers").map((buffer, i) => {
      const { name, role, bytes } = object(buffer, `buffer ${i}`);
      text(name, `the name of buffer ${i}`);
      text(role, `the role of buffer ${i}`);
      return count(bytes, `the size of buffer ${i}`);
    }),
    kernels: list(kernels, "kernels").map((kernel, i) => {
      const { name, bindings } = object(kernel, `kernel ${i}`);
      // The name is a file's: it must not lead out of the folder.
      if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(text(name, `the name of kernel ${i}`))) {
        throw new Wrong(`the name of kernel ${i} is not one of a file`);
      }
      return list(bindings, `the bindings of kernel ${i}`).length;
    }),
  };
  list(fields, "fields").forEach((field, i) => {
    const { name, buffer, offset, shape } = object(field, `field ${i}`);
    const where = `field ${text(name, `the name of field ${i}`)}`;
    const numbers = list(shape, `the shape of ${where}`).reduce<number>((n, k) => n * count(k, where), 1);
    checkRange({ buffer, offset, bytes: 4 * numbers }, where, known);
  });
  list(parameters, "parameters").forEach((parameter, i) => {
    const { name, shape, part, offset, group, source } = object(parameter, `parameter ${i}`);
    text(name, `the name of parameter ${i}`);
    list(shape, `the shape of parameter ${i}`);
    for (const value of [part, offset, group]) count(value, `the place of parameter ${i}`);
    object(source, `the source of parameter ${i}`);
  });
  for (const table of list(tables, "tables")) {
    const { kind, source } = object(table, "a table");
    for (const word of [kind, source]) text(word, "the kind or the source of a table");
  }
  for (const phase of list(phases, "phases")) checkPhase(object(phase, "a phase"), known);
}

function checkPhase({ name, nodes }: Json, known: Known): void {
  list(nodes, `the nodes of phase ${text(name, "the name of a phase")}`).forEach((node, i) => {
    const { label, key = "", outputs = [], choices } = object(node, `node ${i} of ${name}`);
    const where = `${text(label, `the label of node ${i} of ${name}`)} (node ${i} of ${name})`;
    text(key, `the key of ${where}`);
    for (const output of list(outputs, `the outputs of ${where}`)) {
      const { range } = object(output, `an output of ${where}`);
      checkRange(object(range, `the range of an output of ${where}`), where, known);
    }
    for (const choice of list(choices, `the choices of ${where}`)) {
      const { variant, requires, dispatches } = object(choice, `a choice of ${where}`);
      text(variant, `a variant of ${where}`);
      object(requires, `what a variant of ${where} requires`);
      for (const dispatch of list(dispatches, `the dispatches of ${where}`)) {
        checkDispatch(object(dispatch, `a dispatch of ${where}`), where, known);
      }
    }
  });
}

function checkDispatch({ kernel, bindings, workgroups }: Json, where: string, known: Known): void {
  const wanted = known.kernels[count(kernel, `the kernel of ${where}`)];
  if (wanted === undefined) throw new Wrong(`${where} runs kernel ${kernel}, and there are ${known.kernels.length}`);
  const ranges = list(bindings, `the bindings of ${where}`);
  if (ranges.length !== wanted)
    throw new Wrong(`${where} binds ${ranges.length} buffers where its kernel has ${wanted}`);
  for (const range of ranges) checkRange(object(range, `a binding of ${where}`), where, known);
  const sizes = list(workgroups, `the workgroups of ${where}`);
  if (sizes.length !== 3) throw new Wrong(`the workgroups of ${where} are not three numbers`);
  for (const size of sizes) count(size, `the workgroups of ${where}`);
}

function checkRange({ buffer, offset, bytes }: Json, where: string, known: Known): void {
  const size = known.buffers[count(buffer, `the buffer of ${where}`)];
  if (size === undefined) throw new Wrong(`${where} uses buffer ${buffer}, and there are ${known.buffers.length}`);
  const end = count(offset, `an offset of ${where}`) + count(bytes, `a size of ${where}`);
  if (end > size) throw new Wrong(`${where} ends at byte ${end} of a buffer of ${size}`);
}
