// `mom data`: shows data sets, fits codebooks and runs the recipes.
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { fitPictureCodebook, type PictureCodebookOptions } from "../../api/codebook.js";
import { type Look, type LookOptions, look } from "../../api/look.js";
import { lookHtml } from "../../api/look-html.js";
import { nodeHost } from "../../api/node/host.js";
import type { Recipe } from "../../api/node/recipes.js";
import { prepareFolder } from "../../api/prepare.js";
import { type ListenOptions, listenTo } from "../../api/speech-units.js";
import { writeWhole } from "../../data/write-whole.js";
import { preparingOn } from "../../report/preparing.js";
import { allowOption, ending, setOption, skipBadOption } from "../compile-options.js";
import { readSpec } from "../read-spec.js";
import { wholeNumber } from "../trained.js";
import { EXIT, type Verb } from "../verb.js";

interface Subcommand extends Verb {
  readonly name: string;
  /** One line for `mom data --help`. */
  readonly summary: string;
  /** An example command for its help. */
  readonly example: string;
}

const notice = (text: string): void => void process.stderr.write(`${text}\n`);

interface LookFlags extends Omit<LookOptions, "notice"> {
  readonly json?: true;
  readonly html?: string;
  readonly allow?: readonly string[];
  readonly set?: readonly string[];
}

const lookSubcommand: Subcommand = {
  name: "look",
  summary: "describe a spec's data set and show some documents",
  example: "mom data look specs/quickstart.mom",
  declare(command, finish) {
    command
      .argument("<file>", "the spec")
      .option("--documents <n>", "how many documents to show", wholeNumber, 5)
      .option("--html <file>", "write a page that shows documents as the model sees them", ending(".html"))
      .option("--json", "print JSON")
      .addOption(setOption())
      .addOption(allowOption())
      .addOption(skipBadOption())
      .action(async (file: string, { json, html: page, allow, set, ...options }: LookFlags) => {
        const { spec, folder, reach } = readSpec(file, { allow, set });
        if (spec === undefined) return finish(EXIT.wrongInput);
        const [looked, settings] = [
          { spec, folder, reach },
          { ...options, notice },
        ];
        const { html, ...found } =
          page === undefined
            ? { ...(await look(nodeHost, looked, settings)), html: undefined }
            : await lookHtml(nodeHost, looked, settings, basename(file).replace(/\.(?:mom|json)$/, ""));
        if (page !== undefined && html !== undefined) {
          writeWhole(nodeHost.disk, page, new TextEncoder().encode(html), "Choose another --html.");
          notice(`wrote ${page}`);
        }
        process.stdout.write(json ? `${JSON.stringify({ file, ...found }, undefined, 2)}\n` : lookText(found));
        finish(EXIT.done);
      });
  },
};

const prepareSubcommand: Subcommand = {
  name: "prepare",
  summary: "prepare a spec's data as a folder that travels to another machine",
  example: "mom data prepare specs/emoji.mom --out prepared",
  declare(command, finish) {
    command
      .argument("<file>", "the spec")
      .requiredOption("--out <folder>", "the folder to write")
      .addOption(setOption())
      .addOption(allowOption())
      .addOption(skipBadOption())
      .action(async (file: string, { out, allow, set, skipBad }: PrepareFlags) => {
        const { spec, folder, reach } = readSpec(file, { allow, set });
        if (spec === undefined) return finish(EXIT.wrongInput);
        const bar = preparingOn(process.stderr, () => performance.now() / 1000);
        const report = (line: string) => {
          bar.clear();
          notice(line);
        };
        const options = { out, skipBad, notice: report, progress: bar.progress };
        const { documents, shards, bytes } = await prepareFolder(nodeHost, { spec, folder, reach }, options);
        process.stdout.write(
          `${out}: ${whole(documents.train)} training and ${whole(documents.held_out)} held-out documents in ` +
            `${shards} shards, ${(bytes / 2 ** 20).toFixed(1)} MiB\nTrain on them: mom train ${file} --data ${out}\nIn another spec: data { source: prepared("${out}") }\n`,
        );
        finish(EXIT.done);
      });
  },
};

interface PrepareFlags {
  readonly out: string;
  readonly allow?: readonly string[];
  readonly set?: readonly string[];
  readonly skipBad?: boolean;
}

const whole = (n: number): string => n.toLocaleString("en-US");

function lookText({ documents, positions, modalities, shown, licences }: Look): string {
  const { train, held_out } = documents;
  const rows = modalities.map(({ modality, kind, segments, positions: own, longest }) => [
    `${modality} (${kind})`,
    whole(segments),
    whole(own),
    whole(longest),
  ]);
  const table = [["", "segments", "positions", "longest"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("   "),
  );
  const about = [
    `${whole(train + held_out)} documents (${whole(held_out)} held-out)`,
    `${whole(positions.all)} positions, including markers; a document has ${positions.mean.toFixed(1)} on average and ` +
      `${whole(positions.most)} at most; a sequence has ${whole(positions.length)}`,
    "",
    ...lines,
    "",
    ...(licences.length > 0 ? [...licences.map((licence) => `licence of ${licence}`), ""] : []),
  ];
  const texts = shown.map(({ number, held_out, text }) => `\n${number}${held_out ? " (held-out)" : ""}: ${text}\n`);
  return `${about.join("\n")}${texts.join("")}`;
}

function sizeOption(text: string): [number, number] {
  const found = /^([1-9]\d{0,3})x([1-9]\d{0,3})$/.exec(text);
  if (!found) throw new InvalidArgumentError("Expected HEIGHTxWIDTH, such as 32x32.");
  return [Number(found[1]), Number(found[2])];
}

const sized = (flags: string, about: string, size: readonly [number, number]): Option =>
  new Option(flags, about).argParser(sizeOption).default(size, size.join("x"));

const codebookSubcommand: Subcommand = {
  name: "codebook",
  summary: "fit a codebook to the patches of pictures",
  example: "mom data codebook --pictures emoji --size 16x16 --patch 2x2 --entries 512 --out codebook.safetensors",
  declare(command) {
    command
      .requiredOption("--pictures <source>", "`emoji`, a folder of pictures, or a JSON Lines file that names pictures")
      .requiredOption("--out <file>", "the codebook to write, a .safetensors file")
      .addOption(sized("--size <HxW>", "the size that pictures are resized to", [32, 32]))
      .addOption(sized("--patch <HxW>", "the size of a patch; each patch becomes one code", [4, 4]))
      .option("--channels <n>", "1 (grey), 3 (colour) or 4 (colour and transparency)", wholeNumber, 3)
      .option("--entries <n>", "the number of codes", wholeNumber, 512)
      .option("--seed <n>", "the random seed of the search", wholeNumber, 1)
      .option("--iterations <n>", "the most iterations of k-means", wholeNumber, 30)
      .addOption(setOption())
      .addOption(allowOption())
      .addOption(skipBadOption())
      .option("--sheet <file>", "a PNG that shows pictures, each above its reconstruction from the codebook")
      .action(async (options: PictureCodebookOptions) => {
        const { out, sheet, entries } = options;
        const { columns, pictures, patchesPerPicture, before, after, used, bits } = await fitPictureCodebook(
          nodeHost,
          options,
          notice,
        );
        process.stdout.write(
          `${out}: ${entries} entries of ${columns} numbers, fitted to ${pictures} pictures of ` +
            `${patchesPerPicture} patches each\n` +
            `mean squared error ${before.toExponential(3)} at the start, ${after.toExponential(3)} at the end ` +
            `(${decibels(after)} dB)\n${used} entries are used, ${bits.toFixed(2)} bits per code ` +
            `(${Math.log2(entries).toFixed(2)} if all were equally frequent)\n${sheet === undefined ? "" : `Pictures above their reconstructions: ${sheet}\n`}`,
        );
      });
  },
};

/** Peak signal-to-noise ratio in dB, for values in [−1, 1]. */
const decibels = (error: number): string => (error === 0 ? "∞" : (10 * Math.log10(4 / error)).toFixed(1));

const listenSubcommand: Subcommand = {
  name: "listen",
  summary: "list the speech units of recordings, or replace the recordings with them",
  example: "mom data listen data/asterisk/speech.jsonl --codebook data/asterisk/units.safetensors",
  declare(command) {
    command
      .argument("<file>", "a JSON Lines file whose documents name recordings")
      .requiredOption("--codebook <file>", "a codebook that `mom data units` wrote")
      .option("--out <file>", "write the documents to this file in the same folder, with units in place of recordings")
      .addOption(setOption())
      .addOption(allowOption())
      .action((file: string, options: ListenOptions) => {
        const { documents, recordings, seconds, units } = listenTo(nodeHost.disk, file, options, (recording) => {
          process.stdout.write(`${recording.audio}\t${recording.units.join(" ")}\n`);
        });
        if (options.out === undefined) return;
        process.stdout.write(
          `${options.out}: ${documents} documents; ${recordings} recordings (${(seconds / 3600).toFixed(3)} h) become ${units} units\n`,
        );
      });
  },
};

/** Every file in this folder is a recipe. Its name is the name of the subcommand. */
const RECIPES = new URL("../../../recipes/", import.meta.url);

async function recipes(): Promise<Subcommand[]> {
  const files = readdirSync(RECIPES).filter((file) => file.endsWith(".js"));
  return await Promise.all(
    files.sort().map(async (file) => {
      const { recipe } = (await import(new URL(file, RECIPES).href)) as { readonly recipe: Recipe };
      const { summary, example } = recipe;
      return { name: file.slice(0, -".js".length), summary, example, declare: (command) => declare(command, recipe) };
    }),
  );
}

function declare(command: Command, { options, readsDocuments, run }: Recipe): void {
  for (const { flags, about, default: usual } of options) {
    if (usual === undefined) command.requiredOption(flags, about);
    else if (typeof usual === "number") command.option(flags, about, wholeNumber, usual);
    else command.option(flags, about, usual);
  }
  if (readsDocuments) command.addOption(allowOption()).addOption(skipBadOption());
  command.action(async (given: Parameters<typeof run>[0]) => {
    process.stdout.write(await run(given, notice));
  });
}

const SUBCOMMANDS: readonly Subcommand[] = [
  lookSubcommand,
  prepareSubcommand,
  codebookSubcommand,
  listenSubcommand,
  ...(await recipes()),
];

export const verb: Verb = {
  declare(command, finish) {
    command.helpCommand(false);
    for (const { name, summary, example, declare } of SUBCOMMANDS) {
      const own = command.command(name).description(summary).addHelpText("after", `\nExample:\n  ${example}\n`);
      declare(own.showHelpAfterError(`(\`mom data ${name} --help\` shows its options)`), finish);
    }
  },
};
