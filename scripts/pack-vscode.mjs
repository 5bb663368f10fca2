// Packs editors/vscode as a .vsix, which `code --install-extension` takes: node scripts/pack-vscode.mjs [FOLDER]
// vsce and the 285 packages that it needs are installed in editors/vscode alone, so that `npm ci` here stays as it is.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import sharp from "sharp";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const home = join(root, "editors/vscode");
/** What is taken as it is. */
const FILES = ["README.md", "language-configuration.json", "syntaxes/mom.tmLanguage.json", "snippets/mom.json"];

/** The licences of the packages that the bundle holds. */
function notices(inputs) {
  const names = inputs.map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter((name) => name);
  const texts = [...new Set(names)].sort().map((name) => {
    const folder = join(root, "node_modules", name);
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    if (file === undefined) throw new Error(`${name} has no licence to pack`);
    return `${name}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

/** Writes all that the extension consists of into a folder: the bundle, its manifest with this package's version, and texts. */
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

/** Where vsce is, which only packing needs: `npm ci` in editors/vscode installs it. Undefined where it is not. */
export function installedVsce() {
  try {
    return createRequire(join(home, "package.json")).resolve("@vscode/vsce");
  } catch {
    return undefined;
  }
}

/** Gives the path of the file, which is named by the extension and this package's version. */
export async function packVscode(folder) {
  const vsce = installedVsce();
  if (vsce === undefined) throw new Error("vsce is not installed: npm ci --prefix editors/vscode --ignore-scripts");
  const { createVSIX } = createRequire(import.meta.url)(vsce);
  const stage = mkdtempSync(join(tmpdir(), "mom-vscode-"));
  const { name, version } = await stageVscode(stage);
  // All of it is packed.
  writeFileSync(join(stage, ".vscodeignore"), "");
  mkdirSync(folder, { recursive: true });
  const packagePath = join(folder, `${name}-${version}.vsix`);
  // One date for all files, so that the same sources make the same bytes.
  process.env.SOURCE_DATE_EPOCH ??= "315619200";
  await createVSIX({ cwd: stage, packagePath, dependencies: false, allowMissingRepository: true });
  rmSync(stage, { recursive: true });
  return packagePath;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await packVscode(resolve(process.argv[2] ?? join(root, "dist"))));
}
