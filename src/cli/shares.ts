// `--share text=0.99,image=0.01`: what part of the positions each modality has.
import { InvalidArgumentError } from "commander";
import type { Shares } from "../bench/turns.js";
import { InputError } from "../diagnostics/input-error.js";
import { suggestion } from "../diagnostics/nearest.js";
import { holdsIds, type Modality } from "../modalities/modality.fields.js";

/** What a sum of shares may differ from 1 by: three thirds written with four digits. */
const SLACK = 5e-4;

/** Shares by the names of modalities, as they stand on the command line. */
export function parseShares(text: string): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  for (const part of text.split(",")) {
    const [, name = "", digits = ""] = /^\s*(\w+)\s*=\s*(\d*\.?\d+(?:e-?\d+)?)\s*$/i.exec(part) ?? [];
    if (name === "") {
      throw new InvalidArgumentError(
        `\`${part}\` is no share. It is NAME=NUMBER for each, such as text=0.99,image=0.01.`,
      );
    }
    if (shares.has(name)) throw new InvalidArgumentError(`${name} is given twice.`);
    shares.set(name, Number(digits));
  }
  return shares;
}

/**
 * By modality index; a modality that is not named has none.
 * @throws InputError where a name is no modality's, the shares do not sum to 1, or tokens have none
 */
export function sharesOf(named: ReadonlyMap<string, number>, modalities: readonly Modality[]): Shares {
  const names = modalities.map(({ name }) => name);
  for (const name of named.keys()) {
    if (names.includes(name)) continue;
    throw new InputError(
      "bad-option",
      `--share names ${name}, which is no modality of the spec.`,
      suggestion(name, names) ?? `Its modalities are ${names.join(", ")}.`,
    );
  }
  const sum = [...named.values()].reduce((total, share) => total + share, 0);
  if (Math.abs(sum - 1) > SLACK) {
    throw new InputError(
      "bad-option",
      `The shares of --share sum to ${Number(sum.toPrecision(6))}, not to 1.`,
      `Give each of ${names.join(", ")} its part of the positions; one that is not named has none.`,
    );
  }
  if (!modalities.some((modality) => holdsIds(modality) && (named.get(modality.name) ?? 0) > 0)) {
    throw new InputError(
      "bad-option",
      "--share leaves no position to tokens.",
      "Give a modality of tokens some: pictures rarely fill a sequence to its end.",
    );
  }
  return names.map((name) => (named.get(name) ?? 0) / sum);
}
