// Lets one dispatch read and write different stretches of the same buffer, as plans do that share memory by liveness.
import type { Dispatch, Kernel } from "../ir/plan.js";

/**
 * WebGPU refuses a dispatch that binds one buffer both as read-only and as writable storage, even where the stretches
 * do not overlap; two writable bindings that do not overlap are allowed. So a read binding beside a written one of the
 * same buffer is declared writable. Answers the same object for the same kernel and bindings.
 */
export function kernelResolver(kernels: readonly Kernel[]): (dispatch: Dispatch) => Kernel {
  const resolved = new Map<string, Kernel>();
  return ({ kernel: index, bindings }) => {
    const kernel = kernels[index];
    if (kernel === undefined) throw new RangeError(`The plan has no kernel ${index}.`);
    const written = new Set(bindings.filter((_, i) => kernel.bindings[i] === "write").map(({ buffer }) => buffer));
    const shared = bindings.flatMap(({ buffer }, i) =>
      kernel.bindings[i] === "read" && written.has(buffer) ? [i] : [],
    );
    const key = [index, ...shared].join();
    const known = resolved.get(key) ?? (shared.length === 0 ? kernel : declareWritable(kernel, shared));
    resolved.set(key, known);
    return known;
  };
}

function declareWritable(kernel: Kernel, shared: readonly number[]): Kernel {
  const declaration = (binding: number): RegExp =>
    new RegExp(`(@binding\\(\\s*${binding}u?\\s*\\)[^;]*?)var<\\s*storage\\s*(?:,\\s*read\\s*)?>`);
  return {
    name: kernel.name,
    source: shared.reduce((source, i) => source.replace(declaration(i), "$1var<storage, read_write>"), kernel.source),
    bindings: kernel.bindings.map((binding, i) => (shared.includes(i) ? "write" : binding)),
  };
}
