// Writes the modules that carry other files as text, so that nothing between a spec and its kernels reads the disk:
// grammar/schema.gen.ts from grammar/spec.schema.json, src/kernels/templates.gen.ts from codegen-templates/*.wgsl.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const read = (...path) => readFileSync(join(root, ...path), "utf8");

function write(path, text) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
}

export function generate() {
  const schema = existsSync(join(root, "grammar/spec.schema.json")) ? read("grammar", "spec.schema.json") : "{}";
  write(
    "grammar/schema.gen.ts",
    `// Made by scripts/generate.mjs from spec.schema.json.\nexport const schema = ${schema.trim()} as const;\n`,
  );
  const templates = readdirSync(join(root, "codegen-templates"))
    .filter((name) => name.endsWith(".wgsl"))
    .sort()
    .map((name) => `  ${JSON.stringify(name.slice(0, -5))}: ${JSON.stringify(read("codegen-templates", name))},\n`);
  write(
    "src/kernels/templates.gen.ts",
    `// Made by scripts/generate.mjs from codegen-templates/.\nexport const TEMPLATES = {\n${templates.join("")}} as const;\n`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) generate();
