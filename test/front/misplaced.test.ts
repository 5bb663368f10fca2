// Nothing that the schema rejects passes: fields that a section lacks, with values of every form, in text and in JSON.
// `MOM_CASES=20000 npx vitest run test/front/misplaced.test.ts` tries that many of each.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkFile } from "../../src/cli/read-spec.js";
import { isError } from "../../src/diagnostics/diagnostic.js";
import { positionOf } from "../../src/diagnostics/render.js";
import { type Checked, check, checkJson } from "../../src/front/check.js";
import { printSpec } from "../../src/front/print-spec.js";
import { fieldNode, fieldsOf, kindNode, ROOT as SCHEMA, type SchemaNode, tagOf } from "../../src/front/schema.js";
import type { Json } from "../../src/front/spec.js";
import { ROOT } from "../support/mom.js";

const CASES = Number(process.env.MOM_CASES ?? 300);
const MOST_ABLATED = /ablat/;

const nothing = () => undefined;
const errorsIn = ({ diagnostics }: Checked) => diagnostics.filter(isError);

function seeds(): Json[] {
  const folders = ["specs", "specs/baselines", "specs/paper", "test/accept"];
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith(".mom") && !MOST_ABLATED.test(name))
      .flatMap((name) => checkFile(join(ROOT, folder, name)).json ?? [])
      // Read from elsewhere, paths of tokenizers and codebooks would lead nowhere.
      .filter((json) => !/tokenizer|codebook|"ablate"/.test(JSON.stringify(json))),
  );
}

/** A group that the schema closes: its keys are its own and no author's. */
interface Closed {
  readonly path: readonly (string | number)[];
  readonly node: SchemaNode;
}

function closedIn(json: Json, node: SchemaNode, path: Closed["path"] = []): Closed[] {
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

function keysOf(node: SchemaNode, seen = new Set<SchemaNode>(), found = new Set<string>()): Set<string> {
  for (const match of JSON.stringify(node).matchAll(/"properties":\{"(\w+)"/g)) found.add(match[1] as string);
  for (const key of fieldsOf(node)) {
    found.add(key);
    const next = fieldNode(node, key);
    if (next !== undefined && !seen.has(next)) keysOf(next, seen.add(next), found);
  }
  return found;
}

const value: fc.Arbitrary<Json> = fc.oneof(
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
const written = fc.constantFrom(
  ...[...VALUES, ...CALLS].map((one) => `: ${one}`),
  " { lr: 1 }",
  " { }",
  ": adamw { lr: 1 }",
);

const all = seeds();
const places = all.flatMap((json) => closedIn(json, SCHEMA).map((closed) => ({ json, closed })));
const names = [...keysOf(SCHEMA), "muon", "ema", "decoupel", "schedle"];
const misplaced = fc
  .tuple(fc.constantFrom(...places), fc.constantFrom(...names))
  .filter(([{ closed }, key]) => fieldNode(closed.node, key) === undefined && key !== "ablate");

function inside(json: Json, path: Closed["path"]): Record<string, Json> {
  return path.reduce<Json>((at, key) => (at as Record<string, Json>)[key] as Json, json) as Record<string, Json>;
}

describe("a field that its group lacks", () => {
  test("there are specs, groups and names to try", () => {
    expect(all.length).toBeGreaterThan(10);
    expect(places.length).toBeGreaterThan(100);
    expect(names.length).toBeGreaterThan(25);
  });

  test("is refused in JSON, whatever its value", () => {
    fc.assert(
      fc.property(misplaced, value, ([{ json, closed }, key], given) => {
        const changed = structuredClone(json);
        inside(changed, closed.path)[key] = given;
        expect(errorsIn(checkJson(changed, "a.json", nothing)), `${closed.path}/${key}`).not.toEqual([]);
      }),
      { seed: 7, numRuns: CASES },
    );
  });

  test("is refused in text at its line, whatever its value", () => {
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.nat(), fc.constantFrom(...names), written, (json, at, key, given) => {
        const lines = printSpec(json).split("\n");
        const groups = lines.flatMap((line, i) => (line.endsWith("{") ? [{ i, node: nodeAt(lines, i) }] : []));
        const group = groups[at % groups.length];
        if (group === undefined || group.node === undefined || fieldNode(group.node, key) !== undefined) return;
        const text = [...lines.slice(0, group.i + 1), `${key}${given}`, ...lines.slice(group.i + 1)].join("\n");
        const found = errorsIn(check({ path: "a.mom", text }, nothing));
        expect(
          found.map(({ span }) => positionOf(text, span?.start ?? 0).line),
          text,
        ).toContain(group.i + 2);
      }),
      { seed: 7, numRuns: CASES },
    );
  });
});

/** The schema of the group that a printed line opens; undefined where authors choose its keys. */
function nodeAt(lines: readonly string[], line: number): SchemaNode | undefined {
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
