// Two specs by what they mean, and what both cost on one device.
import type { Disk } from "../data/disk.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import { type Change, type CostChange, changesBetween, costsOf } from "../inspect/difference.js";
import { inspect } from "../inspect/inspection.js";
import { PROFILES } from "../ir/profiles.js";
import { trainingOptions } from "./compile-options.js";
import { withPaths } from "./spec-paths.js";

export interface SpecInFolder {
  readonly spec: CheckedSpec;
  /** The spec as resolved. */
  readonly json: Json;
  /** Paths in it are relative to this folder. */
  readonly folder: string;
}

export interface Difference {
  /** The profile whose memory is compared. */
  readonly device: string;
  /** None where both mean the same. */
  readonly changes: readonly Change[];
  readonly costs: readonly CostChange[];
}

/** @param device a profile's name; else the first with the precision of both */
export function difference(
  { paths }: Pick<Disk, "paths">,
  one: SpecInFolder,
  other: SpecInFolder,
  device = deviceFor(one.spec, other.spec),
): Difference {
  const { relative, resolve } = paths;
  const fromHere = ({ spec, json, folder }: SpecInFolder) => ({
    spec,
    json: withPaths(json, (path) => relative("", resolve(folder, path)).replaceAll("\\", "/")),
  });
  const inspected = ({ spec }: SpecInFolder) => inspect(spec, trainingOptions(spec, device));
  return {
    device,
    changes: changesBetween(fromHere(one), fromHere(other)),
    costs: costsOf(inspected(one), inspected(other)),
  };
}

/** The most modest device, with 16-bit floats where one of the specs asks for them. */
function deviceFor(...specs: readonly CheckedSpec[]): string {
  const halves = specs.some(({ train }) => train.precision === "f16");
  const found = PROFILES.find((profile) => !halves || profile.f16);
  if (found === undefined) throw new Error("no profile is known");
  return found.name;
}
