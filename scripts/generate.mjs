// Writes modules that contain other files as text, so that compilation does not read the disk:
// grammar/schema.gen.ts from grammar/spec.schema.json, src/kernels/templates.gen.ts from codegen-templates/*.wgsl,
// src/ablate/emit/templates.gen.ts from codegen-templates/sweep/*.sh, src/targets/torch/files.gen.ts from
// codegen-templates/torch, src/diagnostics/examples.gen.ts from test/reject/*.mom, src/report/page/page.gen.ts from src/page. Also writes
// src/front/spec-validator.gen.ts, the schema as code, and src/train/version.gen.ts.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { specValidator } from "./spec-validator.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const read = (...path) => readFileSync(join(root, ...path), "utf8");

function write(path, text) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
}

/** The shortest spec with each error (without others if possible), its message and the fixed spec. */
function examples() {
  const folder = join(root, "test/reject");
  if (!existsSync(folder)) return {};
  const found = readdirSync(folder)
    .filter((name) => name.endsWith(".mom"))
    .map((name) => {
      const [spec, comment = ""] = read("test/reject", name).split("// ---- must say:\n");
      const message = comment.replaceAll(/^\/\/ ?/gm, "");
      const codes = [...message.matchAll(/^(?:error|warning): .*\[(MOM\d{4})\]$/gm)].map(([, code]) => code);
      return { name, spec, message, codes };
    })
    .filter(({ name }) => existsSync(join(folder, "fixed", name)))
    .sort(
      (a, b) => a.codes.length - b.codes.length || a.spec.length + a.message.length - b.spec.length - b.message.length,
    );
  const codes = [...new Set(found.flatMap((one) => one.codes))].sort();
  return Object.fromEntries(
    codes.map((code) => {
      const { name, spec, message } = found.find((one) => one.codes.includes(code));
      return [code, { spec, message, fixed: read("test/reject/fixed", name) }];
    }),
  );
}

export function generate() {
  write(
    "src/diagnostics/examples.gen.ts",
    `// Made by scripts/generate.mjs from test/reject.\n/** A spec with an error, its message, and the fixed spec. */\ninterface Example {\n  readonly spec: string;\n  readonly message: string;\n  readonly fixed: string;\n}\nexport const EXAMPLES: Readonly<Record<string, Example>> = ${JSON.stringify(examples(), null, 2)};\n`,
  );
  const schema = inlined(read("grammar", "spec.schema.json"));
  write(
    "grammar/schema.gen.ts",
    `// Made by scripts/generate.mjs from spec.schema.json.\nexport const schema = ${JSON.stringify(schema, null, 2)} as const;\n`,
  );
  write(
    "src/front/spec-validator.gen.ts",
    `// Made by scripts/generate.mjs from spec.schema.json.\n// @ts-nocheck\n${specValidator(schema, "../../grammar/schema.gen.js", root)}`,
  );
  write("src/kernels/templates.gen.ts", templatesModule());
  write("src/ablate/emit/templates.gen.ts", sweepTemplates());
  write("src/targets/torch/files.gen.ts", torchModule());
  const { version } = JSON.parse(read("package.json"));
  write(
    "src/train/version.gen.ts",
    `// Made by scripts/generate.mjs from package.json.\n/** The version of mom. */\nexport const VERSION = ${JSON.stringify(version)};\n`,
  );
  write("src/report/page/page.gen.ts", pageModule());
}

/** The notice that the licence of the charts' library asks for. */
const UPLOT = "/* Contains uPlot, Copyright (c) 2025 Leon Sorokin, MIT licence: https://github.com/leeoniya/uPlot */";

/** The script and the style of the page of runs, and the hash that lets its policy run the script. */
function pageModule() {
  const { outputFiles } = buildSync({
    entryPoints: [join(root, "src/page/main.ts")],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    platform: "browser",
    legalComments: "none",
    banner: { js: UPLOT },
    logLevel: "error",
  });
  // An HTML parser would end the script at this text.
  const script = outputFiles[0].text.trim().replaceAll("</script", "<\\/script");
  const hash = createHash("sha256").update(script).digest("base64");
  const styles = buildSync({
    stdin: {
      contents: '@import "uplot/dist/uPlot.min.css"; @import "./src/page/page.css";',
      resolveDir: root,
      loader: "css",
    },
    bundle: true,
    minify: true,
    write: false,
    logLevel: "error",
  }).outputFiles[0].text;
  return `// Made by scripts/generate.mjs from src/page.
export const SCRIPT = ${JSON.stringify(script)};
export const SCRIPT_HASH = "sha256-${hash}";
export const STYLES = ${JSON.stringify(styles)};
`;
}

/** The schema with references replaced by their definitions, except for the recursive one. */
function inlined(text) {
  const { layer, ...others } = JSON.parse(text).$defs;
  const definition = (value) => others[value?.$ref?.replace("#/$defs/", "")];
  const put = (key, value) => {
    // The kinds of a definition become kinds of what refers to it.
    if (key === "oneOf") return value.flatMap((kind) => kind.oneOf ?? [kind]);
    const defined = definition(value);
    if (defined === undefined) return value;
    const { $ref, ...own } = value;
    return { ...defined, ...own };
  };
  // Definitions refer to others.
  const once = JSON.stringify(JSON.parse(text, put));
  const schema = JSON.parse(once, put);
  return { ...schema, $defs: { layer } };
}

/** A constant in a template: capitals, digits and underscores. `NAMEu` is its value as an unsigned literal. */
const CONSTANT = /\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)u?\b/g;

/** The text of each template and its contract: the flags of its `#if` lines and its constants. */
function templatesModule() {
  const folder = join(root, "codegen-templates");
  const names = readdirSync(folder).filter((name) => name.endsWith(".wgsl"));
  const texts = Object.fromEntries(names.sort().map((name) => [name.slice(0, -5), read("codegen-templates", name)]));
  const whole = (text) => text.replaceAll(/^#include (\w+)$/gm, (_, name) => texts[name].trimEnd());
  const contracts = Object.entries(texts).map(([name, text]) => [name, contractOf(whole(text))]);
  const union = (words) => (words.length === 0 ? "never" : words.map((word) => JSON.stringify(word)).join(" | "));
  const lines = contracts.map(
    ([name, { flags, needs, may }]) =>
      `  readonly ${name}: { readonly flags: ${union(flags)}; readonly needs: ${union(needs)}; readonly may: ${union(may)} };\n`,
  );
  const entries = Object.entries(texts).map(([name, text]) => `  ${name}: ${JSON.stringify(text)},\n`);
  return `// Made by scripts/generate.mjs from codegen-templates/.
/** The parameters of each template: its flags, the constants it always uses, and those used only under a flag. */
export interface Contracts {\n${lines.join("")}}

export const TEMPLATES = {\n${entries.join("")}} as const;
`;
}

/** The scripts of an ablation's jobs, by name without their extension. */
function sweepTemplates() {
  const names = readdirSync(join(root, "codegen-templates/sweep")).sort();
  const entries = names.map(
    (name) => `  ${JSON.stringify(name.slice(0, -3))}: ${JSON.stringify(read("codegen-templates/sweep", name))},\n`,
  );
  return `// Made by scripts/generate.mjs from codegen-templates/sweep/.\nexport const SWEEP_TEMPLATES = {\n${entries.join("")}} as const;\n`;
}

/** The files that an emitted PyTorch project has besides its model. */
function torchModule() {
  const names = readdirSync(join(root, "codegen-templates/torch")).filter((name) => /\.(py|md|txt|toml)$/.test(name));
  const texts = Object.fromEntries(names.sort().map((name) => [name, read("codegen-templates/torch", name)]));
  return `// Made by scripts/generate.mjs from codegen-templates/torch.
export const FILES: Readonly<Record<string, string>> = ${JSON.stringify(texts, null, 2)};
`;
}

function contractOf(text) {
  const flags = new Set();
  const always = new Set();
  const sometimes = new Set();
  const own = new Set();
  const open = [];
  for (const line of text.split("\n")) {
    const [word, name] = line.trim().split(" ");
    const [, times, single] = /#repeat \w+ ([^:]+)(: .*)?$/.exec(line) ?? [];
    const used = open.includes("#if") ? sometimes : always;
    if (word === "#if") flags.add(name);
    if (word === "#repeat") own.add(name);
    if (word === "#if" || (word === "#repeat" && single === undefined)) open.push(word);
    if (word === "#end") open.pop();
    const text = word === "#repeat" ? `${times} ${single ?? ""}` : /^#[a-z]/.test(word) ? "" : line;
    const code = text.replace(/\/\/.*$/, "");
    for (const [, declared] of code.matchAll(/\bconst ([A-Z][A-Z0-9_]*)\b/g)) own.add(declared);
    for (const [, found] of code.matchAll(CONSTANT)) used.add(found);
  }
  const needs = [...always].filter((name) => !own.has(name));
  const may = [...sometimes].filter((name) => !own.has(name) && !always.has(name));
  return { flags: [...flags].sort(), needs: needs.sort(), may: may.sort() };
}

/** src/spec.gen.ts: the type of a spec as JSON, from the same schema. */
export async function generateTypes() {
  const { compile } = await import("json-schema-to-typescript");
  // An empty schema allows any value, but the generator would make it an object.
  const restricting = ["type", "$ref", "const", "enum", "oneOf", "anyOf"];
  const anything = (key, value) =>
    key === "additionalProperties" && typeof value === "object" && !restricting.some((word) => word in value)
      ? { ...value, tsType: "unknown" }
      : value;
  const schema = { ...JSON.parse(read("grammar", "spec.schema.json"), anything), title: "FullSpec" };
  const bannerComment = "// Made by scripts/generate.mjs from grammar/spec.schema.json.";
  const options = { bannerComment, additionalProperties: false, ignoreMinAndMaxItems: true, format: false };
  write("src/spec.gen.ts", await compile(schema, "FullSpec", options));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  generate();
  await generateTypes();
}
