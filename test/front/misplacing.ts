// Generators for the tests of misplaced keys: specs, groups with fixed keys, and values of every form.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { nodeDisk } from "../../src/api/node/disk.js";
import { checkFile } from "../../src/api/read-spec.js";
import { isError } from "../../src/diagnostics/diagnostic.js";
import type { Checked } from "../../src/front/check.js";
import { fieldNode, fieldsOf, kindNode, ROOT as SCHEMA, type SchemaNode, tagOf } from "../../src/front/schema.js";
import type { Json } from "../../src/front/spec.js";
import { ROOT } from "../support/mom.js";

/** The number of cases for each property. */
export const CASES = Number(process.env.MOM_CASES ?? 300);
export const nothing = () => undefined;
export const errorsIn = ({ diagnostics }: Checked) => diagnostics.filter(isError);

const SPECS = ["specs", "specs/baselines", "specs/paper", "test/accept"];
const ABLATIONS = ["specs/ablations", "test/accept"];

/** The repository's specs as JSON with imports merged, either those with ablations or the others. */
export function seeds(ablated: boolean): Json[] {
  const folders = ablated ? ABLATIONS : SPECS;
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith(".mom"))
      .flatMap((name) => checkFile(nodeDisk, join(ROOT, folder, name)).json ?? [])
      // Paths of tokenizers and codebooks would be invalid outside the spec's folder.
      .filter((json) => !/tokenizer|codebook/.test(JSON.stringify(json)))
      .filter((json) => /"ablate"/.test(JSON.stringify(json)) === ablated),
  );
}

/** A group with fixed keys, which the author of a spec cannot choose. */
export interface Closed {
  readonly path: readonly (string | number)[];
  readonly node: SchemaNode;
}

export function closedIn(json: Json, node: SchemaNode, path: Closed["path"] = []): Closed[] {
  if (Array.isArray(json)) return json.flatMap((item: Json, i) => closedIn(item, node.items ?? {}, [...path, i]));
  if (typeof json !== "object" || json === null) return [];
  const fields = json as { readonly [key: string]: Json };
  const tag = tagOf(node);
  const own = tag === undefined ? node : (kindNode(node, String(fields[tag])) ?? {});
  const below = Object.entries(fields).flatMap(([key, value]) =>
    closedIn(value, fieldNode(own, key) ?? {}, [...path, key]),
  );
  return fieldNode(own, "*") === undefined && fieldsOf(own).length > 0 ? [{ path, node: own }, ...below] : below;
}

export function keysOf(node: SchemaNode, seen = new Set<SchemaNode>(), found = new Set<string>()): Set<string> {
  for (const match of JSON.stringify(node).matchAll(/"properties":\{"(\w+)"/g)) found.add(match[1] as string);
  for (const key of fieldsOf(node)) {
    found.add(key);
    const next = fieldNode(node, key);
    if (next !== undefined && !seen.has(next)) keysOf(next, seen.add(next), found);
  }
  return found;
}

export const value: fc.Arbitrary<Json> = fc.oneof(
  fc.integer({ min: -3, max: 1000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constantFrom<Json>("a.jsonl", "auto", "text", "32x32", "bytes", ""),
  fc.constantFrom<Json>({ kind: "files", path: "x" }, { kind: "cosine", warmup: 2 }, { lr: 1 }, {}, { kind: "bytes" }),
  fc.constantFrom<Json>([], [1, 2], ["in_proj"], [{ kind: "f", x: 2 }], [[{ a: 1 }]], [{ part: "in_proj" }]),
);

const VALUES = [
  "1",
  "-2.5e3",
  '"a.jsonl"',
  "auto",
  "true",
  "32x32",
  "[]",
  "[1, 2]",
  "[in_proj]",
  "[f(x: 2)]",
  "[[a], [f(1)]]",
];
const CALLS = ['files("x")', "cosine(warmup: 2)", "decay(0.9)", "f()", "f(g(x: [1]))", "f(kind: a)"];
export const written = fc.constantFrom(
  ...[...VALUES, ...CALLS].map((one) => `: ${one}`),
  " { lr: 1 }",
  " { }",
  ": adamw { lr: 1 }",
);

export function inside(json: Json, path: Closed["path"]): Record<string, Json> {
  return path.reduce<Json>((at, key) => (at as Record<string, Json>)[key] as Json, json) as Record<string, Json>;
}

/** The schema of the group that a printed line opens; undefined if authors choose its keys. */
export function nodeAt(lines: readonly string[], line: number): SchemaNode | undefined {
  const indent = (text: string): number => text.search(/\S/);
  const opener = lines[line] as string;
  const above = lines.slice(0, line).findLastIndex((one) => one.endsWith("{") && indent(one) < indent(opener));
  const parent = above < 0 || indent(opener) === 0 ? SCHEMA : nodeAt(lines, above);
  const match = /^\s*(\w+)(?: (\w+))?(?:: (\w+).*)? \{$/.exec(opener);
  if (match === null || parent === undefined) return undefined;
  const [, key = "", name, kind] = match;
  const field = fieldNode(parent, key);
  const own = field && name !== undefined ? fieldNode(field, name) : field;
  const node = own && kind !== undefined ? kindNode(own, kind) : own;
  return node === undefined || fieldNode(node, "*") !== undefined ? undefined : node;
}
