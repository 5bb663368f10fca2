// Kinds are compared only in the folders that declare them, so a new kind needs only a file, a schema entry and a row in a table.
// The meaning of tensors, fields and buffers is never derived from their names.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { kindPlaces, PLANTED, sourceProgram, writtenFiles } from "../scripts/kind-places.mjs";
import { namePlaces } from "../scripts/name-places.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** Each marked line compares a kind in another form. */
const planted = `
import { type BlockFields } from "./blocks/block.fields.js";
import type { Modality } from "./modalities/modality.fields.js";
import type { Objective } from "./objectives/objective.fields.js";
import type { OptimizerFields } from "./optimizers/optimizer.fields.js";
import type { SourceFields } from "./data/sources/source.fields.js";

export const equal = (m: Modality) => m.kind === "patches"; // compares
export const unequal = (o: Objective | undefined) => o?.kind !== "ddpm"; // compares
export const compared = (a: Objective, b: Objective) => a.kind === b.kind; // compares
export function switched(block: BlockFields): number {
  switch (block.kind) {
    case "mamba": // compares
      return 1;
    default:
      return 2;
  }
}
const table: Record<Modality["kind"], number> = { bytes: 1, tokens: 2, codes: 3, patches: 4 }; // compares
export const lookedUp = (m: Modality) => table[m.kind]; // compares
const some: Partial<Record<OptimizerFields["kind"], string>> = { adamw: "Adam" }; // compares
export const contained = (o: OptimizerFields) => o.kind in some; // compares
export const mapped: { [K in SourceFields["kind"]]?: K } = {}; // compares
export const known = (s: SourceFields) => ["emoji"].includes(s.kind); // compares
export const byMap = (s: SourceFields, map: Map<string, number>) => map.get(s.kind); // compares
export const pairs = new Map([["muon", 1]]); // compares

export const bytes = { bytes: 12 };
export const size = (file: { bytes: number }) => file.bytes === 12;
export const other = (step: { kind: "warmup" | "cosine" }) => step.kind === "cosine";
export const names = (m: Modality) => m.name === m.kind.toUpperCase();
`;

/** Each marked line derives a meaning from a name. */
const spelled = `
import type { Field, Plan, PlannedBuffer } from "./ir/plan.js";
import type { Tensor } from "./ir/tensor.js";
import type { Model } from "./train/model.js";

export const begins = (tensor: Tensor) => tensor.name.startsWith("state."); // spelled
export const bare = ({ name }: Field) => name.slice("state.".length); // spelled
export const arena = ({ name: full, role }: PlannedBuffer) => role === "optimizer" && full.replace(/[0-9]+$/, ""); // spelled
export const kind = (plan: Plan) => plan.fields.map(({ name }) => name.split(".")[0]); // spelled
export const spelledOut = (field: Field | undefined) => field?.name === "decay"; // spelled
export const part = (b: PlannedBuffer, i: number) => b.name !== \`parameters.\${i}\`; // spelled
export const matched = (t: Pick<Tensor, "name">) => /^next/.test(t.name); // spelled
export const listed = (t: Tensor) => ["input", "output"].includes(t.name); // spelled
const isState = (label: string) => label.startsWith("state."); // spelled
export const passedOn = (t: Tensor) => isState(t.name);
export const aliased = (t: Tensor) => {
  const label = t.name;
  return label.endsWith(".h"); // spelled
};
export function cases(field: Field): number {
  switch (field.name) { // spelled
    case "step":
      return 1;
    default:
      return 2;
  }
}
export const read = (model: Model, of: string) => model.result(\`loss.\${of}\`); // spelled
export const has = (model: Model) => model.hasResult("logits"); // spelled

export const same = (a: Field, b: Field) => a.name === b.name;
export const message = (t: Tensor) => \`\${t.name} is missing\`;
export const found = (t: Tensor, known: ReadonlyMap<string, number>) => known.get(t.name);
export const means = (field: Field) => field.means.is === "decay";
export const file = (disk: { name: string }) => disk.name.endsWith(".mom");
`;

const marked = (text: string, mark: string): number[] =>
  text.split("\n").flatMap((line, i) => (line.endsWith(`// ${mark}`) ? [i + 1] : []));
const lines = (places: readonly { readonly line: number }[]): number[] => [...new Set(places.map(({ line }) => line))];

const text = `${planted}${spelled}`;
const program = sourceProgram(ROOT, text);
const files = writtenFiles(program, ROOT);

test("kinds are compared only in the folders that declare them", () => {
  expect(lines(kindPlaces(program, ROOT, [PLANTED]))).toEqual(marked(text, "compares"));
  expect(files.length).toBeGreaterThan(300);
  expect(kindPlaces(program, ROOT, files)).toEqual([]);
}, 60_000);

/** Files that parse names from outside: tensors in files, and fields in folders compiled by earlier versions. */
const PARSES_NAMES = ["src/train/earlier-plan.ts", "src/train/meaning-named.ts"];

test("the meaning of a tensor, a field or a buffer is not derived from its name", () => {
  const places = namePlaces(program, ROOT, [...files, PLANTED]);
  const of = (wanted: boolean) => places.filter(({ file }) => (file === PLANTED) === wanted);
  expect(lines(of(true))).toEqual(marked(text, "spelled"));
  expect([...new Set(of(false).map(({ file }) => file))].sort()).toEqual(PARSES_NAMES);
}, 60_000);
