// Finds the ablation of a spec by name and returns its design.
import { type Design, designOf } from "../../ablate/design.js";
import { countParameters } from "../../compile.js";
import type { Disk } from "../../data/disk.js";
import type { ErrorName } from "../../diagnostics/codes.js";
import { diagnosticOf, isError } from "../../diagnostics/diagnostic.js";
import { Failure } from "../../diagnostics/failure.js";
import { suggestion } from "../../diagnostics/nearest.js";
import { printSpec } from "../../front/print-spec.js";
import type { Ablation, CheckedSpec, Json } from "../../front/spec.js";
import { checkText } from "../read-spec.js";

/** The design of the only ablation of a spec, or of the named one. `allow` as in checkText. */
export function chosenDesign(
  disk: Disk,
  spec: CheckedSpec,
  json: Json,
  name: string | undefined,
  file: string,
  allow?: readonly string[],
): Design {
  return designOf(chosen(spec, name, file), { json, check: checker(disk, file, allow), countParameters });
}

const error = (name: ErrorName, message: string, help: string): Failure =>
  new Failure([diagnosticOf(name, message, { help })]);

function chosen({ ablations }: CheckedSpec, name: string | undefined, file: string): Ablation {
  const names = ablations.map((ablation) => ablation.name);
  const [only, second] = ablations;
  if (only === undefined) {
    const help = "Add one, for example `ablate seeds { vary train.seed: [1, 2, 3] }`.";
    throw error("no-ablation", `${file} has no \`ablate\` block.`, help);
  }
  if (name === undefined && second !== undefined) {
    const message = `${file} has several \`ablate\` blocks: ${names.join(", ")}.`;
    throw error("which-ablation", message, `Name one: mom ablate ${file} ${only.name}`);
  }
  const found = name === undefined ? only : ablations.find((ablation) => ablation.name === name);
  if (found) return found;
  const help = suggestion(name as string, names) ?? `It has ${names.join(", ")}.`;
  throw error("unknown-ablation", `${file} has no \`ablate ${name}\`.`, help);
}

/** Checks variants in the same way as the spec: as text, with paths relative to the same file. */
const checker =
  (disk: Disk, file: string, allow?: readonly string[]) =>
  (json: Json): CheckedSpec => {
    const { spec, diagnostics } = checkText(disk, printSpec(json), file, { allow });
    if (spec === undefined) throw new Failure(diagnostics.filter(isError));
    return spec;
  };
