// Packs editors/vscode as a .vsix, which `code --install-extension` takes: node scripts/pack-vscode.mjs [FOLDER]
import { createWriteStream, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import sharp from "sharp";
import { ZipFile } from "yazl";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const home = join(root, "editors/vscode");
/** What is taken as it is. */
const FILES = ["README.md", "language-configuration.json", "syntaxes/mom.tmLanguage.json", "snippets/mom.json"];

const inXml = (text) => text.replaceAll(/[<>&'"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** A .vsix is a zip of the extension, a manifest of the gallery's kind, and the types of its files. */
const manifestOf = ({ name, publisher, version, displayName, description, categories, keywords, engines }) =>
  `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${name}" Version="${version}" Publisher="${publisher}"/>
    <DisplayName>${inXml(displayName)}</DisplayName>
    <Description xml:space="preserve">${inXml(description)}</Description>
    <Tags>${inXml(keywords.join(","))}</Tags>
    <Categories>${inXml(categories.join(","))}</Categories>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="${engines.vscode}"/>
      <Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="workspace"/>
    </Properties>
    <License>extension/LICENSE</License>
    <Icon>extension/icon.png</Icon>
  </Metadata>
  <Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
  <Dependencies/>
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.License" Path="extension/LICENSE" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Icons.Default" Path="extension/icon.png" Addressable="true"/>
  </Assets>
</PackageManifest>
`;

const TYPES = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
${["json", "cjs", "md", "txt", "png", "vsixmanifest"].map((kind) => `  <Default Extension=".${kind}" ContentType="${kind === "png" ? "image/png" : "text/plain"}"/>`).join("\n")}
  <Override PartName="/extension/LICENSE" ContentType="text/plain"/>
</Types>
`;

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

/** Gives the path of the file, which is named by the extension and this package's version. */
export async function packVscode(folder) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const manifest = { ...JSON.parse(readFileSync(join(home, "package.json"), "utf8")), version };
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
  const icon = await sharp(join(home, "icon.svg")).png().toBuffer();
  const zip = new ZipFile();
  // One date for all, so that the same sources make the same bytes.
  const add = (name, content) => zip.addBuffer(Buffer.from(content), name, { mtime: new Date("1980-01-02T00:00:00Z") });
  add("[Content_Types].xml", TYPES);
  add("extension.vsixmanifest", manifestOf(manifest));
  add("extension/package.json", `${JSON.stringify(manifest, null, 2)}\n`);
  add("extension/LICENSE", readFileSync(join(root, "LICENSE")));
  add("extension/NOTICES.txt", notices(Object.keys(bundle.metafile.inputs)));
  add("extension/icon.png", icon);
  add("extension/dist/extension.cjs", bundle.outputFiles[0].contents);
  for (const file of FILES) add(`extension/${file}`, readFileSync(join(home, file)));
  zip.end();
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${manifest.name}-${version}.vsix`);
  await finished(zip.outputStream.pipe(createWriteStream(path)));
  return path;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await packVscode(resolve(process.argv[2] ?? join(root, "dist"))));
}
