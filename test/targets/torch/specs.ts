// The specs whose models the tests print: every file in specs/.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeDisk } from "../../../src/api/node/disk.js";
import { checkFile } from "../../../src/api/read-spec.js";
import { forwardOf } from "../../../src/compile.js";
import type { CheckedSpec } from "../../../src/front/spec.js";
import type { Program } from "../../../src/ir/program.js";
import { projectFiles } from "../../../src/targets/torch/project.js";
import { ROOT } from "../../support/mom.js";

export interface Printed {
  readonly file: string;
  readonly spec: CheckedSpec;
  readonly program: Program;
  readonly files: Readonly<Record<string, string>>;
}

export function printed(file: string, spec: CheckedSpec): Printed {
  const program = forwardOf(spec);
  const layers = spec.model.layers.map((index) => spec.model.blocks[index]?.name ?? "");
  return { file, spec, program, files: projectFiles({ program, layers }, `The model of ${file}, written by mom.`) };
}

export function writeProject(folder: string, { files }: Printed): void {
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
}

export const allPrinted: readonly Printed[] = readdirSync(join(ROOT, "specs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".mom"))
  .sort()
  .map((file) => {
    const { spec } = checkFile(nodeDisk, join(ROOT, "specs", file));
    if (spec === undefined) throw new Error(`${file} is invalid`);
    return printed(file, spec);
  });
