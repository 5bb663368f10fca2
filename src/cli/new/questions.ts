// The three questions of `mom new`.
import type { Readable, Writable } from "node:stream";
import { cancel, isCancel, multiselect, select } from "@clack/prompts";
import { BLOCKS, type Choice, MODALITIES, type NewModality, OWNING } from "./template.js";

export const keysOf = <K extends string>(choices: Readonly<Record<K, string>>): K[] => Object.keys(choices) as K[];

/** Whether nothing is left to ask. */
export const isComplete = ({ modalities, blocks, own }: Partial<Choice>): boolean =>
  modalities !== undefined && blocks !== undefined && own !== undefined;

/** The terminal that answers, if it is not the process's own. */
interface Streams {
  readonly input?: Readable;
  readonly output?: Writable;
}

/** Asks what is not given. Escape and Ctrl-C cancel. */
export async function ask(given: Partial<Choice>, streams: Streams = {}): Promise<Choice | "cancelled"> {
  try {
    return {
      modalities: given.modalities ?? (await askModalities(streams)),
      blocks: given.blocks ?? (await askOne("What mixes positions?", BLOCKS, streams)),
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
    message: "What are sequences made of?",
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
