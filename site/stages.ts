// The picture of the compiler's stages, with the numbers of an example spec.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type PassName,
  planned,
  programAfter,
  programsOf,
  STAGES,
  type Stage,
  TRAINING_PHASES,
} from "../src/compile.js";
import { check } from "../src/front/check.js";
import { PROFILES } from "../src/ir/profiles.js";
import type { Program } from "../src/ir/program.js";
import { bytesMoved } from "../src/passes/fuse.js";
import { escapeHtml } from "./html.js";
import { ticked } from "./reference.js";

interface Step {
  readonly name: string;
  /** What comes out of it, with code in backticks. */
  readonly makes: string;
  /** Of the spec that is followed. */
  readonly numbers: string;
  readonly file: string;
}

const SPEC = "specs/quickstart.mom";
const DEVICE = "webgpu-default";

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function stagesOf(root: string): Step[] {
  const text = readFileSync(join(root, SPEC), "utf8");
  const { spec } = check({ path: SPEC, text }, () => undefined);
  const profile = PROFILES.find(({ name }) => name === DEVICE);
  if (spec === undefined || profile === undefined) throw new Error(`${SPEC} cannot be compiled for ${DEVICE}`);
  const options = {
    profile,
    batch: spec.train.batch,
    length: spec.data.length,
    phases: TRAINING_PHASES,
    variants: "all",
  } as const;
  const programs = programsOf(spec, options);
  const { plan } = planned(programs, options);
  const [training] = programs;
  if (training === undefined) throw new Error("a spec without a training phase");
  const program = (pass: PassName): Program => programAfter(training, pass);
  const bytes = plan.buffers.reduce((sum, buffer) => sum + buffer.bytes, 0);
  const moved = (pass: PassName): string =>
    `${program(pass).ops.length} ops, ${mebibytes(bytesMoved(program(pass)))} moved`;
  const numbers: Readonly<Record<Stage, string>> = {
    read: `${text.trimEnd().split("\n").length} lines`,
    check: `${spec.model.layers.length} layers, ${spec.model.modalities.length} modalities`,
    lower: `${program("lower").ops.length} ops`,
    differentiate: moved("differentiate"),
    fuse: moved("fuse"),
    narrow: `${spec.train.precision}: ${moved("narrow")}`,
    recompute: `${spec.train.recompute}: ${program("recompute").ops.length} ops`,
    allocate: `${plan.buffers.length} buffers, ${mebibytes(bytes)}`,
    emit: `${plan.kernels.length} kernels, all variants`,
  };
  const stages = Object.entries(STAGES) as [Stage, string][];
  return [
    ...stages.map(([name, makes]) => ({ name, makes, numbers: numbers[name], file: FILES[name] })),
    {
      name: "run",
      makes: "the device computes losses and updates",
      numbers: "one submit per step",
      file: "src/gpu/runtime.ts",
    },
  ];
}

const FILES: Readonly<Record<Stage, string>> = {
  read: "grammar/parser.ts",
  check: "src/front/check.ts",
  lower: "src/passes/lower.ts",
  differentiate: "src/passes/differentiate.ts",
  fuse: "src/passes/fuse.ts",
  narrow: "src/passes/narrow.ts",
  recompute: "src/passes/recompute.ts",
  allocate: "src/passes/allocate.ts",
  emit: "src/kernels/emit.ts",
};

/** An ordered list that CSS draws as a flow. */
export function stagesPicture(root: string, link: (file: string) => string): string {
  const items = stagesOf(root).map(
    ({ name, makes, numbers, file }) =>
      `<li><a href="${escapeHtml(link(file))}"><b>${name}</b></a><span>${ticked(makes)}</span><i>${numbers}</i></li>`,
  );
  return `<figure class="stages"><ol>${items.join("")}</ol><figcaption>What each stage makes of <code>${SPEC}</code>, compiled for <code>${DEVICE}</code> while this page was built.</figcaption></figure>\n`;
}
