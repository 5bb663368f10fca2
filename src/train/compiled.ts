// A compiled model as files: plan.json and one WGSL file for each kernel. Reading them gives an equal model.
import type { Compiled } from "../compile.js";
import { parsedJson } from "../data/checked-json.js";
import { fromEarlierVersion } from "../data/sources/source.fields.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import type { Kernel, Plan, Profile } from "../ir/plan.js";
import { withMeanings } from "./earlier-plan.js";
import { checkPlan, misfit, readPlanJson } from "./plan-json.js";
import { restored, toJson } from "./plan-text.js";
import type { NamedFile } from "./whole-folder.js";

export interface CompiledModel {
  readonly spec: CheckedSpec;
  readonly profile: Profile;
  readonly compiled: Omit<Compiled, "stages">;
}

/** The contents of plan.json: a compiled model without the shaders. */
interface PlanFile extends Omit<CompiledModel, "compiled"> {
  readonly format: typeof FORMAT;
  readonly compiled: Omit<Compiled, "stages" | "plan"> & {
    readonly plan: Omit<Plan, "kernels"> & { readonly kernels: readonly Omit<Kernel, "source">[] };
  };
}

const FORMAT = "mom plan 1";
export const PLAN_FILE = "plan.json";
export const kernelFile = (name: string): string => `kernels/${name}.wgsl`;

const AGAIN = "Compile the spec again with `mom compile`.";

/** The text of plan.json, in a compiled folder and in a run's folder. */
export function planText({ spec, profile, compiled }: CompiledModel): string {
  const { plan, parameters, tables, batch, length, chunk } = compiled;
  const kernels = plan.kernels.map(({ name, bindings }) => ({ name, bindings }));
  const file: PlanFile = {
    format: FORMAT,
    spec,
    profile,
    compiled: { batch, length, chunk, parameters, tables, plan: { ...plan, kernels } },
  };
  return toJson(file);
}

/** The files of a compiled model. Reading them gives an equal model. */
export function compiledFiles(model: CompiledModel): NamedFile[] {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  return [
    { name: PLAN_FILE, bytes: bytes(planText(model)) },
    ...model.compiled.plan.kernels.map(({ name, source }) => ({ name: kernelFile(name), bytes: bytes(source) })),
  ];
}

/**
 * Reads a compiled model. Each kernel comes from its own file, so editing a file changes the run.
 * @param read a file's bytes by its name in the folder; undefined if it is missing
 * @throws InputError if a file is missing or invalid
 */
export function readCompiled(read: (name: string) => Uint8Array | undefined): CompiledModel {
  const file = parse(read(PLAN_FILE));
  const { spec, profile, compiled } = file;
  const kernels = compiled.plan.kernels.map((kernel): Kernel => {
    const name = kernelFile(kernel.name);
    const source = textOf(name, read);
    if (!/\bfn\s+main\s*\(/.test(source)) {
      throw new InputError(
        "bad-compiled-folder",
        `${name} has no entry point`,
        "Add a `fn main(…)` marked `@compute` to the file.",
      );
    }
    return { name: kernel.name, source, bindings: kernel.bindings };
  });
  return { spec, profile, compiled: { ...compiled, plan: { ...compiled.plan, kernels } } };
}

function textOf(name: string, read: (name: string) => Uint8Array | undefined): string {
  const bytes = read(name);
  if (bytes === undefined) throw new InputError("bad-compiled-folder", `${name} is missing`, `Restore it. ${AGAIN}`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InputError("bad-compiled-folder", `${name} is not UTF-8 text`, `Restore it. ${AGAIN}`);
  }
}

function parse(bytes: Uint8Array | undefined): PlanFile {
  const refuse = (what: string): never => {
    throw new InputError("bad-compiled-folder", `${PLAN_FILE} ${what}`, AGAIN);
  };
  if (bytes === undefined) return refuse("is missing");
  const any = parsedJson(bytes);
  if ("wrong" in any) return refuse(`cannot be read: ${any.wrong}`);
  const format =
    typeof any.value === "object" && any.value !== null && "format" in any.value ? any.value.format : undefined;
  if (format !== FORMAT)
    return refuse(
      `has a format that this version does not read: ${typeof format === "string" ? JSON.stringify(format.slice(0, 40)) : "unknown"}`,
    );
  const read = readPlanJson(bytes);
  if ("wrong" in read) return refuse(`is invalid: ${read.wrong}`);
  const parsed = restored(read.value);
  const wrong = checkPlan(parsed);
  if (wrong !== undefined) return refuse(`is invalid: ${wrong}`);
  const file = parsed as PlanFile;
  const compiled = withMeanings(file.compiled);
  if ("unknown" in compiled) return refuse(`has the unknown field ${compiled.unknown}`);
  const { source, validation = [] } = file.spec.data;
  const sets = validation.map((one) => ({ ...one, source: fromEarlierVersion(one.source) }));
  const spec = { ...file.spec, data: { ...file.spec.data, source: fromEarlierVersion(source), validation: sets } };
  const unfit = misfit(spec);
  return unfit === undefined ? { ...file, spec, compiled } : refuse(`is invalid: ${unfit}`);
}
