// The reference has every field and kind of the schema and every error code, and its examples are valid.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { schema } from "../../grammar/schema.gen.js";
import { errorSections } from "../../site/errors.js";
import { inContext } from "../../site/in-context.js";
import { reference } from "../../site/reference.js";
import { codeOf, ERROR_NAMES, ERRORS, errorNamed, exampleMessage } from "../../src/diagnostics/codes.js";
import { isError } from "../../src/diagnostics/diagnostic.js";
import { EXAMPLES } from "../../src/diagnostics/examples.gen.js";
import { render } from "../../src/diagnostics/render.js";
import { check } from "../../src/front/check.js";
import { allFields } from "../../src/front/schema.js";
import { ROOT } from "../support/mom.js";
import { rejectedIn } from "../support/rejected.js";

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && !Array.isArray(value);

/** Paths of all properties and kinds in the schema's JSON, found without the code of src/front. */
function pathsOf(node: Node, path: readonly string[]): string[] {
  if (typeof node.like === "string") return [];
  const kinds = (Array.isArray(node.oneOf) ? node.oneOf : []).filter(isNode).flatMap((one) => {
    const properties = isNode(one.properties) ? one.properties : {};
    const kind = isNode(properties.kind) ? String(properties.kind.const) : "?";
    return [[...path, kind].join("."), ...pathsOf(one, [...path, kind])];
  });
  const own = Object.entries(isNode(node.properties) ? node.properties : {}).flatMap(([name, field]) =>
    name === "kind" || !isNode(field) ? [] : [[...path, name].join("."), ...pathsOf(field, [...path, name])],
  );
  const inner = [node.additionalProperties, node.items].filter(isNode).flatMap((one) => pathsOf(one, path));
  return [...kinds, ...own, ...inner];
}

const { html, entries } = reference();
const errors = errorSections();
const plain = (text: string): string =>
  text
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");

describe("fields and kinds", () => {
  const paths = pathsOf(schema, []);

  test("each has an anchor and an entry in the search", () => {
    expect(paths.length).toBeGreaterThan(90);
    for (const path of paths) {
      expect(html, path).toContain(` id="${path}"`);
      expect(
        entries.some(({ id }) => id === path),
        path,
      ).toBe(true);
    }
  });

  test("a field without an anchor is detected", () => {
    const grown: Node = { ...schema, properties: { ...schema.properties, extra: { type: "integer" } } };
    expect(pathsOf(grown, []).filter((path) => !html.includes(` id="${path}"`))).toEqual(["extra"]);
  });

  test("each shows its range, default, unit and description", () => {
    const text = plain(html);
    for (const { node, path } of allFields()) {
      const name = path.join(".");
      const begin = html.indexOf(` id="${name}"`);
      const own = plain(html.slice(begin, begin + 3000));
      expect(own, name).toContain((node.description ?? "?").replaceAll("`", ""));
      if (node.unit !== undefined) expect(own, name).toContain(node.unit);
      if (typeof node.default === "number")
        expect(own, name).toContain(`default${node.default}`.replace("default", ""));
      if (node.minimum !== undefined) expect(own, name).toContain(String(node.minimum));
      if (node.maximum !== undefined) expect(own, name).toContain(String(node.maximum));
    }
    expect(text).not.toMatch(/undefined|\[object /);
  });

  const base = `
    model {
      modality text: bytes
      modality image: patches(size: 32x32, patch: 4x4)
      modality speech: codes(vocab: 512)
      d_model: 64
      block mixer: mamba
      layers: 2 * mixer
    }
    objective { text: cross_entropy, image: ddpm, speech: cross_entropy }
    data { source: emoji, length: 256 }
    train { steps: 100, batch: 2 }`;
  const bytes: Readonly<Record<string, string>> = {
    "tokenizer.json": "specs/emoji-tokenizer.json",
    "units.safetensors": "specs/chameleon.safetensors",
  };
  const inside = allFields().filter(({ path }) => path.length > 1 || path[0] === "ablate");

  test.each(inside.map((field) => [field.path.join("."), inContext(field)]))(
    "the example of %s is valid: %s",
    (_, example) => {
      const read = (path: string) => (path === "base.mom" ? { path, text: base } : undefined);
      const readBytes = (path: string) => (path in bytes ? readFileSync(join(ROOT, bytes[path] as string)) : undefined);
      const { diagnostics, sources } = check(
        { path: "example.mom", text: `import "base.mom"\n${example}\n` },
        read,
        readBytes,
      );
      expect(render(diagnostics.filter(isError), sources, { colour: false })).toBe("");
    },
  );
});

describe("error codes", () => {
  const texts = ["src", "grammar", "recipes"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".gen.ts") && !/diagnostics\/codes[./]/.test(file))
      .map((file) => readFileSync(join(ROOT, folder, file), "utf8")),
  );
  const shown = rejectedIn(ROOT).flatMap(({ codes }) => codes);

  test("each has an anchor, its name and an entry in the reference", () => {
    expect(ERROR_NAMES.length).toBeGreaterThan(100);
    for (const name of ERROR_NAMES) {
      expect(errors.html, name).toContain(` id="${codeOf(name)}"`);
      expect(errors.html, name).toContain(`>${name}<`);
      expect(errors.entries.find(({ id }) => id === codeOf(name))?.name).toBe(name);
    }
    expect(plain(errors.html)).not.toMatch(/undefined|\[object /);
  });

  test("each error of a rejected spec is explained with that spec and the fixed one", () => {
    expect(Object.keys(EXAMPLES).sort()).toEqual([...new Set(shown)].sort());
  });

  test("each is used in the sources, and numbers and titles are unique", () => {
    for (const name of ERROR_NAMES)
      expect(
        texts.some((text) => text.includes(`"${name}"`)),
        name,
      ).toBe(true);
    const all = ERROR_NAMES.map((name) => ERRORS[name]);
    expect(new Set(all.map(({ number }) => number)).size).toBe(all.length);
    const titles = all.map(({ title }) => title);
    expect(titles.filter((title, i) => titles.indexOf(title) !== i)).toEqual([]);
  });

  test("each error of a command's input is explained with a message and its remedy", () => {
    const names = ERROR_NAMES.filter((name) => ERRORS[name].number > 700);
    expect(names.length).toBeGreaterThan(20);
    for (const name of names)
      expect(exampleMessage(name), name).toMatch(new RegExp(`^error: .+ \\[${codeOf(name)}\\]\nhelp .+\n$`));
    expect(exampleMessage("no-adapter")).toContain("[MOM0604]");
  });

  test("each error of a rejected spec has an example that shows it", () => {
    expect(new Set(shown).size).toBeGreaterThan(75);
    for (const code of shown) {
      expect(errorNamed(code), code).toBeDefined();
      expect(EXAMPLES[code]?.message, code).toContain(`[${code}]`);
    }
  });
});
