// Nobody outside the room of a kind asks which kind it is, so that a new one is a file, a schema entry and a row.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { kindPlaces, PLANTED, sourceProgram, writtenFiles } from "../scripts/kind-places.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** Each line with a mark asks in one of the forms. */
const planted = `
import { type BlockFields } from "./blocks/block.fields.js";
import type { Modality } from "./modalities/modality.fields.js";
import type { Objective } from "./objectives/objective.fields.js";
import type { OptimizerFields } from "./optimizers/optimizer.fields.js";
import type { SourceFields } from "./data/sources/source.fields.js";

export const equal = (m: Modality) => m.kind === "patches"; // asks
export const unequal = (o: Objective | undefined) => o?.kind !== "ddpm"; // asks
export const compared = (a: Objective, b: Objective) => a.kind === b.kind; // asks
export function switched(block: BlockFields): number {
  switch (block.kind) {
    case "mamba": // asks
      return 1;
    default:
      return 2;
  }
}
const table: Record<Modality["kind"], number> = { bytes: 1, tokens: 2, codes: 3, patches: 4 }; // asks
export const lookedUp = (m: Modality) => table[m.kind]; // asks
const some: Partial<Record<OptimizerFields["kind"], string>> = { adamw: "Adam" }; // asks
export const contained = (o: OptimizerFields) => o.kind in some; // asks
export const mapped: { [K in SourceFields["kind"]]?: K } = {}; // asks
export const known = (s: SourceFields) => ["emoji"].includes(s.kind); // asks
export const byMap = (s: SourceFields, map: Map<string, number>) => map.get(s.kind); // asks
export const pairs = new Map([["muon", 1]]); // asks

export const bytes = { bytes: 12 };
export const size = (file: { bytes: number }) => file.bytes === 12;
export const other = (step: { kind: "warmup" | "cosine" }) => step.kind === "cosine";
export const names = (m: Modality) => m.name === m.kind.toUpperCase();
`;

test("kinds are asked for in their rooms alone", () => {
  const program = sourceProgram(ROOT, planted);
  const asked = planted.split("\n").flatMap((text, i) => (text.endsWith("// asks") ? [i + 1] : []));
  expect([...new Set(kindPlaces(program, ROOT, [PLANTED]).map(({ line }) => line))]).toEqual(asked);
  const files = writtenFiles(program, ROOT);
  expect(files.length).toBeGreaterThan(300);
  expect(kindPlaces(program, ROOT, files)).toEqual([]);
}, 60_000);
