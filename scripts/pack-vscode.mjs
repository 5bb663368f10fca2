// Packs editors/vscode as a .vsix for `code --install-extension`: node scripts/pack-vscode.mjs [FOLDER]
// vsce and its 285 dependencies are installed only in editors/vscode, so `npm ci` in the root does not need them.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import sharp from "sharp";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const home = join(root, "editors/vscode");
/** Files that are copied unchanged. */
const FILES = ["README.md", "language-configuration.json", "syntaxes/mom.tmLanguage.json", "snippets/mom.json"];

/** The licences of the packages in the bundle. */
function notices(inputs) {
  const names = inputs.map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter((name) => name);
  const texts = [...new Set(names)].sort().map((name) => {
    const folder = join(root, "node_modules", name);
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    if (file === undefined) throw new Error(`${name} has no licence file.`);
    return `${name}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

/** Writes the extension into a folder: the bundle, the manifest with this package's version, and texts. */
export async function stageVscode(folder) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { devDependencies: _, ...own } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const manifest = { ...own, version };
  const bundle = await build({
    entryPoints: [join(home, "src/extension.ts")],
    bundle: true,
    write: false,
    minify: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    external: ["vscode"],
    metafile: true,
  });
  const add = (name, content) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  add("package.json", `${JSON.stringify(manifest, null, 2)}\n`);
  add("LICENSE", readFileSync(join(root, "LICENSE")));
  add("NOTICES.txt", notices(Object.keys(bundle.metafile.inputs)));
  add("icon.png", await sharp(join(home, "icon.svg")).png().toBuffer());
  add("dist/extension.cjs", bundle.outputFiles[0].contents);
  for (const file of FILES) add(file, readFileSync(join(home, file)));
  return manifest;
}

/** The path of vsce, or undefined if it is not installed. `npm ci` in editors/vscode installs it. */
export function installedVsce() {
  try {
    return createRequire(join(home, "package.json")).resolve("@vscode/vsce");
  } catch {
    return undefined;
  }
}

/** @returns the path of the file, whose name has the extension's name and this package's version */
export async function packVscode(folder) {
  const vsce = installedVsce();
  if (vsce === undefined)
    throw new Error("vsce is not installed. Run `npm ci --prefix editors/vscode --ignore-scripts`.");
  const { createVSIX } = createRequire(import.meta.url)(vsce);
  const stage = mkdtempSync(join(tmpdir(), "mom-vscode-"));
  const { name, version } = await stageVscode(stage);
  // Nothing is ignored.
  writeFileSync(join(stage, ".vscodeignore"), "");
  mkdirSync(folder, { recursive: true });
  const packagePath = join(folder, `${name}-${version}.vsix`);
  // All files have the same date, so equal sources give equal bytes.
  process.env.SOURCE_DATE_EPOCH ??= "315619200";
  await createVSIX({ cwd: stage, packagePath, dependencies: false, allowMissingRepository: true });
  rmSync(stage, { recursive: true });
  return packagePath;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await packVscode(resolve(process.argv[2] ?? join(root, "dist"))));
}
