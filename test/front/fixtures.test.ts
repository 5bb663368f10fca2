// test/accept has specs without errors. test/reject has specs with deliberate errors, each of which ends with the exact
// message that it must produce. UPDATE_REJECTS=1 rewrites the messages, for review.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { isError } from "../../src/diagnostics/diagnostic.js";
import { render } from "../../src/diagnostics/render.js";
import { check, checkJson } from "../../src/front/check.js";
import type { ReadBytes } from "../../src/front/files.js";
import type { Read } from "../../src/front/imports.js";
import { printSpec } from "../../src/front/print-spec.js";

const FOLDERS = { accept: folder("accept"), reject: folder("reject") };
const MARK = "// ---- must say:\n";

function folder(name: string): string {
  return fileURLToPath(new URL(`../${name}`, import.meta.url));
}

const mom = (path: string): string[] => readdirSync(path).filter((name) => name.endsWith(".mom"));

const isOutside = (path: string): boolean => /^(\.\.|\/)/.test(path);
const OUTSIDE = { refused: "outside", folder: "/home/you/sets" } as const;

/** Reads files in one folder only. */
const readIn = (root: string): Read =>
  Object.assign(
    (path: string) => {
      if (isOutside(path)) return OUTSIDE;
      try {
        return { path, text: readFileSync(join(root, path), "utf8") };
      } catch {
        return undefined;
      }
    },
    { beside: (path: string) => readdirSync(join(root, dirname(path))) },
  );

const bytesIn =
  (root: string): ReadBytes =>
  (path, limit) => {
    if (isOutside(path)) return OUTSIDE;
    try {
      return readFileSync(join(root, path)).subarray(0, limit);
    } catch {
      return undefined;
    }
  };

describe("test/accept has no errors in", () => {
  test.each(mom(FOLDERS.accept))("%s", (path) => {
    const text = readFileSync(join(FOLDERS.accept, path), "utf8");
    const read = readIn(FOLDERS.accept);
    const readBytes = bytesIn(FOLDERS.accept);
    const { spec, json, diagnostics, sources } = check({ path, text }, read, readBytes);
    expect(render(diagnostics.filter(isError), sources, { colour: false })).toBe("");
    expect(spec).toBeDefined();
    // The resolved spec has the same meaning as text and as JSON.
    const resolved = check({ path, text: printSpec(json ?? null) }, read, readBytes);
    expect(render(resolved.diagnostics.filter(isError), resolved.sources, { colour: false })).toBe("");
    expect(resolved.spec).toEqual(spec);
    expect(checkJson(JSON.parse(JSON.stringify(json)), path, read, readBytes).spec).toEqual(spec);
  });
});

describe("test/reject gives the expected message for", () => {
  const names = mom(FOLDERS.reject);
  test("sixty specs or more", () => expect(names.length).toBeGreaterThanOrEqual(60));

  test.each(names)("%s", (path) => {
    const file = join(FOLDERS.reject, path);
    const [text = "", expected = ""] = readFileSync(file, "utf8").split(MARK);
    const { spec, diagnostics, sources } = check({ path, text }, readIn(FOLDERS.reject), bytesIn(FOLDERS.reject));
    const message = render(diagnostics, sources, { colour: false })
      .replaceAll(/^/gm, "// ")
      .replaceAll(/ +$/gm, "")
      .replace(/\/\/$/, "");
    if (process.env.UPDATE_REJECTS !== undefined) writeFileSync(file, `${text}${MARK}${message}`);
    else expect(message).toBe(expected);
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(spec === undefined).toBe(diagnostics.some(isError));
    // Messages have no JSON pointers and no phrases of the validator.
    expect(message).not.toMatch(/\/(model|objective|data|train)\/|undefined|\[object |NaN/);
    expect(message).not.toMatch(
      /must (be (equal|string|integer|number|object|array|boolean|multiple|[<>=])|have|match|NOT|pass)/,
    );
  });
});

/** `mom explain` shows a rejected spec and the fixed one. */
describe("test/reject/fixed has no errors in", () => {
  const folder = join(FOLDERS.reject, "fixed");
  test.each(mom(folder))("%s", (path) => {
    const text = readFileSync(join(folder, path), "utf8");
    const { diagnostics, sources } = check({ path, text }, readIn(FOLDERS.reject), bytesIn(FOLDERS.reject));
    expect(render(diagnostics, sources, { colour: false })).toBe("");
    expect(readFileSync(join(FOLDERS.reject, path), "utf8").split(MARK)[0]).not.toBe(text);
  });
});
