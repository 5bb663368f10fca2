// Compares two specs by meaning and by their cost on one device.
import type { Disk } from "../data/disk.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import { type Change, type CostChange, changesBetween, costsOf } from "../inspect/difference.js";
import { inspect } from "../inspect/inspection.js";
import { PROFILES } from "../ir/profiles.js";
import { trainingOptions } from "./compile-options.js";
import { withPaths } from "./spec-paths.js";

export interface SpecInFolder {
  readonly spec: CheckedSpec;
  /** The resolved spec. */
  readonly json: Json;
  /** Paths in the spec are relative to this folder. */
  readonly folder: string;
}

export interface Difference {
  /** The profile whose memory is compared. */
  readonly device: string;
  /** Empty if both specs mean the same. */
  readonly changes: readonly Change[];
  readonly costs: readonly CostChange[];
}

/** @param device the name of a profile (default: the first that supports the precision of both specs) */
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

/** The smallest profile, or the smallest with f16 if one of the specs uses it. */
function deviceFor(...specs: readonly CheckedSpec[]): string {
  const usesF16 = specs.some(({ train }) => train.precision === "f16");
  const found = PROFILES.find((profile) => !usesF16 || profile.f16);
  if (found === undefined) throw new Error("there is no profile");
  return found.name;
}
