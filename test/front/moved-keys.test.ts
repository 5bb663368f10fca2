// A key that is renamed or moved to a place where it is unknown is refused with any value, in specs, imported files and
// ablations. If a name that an author chose is changed, the spec is refused or differs only in that name.
// `MOM_CASES=20000 npx vitest run test/front/moved-keys.test.ts` tries 20 000 cases of each.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { positionOf } from "../../src/diagnostics/render.js";
import { check, checkJson } from "../../src/front/check.js";
import { printSpec } from "../../src/front/print-spec.js";
import { fieldNode, kindNode, ROOT as SCHEMA, type SchemaNode, tagOf } from "../../src/front/schema.js";
import type { Json } from "../../src/front/spec.js";
import { CASES, closedIn, errorsIn, inside, keysOf, nodeAt, nothing, seeds, value, written } from "./misplacing.js";

const names = [...keysOf(SCHEMA), "muon", "decoupel", "schedle"];
const specs = seeds(false);
const ablations = seeds(true);
const groupsOf = (json: Json) => closedIn(json, SCHEMA);
const places = (from: readonly Json[]) =>
  from.flatMap((json) =>
    groupsOf(json).flatMap((group) => Object.keys(inside(json, group.path)).map((key) => ({ json, group, key }))),
  );
const inSpecs = places(specs);
const inAblations = places(ablations);
const place = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...inSpecs) },
  { weight: 1, arbitrary: fc.constantFrom(...inAblations) },
);

describe("in JSON", () => {
  test("a key renamed to one that is unknown in its group is refused, with its own or any other value", () => {
    fc.assert(
      fc.property(place, fc.constantFrom(...names), fc.option(value), ({ json, group, key }, other, given) => {
        fc.pre(fieldNode(group.node, other) === undefined && key !== tagOf(group.node) && other !== "ablate");
        const changed = structuredClone(json);
        const at = inside(changed, group.path);
        const before = at[key] as Json;
        delete at[key];
        at[other] = given ?? before;
        expect(errorsIn(checkJson(changed, "a.json", nothing)), `${group.path}/${key} → ${other}`).not.toEqual([]);
      }),
      { seed: 11, numRuns: CASES },
    );
  });

  test("a key moved to a group in which it is unknown is refused", () => {
    fc.assert(
      fc.property(place, fc.nat(), ({ json, group, key }, to) => {
        const groups = groupsOf(json);
        const target = groups[to % groups.length] as (typeof groups)[number];
        fc.pre(fieldNode(target.node, key) === undefined && key !== "ablate" && key !== tagOf(group.node));
        const changed = structuredClone(json);
        const at = inside(changed, group.path);
        inside(changed, target.path)[key] = at[key] as Json;
        if (!target.path.join("/").startsWith([...group.path, key].join("/"))) delete at[key];
        expect(errorsIn(checkJson(changed, "a.json", nothing)), `${key}: ${group.path} → ${target.path}`).not.toEqual(
          [],
        );
      }),
      { seed: 12, numRuns: CASES },
    );
  });
});

/** Lines of a printed spec with a key of a closed group, and the schema of that group. */
function keysIn(
  lines: readonly string[],
): { readonly line: number; readonly key: string; readonly node: SchemaNode }[] {
  return lines.flatMap((text, line) => {
    const [, key] = /^\s+(\w+)(?=:|\s\{|\s\w+: )/.exec(text) ?? [];
    const indent = text.search(/\S/);
    const opener = lines.slice(0, line).findLastIndex((one) => one.endsWith("{") && one.search(/\S/) < indent);
    const node = opener < 0 ? undefined : nodeAt(lines, opener);
    return key === undefined || node === undefined ? [] : [{ line, key, node }];
  });
}

const texts = [...specs, ...ablations.slice(0, 2)].map((json) => {
  const lines = printSpec(json).split("\n");
  return { lines, keys: keysIn(lines) };
});

describe("in text", () => {
  test("a renamed key is refused at its line, also in an imported file", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.nat(),
        fc.constantFrom(...names),
        fc.option(written),
        fc.boolean(),
        ({ lines, keys }, at, other, given, imported) => {
          const chosen = keys[at % keys.length];
          if (chosen === undefined) return;
          const before = lines[chosen.line] as string;
          fc.pre(fieldNode(chosen.node, other) === undefined && !(given !== null && before.endsWith("{")));
          const start = before.search(/\S/);
          const rest = given ?? before.slice(start + chosen.key.length);
          const line = `${before.slice(0, start)}${other}${rest}`;
          const text = lines.with(chosen.line, line).join("\n");
          const found = errorsIn(
            imported
              ? check({ path: "a.mom", text: 'import "b.mom"\n' }, (path) =>
                  path.endsWith("b.mom") ? { path: "b.mom", text } : undefined,
                )
              : check({ path: "a.mom", text }, nothing),
          );
          const there = found.filter(({ span }) => span?.path === (imported ? "b.mom" : "a.mom"));
          expect(
            there.map(({ span }) => positionOf(text, span?.start ?? 0).line),
            text,
          ).toContain(chosen.line + 1);
        },
      ),
      { seed: 13, numRuns: CASES },
    );
  });
});

/** Names that authors choose, with the group that contains them. */
function chosenIn(
  json: Json,
  node: SchemaNode,
  path: readonly (string | number)[] = [],
): { readonly path: readonly (string | number)[]; readonly name: string }[] {
  if (Array.isArray(json)) return json.flatMap((item: Json, i) => chosenIn(item, node.items ?? {}, [...path, i]));
  if (typeof json !== "object" || json === null) return [];
  const fields = json as { readonly [key: string]: Json };
  const tag = tagOf(node);
  const own = tag === undefined ? node : (kindNode(node, String(fields[tag])) ?? {});
  const below = Object.entries(fields).flatMap(([key, of]) => chosenIn(of, fieldNode(own, key) ?? {}, [...path, key]));
  const open = fieldNode(own, "*") !== undefined;
  return open ? [...Object.keys(fields).map((name) => ({ path, name })), ...below] : below;
}

test("a spec with another chosen name is refused, or differs only in that name", () => {
  const all = specs.flatMap((json) => chosenIn(json, SCHEMA).map((chosen) => ({ json, chosen })));
  expect(all.length).toBeGreaterThan(50);
  const NEW = "zz_renamed";
  let accepted = 0;
  fc.assert(
    fc.property(fc.constantFrom(...all), fc.boolean(), ({ json, chosen }, everywhere) => {
      const { path, name } = chosen;
      const rename = (of: Json): Json => {
        if (Array.isArray(of)) return of.map(rename);
        if (typeof of === "string") return of === name ? NEW : of;
        if (typeof of !== "object" || of === null) return of;
        return Object.fromEntries(Object.entries(of).map(([key, below]) => [key === name ? NEW : key, rename(below)]));
      };
      const changed = everywhere ? (rename(json) as Record<string, Json>) : structuredClone(json);
      if (!everywhere) {
        const group = inside(changed as Json, path);
        const entries = Object.entries(group).map(([key, of]) => [key === name ? NEW : key, of] as const);
        for (const key of Object.keys(group)) delete group[key];
        Object.assign(group, Object.fromEntries(entries));
      }
      const after = checkJson(changed as Json, "a.json", nothing);
      if (errorsIn(after).length > 0) return;
      accepted++;
      const before = checkJson(json, "a.json", nothing);
      const restored = (spec: unknown): string => JSON.stringify(spec).replaceAll(`"${NEW}"`, `"${name}"`);
      expect(restored(after.spec), `${path}/${name}`).toBe(restored(before.spec));
    }),
    { seed: 14, numRuns: CASES },
  );
  expect(accepted).toBeGreaterThan(CASES / 20);
});
