// `mom compile`: writes a folder that trains the model with only Node and `webgpu`, or a PyTorch project. Needs no GPU.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Option } from "commander";
import pc from "picocolors";
import { TARGET_NAMES, type TargetName } from "../../ablate/emit/targets.js";
import { compileToFolder, type FolderToMake } from "../../api/compile-folder.js";
import { nodeDataHost } from "../../api/node/data-host.js";
import type { Started } from "../../api/start.js";
import { writeTorchProject } from "../../api/torch-folder.js";
import { render } from "../../diagnostics/render.js";
import { DEFAULT_DEVICE } from "../../ir/profiles.js";
import { startText } from "../../report/start-text.js";
import type { NamedFile } from "../../train/whole-folder.js";
import { coloured, styleOf } from "../colour.js";
import { allowOption, deviceOption, setOption, skipBadOption } from "../compile-options.js";
import { dependencyRange } from "../project.js";
import { readSpec } from "../read-spec.js";
import { EXIT, type Verb } from "../verb.js";

interface Options {
  readonly out: string;
  readonly target: TargetName;
  readonly device: string;
  readonly force?: boolean;
  readonly allow?: readonly string[];
  readonly set?: readonly string[];
  readonly skipBad?: true;
}

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<file>", "the spec")
      .requiredOption("-o, --out <folder>", "the folder to write")
      .addOption(
        new Option("--target <name>", "a trainer for Node with WGSL kernels, or a PyTorch project for torchrun")
          .choices(TARGET_NAMES)
          .default("wgsl"),
      )
      .addOption(deviceOption())
      .option("--force", "overwrite a folder that `mom compile` wrote")
      .addOption(setOption())
      .addOption(allowOption())
      .addOption(skipBadOption())
      .action(async (file: string, options: Options) => {
        const { allow, set, out, target } = options;
        const read = readSpec(file, { allow, set });
        if (read.spec === undefined || read.json === undefined) return finish(EXIT.wrongInput);
        const { made, started } = await WRITERS[target]({ ...read, spec: read.spec, json: read.json, file }, options);
        if (started) {
          if (started.warnings.length > 0) notice(render(started.warnings, [], styleOf(process.stderr)));
          process.stderr.write(startText(started.record));
        }
        process.stdout.write(`${pc.createColors(coloured(process.stdout)).green("made")} ${out}: ${made}\n`);
        finish(EXIT.done);
      });
  },
};

const notice = (line: string) => void process.stderr.write(`${line}\n`);

interface Read extends Pick<FolderToMake, "spec" | "json" | "folder" | "reach"> {
  readonly file: string;
}

/** Writes a folder. @returns what it made, for the last line, and the initial weights unless they are random */
type Write = (
  read: Read,
  options: Options,
) => Promise<{ readonly made: string; readonly started?: Started | undefined }>;

const WRITERS: Readonly<Record<TargetName, Write>> = {
  async wgsl({ spec, json, file, folder, reach }, { out, device, force = false, skipBad }) {
    const program = [{ name: "train.mjs", bytes: readFileSync(TRAINER) }, ...packageFiles(basename(file), device)];
    const wanted = { spec, json, folder, reach, out, device, force, skipBad, notice, program };
    const { kernels, started } = await compileToFolder(nodeDataHost, wanted);
    return { made: `${kernels} kernels for ${device}`, started };
  },
  async torch({ spec, json, file, folder, reach }, { out, force = false, skipBad }) {
    const wanted = { spec, json, file: basename(file), folder, reach, out, force, skipBad, notice };
    const { parameters, started } = await writeTorchProject(nodeDataHost, wanted);
    return { made: `a PyTorch project with ${parameters.toLocaleString("en-US")} parameters`, started };
  },
};

/** The bundled trainer, which the build writes beside the compiled sources. */
const TRAINER = new URL("../../../train.mjs", import.meta.url);

const text = (name: string, contents: string): NamedFile => ({ name, bytes: new TextEncoder().encode(contents) });

function packageFiles(spec: string, device: string): NamedFile[] {
  const manifest = { private: true, type: "module", dependencies: { webgpu: dependencyRange("webgpu") } };
  const anywhere =
    device === DEFAULT_DEVICE
      ? " It runs on any device. Compiled with\n`--device` and the name that `mom doctor` prints, it is faster on that device."
      : "";
  const readme = `# A model compiled by mom

\`${spec}\`, compiled for devices of the profile \`${device}\`.${anywhere} It needs Node 20.20 or later.

    npm install
    node train.mjs

| file | content |
| --- | --- |
| \`spec.mom\` | the spec, with imports merged and defaults filled in |
| \`files/\` | the tokenizers and codebooks that the spec names |
| \`plan.json\` | buffers, phases, dispatches, fields and parameters |
| \`train.mjs\` | the trainer; \`node train.mjs --help\` |
| \`data/\` | the tokenized documents |
| \`start.safetensors\` | the initial weights, if the spec has an \`init\`; \`start-optimizer.safetensors\` with the optimizer's state, if it takes that, too |
| \`kernels/*.wgsl\` | the shaders, one file each; the trainer runs these files, so you can edit them |
`;
  return [text("package.json", `${JSON.stringify(manifest, undefined, 2)}\n`), text("README.md", readme)];
}
