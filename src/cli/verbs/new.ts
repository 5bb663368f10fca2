// `mom new`: writes a starter spec, from three questions or from flags.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { cancel, isCancel, multiselect, select } from "@clack/prompts";
import { Option } from "commander";
import sharp from "sharp";
import { BLOCKS, type Choice, MODALITIES, type NewModality, OWNING, templateOf, UNITS } from "../../api/new-spec.js";
import { InputError } from "../../diagnostics/input-error.js";
import { listed, suggestion } from "../../diagnostics/nearest.js";
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
      const unknown = given.find((name) => !known.some((one) => one === name));
      if (unknown !== undefined)
        command.error(`error: unknown modality '${unknown}'. ${suggestion(unknown, known)}`, {
          exitCode: EXIT.wrongUsage,
        });
      return known.filter((one) => one === "text" || given.includes(one));
    };
    command
      .argument("[file]", "the spec to write", "model.mom")
      .option(
        "--modalities <names>",
        `some of ${listed(keysOf(MODALITIES), "and")}, separated by commas; text is always included`,
        modalities,
      )
      .addOption(new Option("--blocks <kind>", "the kind of layers that mix positions").choices(keysOf(BLOCKS)))
      .addOption(
        new Option("--own <what>", "the parts that each modality owns, or an ablation of them").choices(keysOf(OWNING)),
      )
      .option(
        "--data <source>",
        "emoji, or the path of your data: .jsonl, .tar, .parquet, .csv, .tsv, .txt, or a folder with a slash at its end (default: emoji, or generated data for other modalities)",
      )
      .action(async (file: string, given: Options) => {
        if (!/\.mom$/.test(file))
          command.error("error: the name of a spec must end with .mom", { exitCode: EXIT.wrongUsage });
        refuse(file);
        const answers = await answersTo(given);
        if (answers === "unasked")
          command.error("error: `mom new` asks questions only on a terminal: give --modalities, --blocks and --own", {
            exitCode: EXIT.wrongUsage,
          });
        if (typeof answers === "string") return finish(EXIT.interrupted);
        finish(await write(file, answers));
      });
  },
};

/** @throws InputError if the path exists */
function refuse(path: string): void {
  if (existsSync(path)) throw new InputError("file-exists", `${path} already exists.`, "Name another file.");
}

/** Asks for the answers that flags do not give, if there is a terminal. */
async function answersTo({ data, ...given }: Options): Promise<Answers | "unasked" | "cancelled"> {
  if (!isComplete(given) && !(process.stdin.isTTY && process.stdout.isTTY)) return "unasked";
  const answers = await ask(given);
  return answers === "cancelled" ? answers : { ...answers, ...(data !== undefined && { data }) };
}

async function write(file: string, { modalities, blocks, own, data }: Answers) {
  // The emoji have names and pictures.
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
  const beside = made
    ? ` and ${join(dirname(file), folder)}, generated example data (docs/data.md describes how to use your own)`
    : "";
  const then = own === "ablate" ? `mom ablate ${file} owned` : `mom train ${file}`;
  process.stdout.write(`Wrote ${file}${beside}.\n  mom inspect ${file}\n  ${then}\n`);
  return EXIT.done;
}

const keysOf = <K extends string>(choices: Readonly<Record<K, string>>): K[] => Object.keys(choices) as K[];

/** Whether every question has an answer. */
const isComplete = ({ modalities, blocks, own }: Partial<Choice>): boolean =>
  modalities !== undefined && blocks !== undefined && own !== undefined;

/** The terminal to ask on, if it is not that of the process. */
interface Streams {
  readonly input?: Readable;
  readonly output?: Writable;
}

/** Asks the questions that have no answer yet. Escape and Ctrl-C cancel. */
export async function ask(given: Partial<Choice>, streams: Streams = {}): Promise<Choice | "cancelled"> {
  try {
    return {
      modalities: given.modalities ?? (await askModalities(streams)),
      blocks: given.blocks ?? (await askOne("Which layers mix positions?", BLOCKS, streams)),
      own: given.own ?? (await askOne("What does each modality own?", OWNING, streams)),
    };
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    cancel("Nothing was written.", streams);
    return "cancelled";
  }
}

class Cancelled extends Error {}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new Cancelled();
  return answer as Exclude<T, symbol>;
}

async function askModalities(streams: Streams): Promise<NewModality[]> {
  const names = keysOf(MODALITIES);
  const chosen = await multiselect<NewModality>({
    ...streams,
    message: "Which modalities do sequences contain?",
    options: names.map((value) => ({ value, hint: MODALITIES[value] })),
    initialValues: ["text", "image"],
    required: true,
  });
  const found = answered(chosen);
  return names.filter((name) => name === "text" || found.includes(name));
}

async function askOne<K extends string>(
  message: string,
  choices: Readonly<Record<K, string>>,
  streams: Streams,
): Promise<K> {
  const options = keysOf(choices).map((value) => ({ value: value as string, label: value, hint: choices[value] }));
  return answered(await select<string>({ ...streams, message, options })) as K;
}

const SIDE = 16;
/** The number of codes along one side of a picture. */
const CELLS = 4;
const COLOURS = {
  red: [214, 56, 46],
  green: [46, 158, 74],
  blue: [52, 98, 214],
  yellow: [240, 196, 48],
  purple: [142, 68, 173],
  grey: [127, 127, 127],
  black: [24, 24, 24],
} as const satisfies Readonly<Record<string, readonly [number, number, number]>>;
/** Whether a point is in the shape. Both coordinates are from −1 to 1. */
const SHAPES = {
  disc: (x: number, y: number) => x * x + y * y < 0.72,
  square: (x: number, y: number) => Math.max(Math.abs(x), Math.abs(y)) < 0.7,
  diamond: (x: number, y: number) => Math.abs(x) + Math.abs(y) < 0.95,
  cross: (x: number, y: number) => Math.min(Math.abs(x), Math.abs(y)) < 0.3,
} as const satisfies Readonly<Record<string, (x: number, y: number) => boolean>>;
const PLACES = ["left", "right", "top", "bottom"] as const;

/** White, then the colours. */
const PALETTE = [[255, 255, 255], ...Object.values(COLOURS)] as const;

/** Writes `folder`/documents.jsonl with 112 documents, and pictures if there is an image modality. */
async function writeExampleData(folder: string, modalities: readonly NewModality[]): Promise<void> {
  mkdirSync(folder);
  const lines: string[] = [];
  for (const [c, colour] of Object.keys(COLOURS).entries()) {
    for (const shape of Object.keys(SHAPES) as (keyof typeof SHAPES)[]) {
      for (const place of PLACES) {
        const name = `a ${colour} ${shape} on the ${place}`;
        const file = `${colour}-${shape}-${place}.png`;
        const [dx, dy] = { left: [0.3, 0], right: [-0.3, 0], top: [0, 0.3], bottom: [0, -0.3] }[place] as [
          number,
          number,
        ];
        const inside = (x: number, y: number): boolean => SHAPES[shape](1.25 * (x + dx), 1.25 * (y + dy));
        const painted = (side: number): number[] => raster(side, (x, y) => (inside(x, y) ? c + 1 : 0));
        if (modalities.includes("image")) await writePicture(join(folder, file), painted(SIDE));
        const segments = {
          text: { text: name },
          image: { image: file },
          codes: { codes: painted(CELLS), modality: "codes" },
          speech: { codes: unitsOf(name), modality: "speech" },
        };
        lines.push(JSON.stringify({ segments: modalities.map((one) => segments[one]), either_order: true }));
      }
    }
  }
  writeFileSync(join(folder, "documents.jsonl"), `${lines.join("\n")}\n`);
}

/** A colour for each pixel, row by row. */
const raster = (side: number, colourAt: (x: number, y: number) => number): number[] =>
  Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    return colourAt((2 * x + 1) / side - 1, (2 * y + 1) / side - 1);
  });

async function writePicture(path: string, colours: readonly number[]): Promise<void> {
  const pixels = Uint8Array.from(colours.flatMap((colour) => [...(PALETTE[colour] ?? [])]));
  await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toFile(path);
}

/** One unit for each letter, in place of speech. */
const unitsOf = (name: string): number[] =>
  [...name].map((letter) => (letter === " " ? 0 : 1 + ((letter.codePointAt(0) ?? 0) % (UNITS - 1))));
