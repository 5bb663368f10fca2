// A field that a section lacks is rejected with any value, in text and in JSON.
// `MOM_CASES=20000 npx vitest run test/front/misplaced.test.ts` tries 20 000 cases of each.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { positionOf } from "../../src/diagnostics/render.js";
import { check, checkJson } from "../../src/front/check.js";
import { printSpec } from "../../src/front/print-spec.js";
import { fieldNode, ROOT as SCHEMA } from "../../src/front/schema.js";
import { CASES, closedIn, errorsIn, inside, keysOf, nodeAt, nothing, seeds, value, written } from "./misplacing.js";

const all = seeds(false);
const places = all.flatMap((json) => closedIn(json, SCHEMA).map((closed) => ({ json, closed })));
const names = [...keysOf(SCHEMA), "muon", "ema", "decoupel", "schedle"];
const misplaced = fc
  .tuple(fc.constantFrom(...places), fc.constantFrom(...names))
  .filter(([{ closed }, key]) => fieldNode(closed.node, key) === undefined && key !== "ablate");

describe("a field that is unknown in its group", () => {
  test("can be generated from many specs, groups and names", () => {
    expect(all.length).toBeGreaterThan(10);
    expect(places.length).toBeGreaterThan(100);
    expect(names.length).toBeGreaterThan(25);
  });

  test("is refused in JSON with any value", () => {
    fc.assert(
      fc.property(misplaced, value, ([{ json, closed }, key], given) => {
        const changed = structuredClone(json);
        inside(changed, closed.path)[key] = given;
        expect(errorsIn(checkJson(changed, "a.json", nothing)), `${closed.path}/${key}`).not.toEqual([]);
      }),
      { seed: 7, numRuns: CASES },
    );
  });

  test("is refused in text at its line with any value", () => {
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
