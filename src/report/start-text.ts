// The initial weights of a run by part: which were loaded, copied or initialized. For the terminal and the run's folder.
import type { Compiled } from "../compile.js";
import type { Disk } from "../data/disk.js";
import { partName } from "../inspect/part-name.js";
import type { Fate, Start } from "../train/start.js";

interface Amount {
  readonly tensors: number;
  readonly numbers: number;
}

export interface StartRecord {
  readonly from: string;
  /** The hash of all initial weights. */
  readonly sha256: string;
  readonly parts: readonly ({ readonly part: string } & Readonly<Record<Fate, Amount>>)[];
  /** Names of weights that the model does not use. */
  readonly unused: readonly string[];
  /** The updates of the optimizer's state, if it is taken, too. */
  readonly optimizer_updates?: number;
}

const FATES = ["taken", "copied", "drawn"] as const;

export function startRecord(
  from: string,
  { tensors, fates, unused }: Pick<Start, "tensors" | "fates" | "unused">,
  { parameters }: Pick<Compiled, "parameters">,
  disk: Pick<Disk, "hash">,
  updates?: number,
): StartRecord {
  const rows = parameters.map(({ name, shape, source: { layer } }) => ({
    part: partName({ names: [name], layer }),
    fate: fates.get(name),
    numbers: shape.reduce((product, n) => product * n, 1),
  }));
  const parts = [...new Set(rows.map(({ part }) => part))].map((part) => {
    const amount = (fate: Fate): Amount => {
      const own = rows.filter((row) => row.part === part && row.fate === fate);
      return { tensors: own.length, numbers: own.reduce((sum, { numbers }) => sum + numbers, 0) };
    };
    return { part, taken: amount("taken"), copied: amount("copied"), drawn: amount("drawn") };
  });
  return {
    from,
    sha256: digestOf(disk, tensors),
    parts,
    unused,
    ...(updates !== undefined && { optimizer_updates: updates }),
  };
}

function digestOf(disk: Pick<Disk, "hash">, tensors: Start["tensors"]): string {
  const hash = disk.hash();
  for (const [name, { data }] of tensors) {
    hash.update(`${name}\n`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest();
}

/** A table with the counts of tensors and of their numbers. */
export function startText({ from, parts, unused, optimizer_updates: updates }: StartRecord): string {
  const cell = ({ tensors, numbers }: Amount): string =>
    tensors === 0 ? "–" : `${tensors} (${numbers.toLocaleString("en-US")})`;
  const sum = (fate: Fate): Amount =>
    parts.reduce(
      (all, { [fate]: one }) => ({ tensors: all.tensors + one.tensors, numbers: all.numbers + one.numbers }),
      { tensors: 0, numbers: 0 },
    );
  const rows = [
    ["", ...FATES],
    ...parts.map((row) => [row.part, ...FATES.map((fate) => cell(row[fate]))]),
    ["total", ...FATES.map((fate) => cell(sum(fate)))],
  ];
  const widths = FATES.concat("drawn").map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const lines = rows.map(
    ([first = "", ...rest]) =>
      `  ${first.padEnd(widths[0] ?? 0)}  ${rest.map((text, i) => text.padStart(widths[i + 1] ?? 0)).join("  ")}`,
  );
  const left = unused.length === 0 ? [] : [`  ${unused.length} not used by the model, such as ${unused[0]}`];
  const state = updates === undefined ? [] : [`  with the optimizer's state after ${updates} updates`];
  return `${[`Weights from ${from}: tensors (numbers)`, ...lines, ...left, ...state].join("\n")}\n`;
}
