// The picture of the compiler's stages, with the numbers of a spec that is compiled for it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { planned, programsOf, TRAINING_PHASES } from "../src/compile.js";
import { check } from "../src/front/check.js";
import { PROFILES } from "../src/ir/profiles.js";
import { bytesMoved } from "../src/passes/fuse.js";
import { escapeHtml } from "./html.js";

interface Stage {
  readonly name: string;
  /** What comes out of it. */
  readonly makes: string;
  /** Of the spec that is followed. */
  readonly numbers: string;
  readonly file: string;
}

const SPEC = "specs/quickstart.mom";
const DEVICE = "webgpu-default";

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function stagesOf(root: string): Stage[] {
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
  const { lowered, differentiated, fused, final } = training;
  const bytes = plan.buffers.reduce((sum, buffer) => sum + buffer.bytes, 0);
  return [
    {
      name: "read",
      makes: "a syntax tree",
      numbers: `${text.trimEnd().split("\n").length} lines`,
      file: "grammar/parser.ts",
    },
    {
      name: "check",
      makes: "a spec with one meaning",
      numbers: `${spec.model.layers.length} layers, ${spec.model.modalities.length} modalities`,
      file: "src/front/check.ts",
    },
    { name: "lower", makes: "ops, forward", numbers: `${lowered.ops.length} ops`, file: "src/passes/lower.ts" },
    {
      name: "differentiate",
      makes: "ops, forward and backward",
      numbers: `${differentiated.ops.length} ops, ${mebibytes(bytesMoved(differentiated))} moved`,
      file: "src/passes/differentiate.ts",
    },
    {
      name: "fuse",
      makes: "fewer ops for the same numbers",
      numbers: `${fused.program.ops.length} ops, ${mebibytes(bytesMoved(fused.program))} moved`,
      file: "src/passes/fuse.ts",
    },
    {
      name: "recompute",
      makes: "activations made again, where a spec asks",
      numbers: `${spec.train.recompute}: ${final.ops.length} ops`,
      file: "src/passes/recompute.ts",
    },
    {
      name: "plan",
      makes: "buffers that are used again",
      numbers: `${plan.buffers.length} buffers, ${mebibytes(bytes)}`,
      file: "src/passes/plan.ts",
    },
    {
      name: "emit",
      makes: "WGSL from templates",
      numbers: `${plan.kernels.length} kernels, all variants`,
      file: "src/kernels/emit.ts",
    },
    { name: "run", makes: "losses", numbers: "one submit a step", file: "src/gpu/runtime.ts" },
  ];
}

/** An ordered list that CSS draws as a flow. */
export function stagesPicture(root: string, link: (file: string) => string): string {
  const items = stagesOf(root).map(
    ({ name, makes, numbers, file }) =>
      `<li><a href="${escapeHtml(link(file))}"><b>${name}</b></a><span>${makes}</span><i>${numbers}</i></li>`,
  );
  return `<figure class="stages"><ol>${items.join("")}</ol><figcaption>What each stage makes of <code>${SPEC}</code>, compiled for <code>${DEVICE}</code> while this page was built.</figcaption></figure>\n`;
}
