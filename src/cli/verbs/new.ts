// mom new: a spec to start from, by three questions or by flags.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Option } from "commander";
import { InputError } from "../../diagnostics/input-error.js";
import { listed, suggestion } from "../../diagnostics/nearest.js";
import { writeExampleData } from "../new/example-data.js";
import { ask, isComplete, keysOf } from "../new/questions.js";
import { BLOCKS, type Choice, MODALITIES, type NewModality, OWNING, templateOf } from "../new/template.js";
import { EXIT, type Verb } from "../verb.js";

interface Options extends Partial<Choice> {
  readonly data?: string;
}

type Answers = Choice & Pick<Options, "data">;

export const verb: Verb = {
  declare(command, finish) {
    const modalities = (text: string): NewModality[] => {
      const known = keysOf(MODALITIES);
      const given = text.split(",").map((name) => name.trim());
      const strange = given.find((name) => !known.some((one) => one === name));
      if (strange !== undefined)
        command.error(`error: there is no modality '${strange}' to begin with. ${suggestion(strange, known)}`, {
          exitCode: EXIT.wrongUsage,
        });
      return known.filter((one) => one === "text" || given.includes(one));
    };
    command
      .argument("[file]", "the spec to write", "model.mom")
      .option(
        "--modalities <names>",
        `of ${listed(keysOf(MODALITIES), "and")}, with commas; text is always one`,
        modalities,
      )
      .addOption(new Option("--blocks <kind>", "what mixes positions").choices(keysOf(BLOCKS)))
      .addOption(new Option("--own <what>", "what each modality owns, or that it is ablated").choices(keysOf(OWNING)))
      .option(
        "--data <source>",
        "emoji, or the path of JSON Lines; else made-up data beside the spec where emoji have none",
      )
      .action(async (file: string, given: Options) => {
        if (!/\.mom$/.test(file))
          command.error("error: a spec is a file that ends with .mom", { exitCode: EXIT.wrongUsage });
        refuse(file);
        const answers = await answersTo(given);
        if (answers === "unasked")
          command.error("error: on a terminal `mom new` asks; elsewhere it takes --modalities, --blocks and --own", {
            exitCode: EXIT.wrongUsage,
          });
        if (typeof answers === "string") return finish(EXIT.interrupted);
        finish(await write(file, answers));
      });
  },
};

/** @throws InputError where a path is taken */
function refuse(path: string): void {
  if (existsSync(path))
    throw new InputError("file-exists", `${path} exists, and nothing is written over.`, "Name another file.");
}

/** What flags leave open is asked, where somebody can answer. */
async function answersTo({ data, ...given }: Options): Promise<Answers | "unasked" | "cancelled"> {
  if (!isComplete(given) && !(process.stdin.isTTY && process.stdout.isTTY)) return "unasked";
  const answers = await ask(given);
  return answers === "cancelled" ? answers : { ...answers, ...(data !== undefined && { data }) };
}

async function write(file: string, { modalities, blocks, own, data }: Answers) {
  // Emoji have names and pictures.
  const isOfEmoji = modalities.join() === "text,image";
  const folder = `${basename(file, ".mom")}-data`;
  const made = data === undefined && !isOfEmoji;
  const source = data ?? (isOfEmoji ? "emoji" : `${folder}/documents.jsonl`);
  mkdirSync(dirname(file), { recursive: true });
  if (made) {
    refuse(join(dirname(file), folder));
    await writeExampleData(join(dirname(file), folder), modalities);
  }
  writeFileSync(file, templateOf({ modalities, blocks, own, data: source }), { flag: "wx" });
  const beside = made ? ` and ${join(dirname(file), folder)}, made-up data to begin with (docs/data.md: your own)` : "";
  const then = own === "ablate" ? `mom ablate ${file} owned` : `mom train ${file}`;
  process.stdout.write(`Wrote ${file}${beside}.\n  mom inspect ${file}\n  ${then}\n`);
  return EXIT.done;
}
