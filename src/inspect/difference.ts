// Compares two specs by meaning: every setting by its path, and their costs. Formatting, order, imports and explicit defaults
// make no difference.
import type { CheckedSpec, Json } from "../front/spec.js";
import type { Ownership } from "../ir/ownership.js";
import { type Inspection, stackOf } from "./inspection.js";

export interface Change {
  /** `model.d_model`, `mixer.decouple.in_proj`, `ablate.width.vary.mixer.d_state`. */
  readonly path: string;
  /** The value as text; undefined if that spec does not have the setting. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** A checked spec, and its JSON with imports merged and defaults filled in. */
export interface Compared {
  readonly spec: CheckedSpec;
  readonly json: Json;
}

/** Changes in the order of the first spec, then settings that only the second has. */
export function changesBetween(one: Compared, other: Compared): Change[] {
  const [before, after] = [settingsOf(one), settingsOf(other)];
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths]
    .map((path) => ({ path, before: before.get(path), after: after.get(path) }))
    .filter((change) => change.before !== change.after);
}

/** Every setting of a spec by its path, as text. */
export function settingsOf({ spec, json }: Compared): Map<string, string> {
  const settings = new Map<string, string>();
  const { model, objective, data, train, ablate } = json as Readonly<Record<string, Json>>;
  const { modality, d_model } = model as Readonly<Record<string, Json>>;
  const names = spec.model.modalities.map(({ name }) => name);
  flatten(modality ?? {}, "modality", settings);
  settings.set("order of modalities", names.join(", "));
  settings.set("model.d_model", text(d_model ?? null));
  for (const block of spec.model.blocks) addBlock(block, names, settings);
  settings.set("model.layers", layersText(spec));
  for (const [name, section] of Object.entries({ objective, data, train, ablate })) {
    if (section !== undefined) flatten(section, name, settings);
  }
  return settings;
}

/** The resolved sizes (`dt_rank: auto` is its number), and the owners of each part. */
function addBlock(
  { name, fields: { kind, parts, ...sizes } }: CheckedSpec["model"]["blocks"][number],
  modalities: readonly string[],
  settings: Map<string, string>,
): void {
  settings.set(name, kind);
  for (const [size, value] of Object.entries(sizes)) settings.set(`${name}.${size}`, String(value));
  for (const [part, owners] of Object.entries(parts))
    settings.set(`${name}.decouple.${part}`, owned(owners, modalities));
}

function owned({ groups, of }: Ownership, modalities: readonly string[]): string {
  if (groups === 1) return "shared";
  if (groups === modalities.length) return "one copy each";
  const inGroup = (group: number): string =>
    `[${modalities
      .filter((_, m) => of[m] === group)
      .sort()
      .join(", ")}]`;
  return Array.from({ length: groups }, (_, group) => inGroup(group))
    .sort()
    .join(", ");
}

/** Layers as in `4 * mixer + dense`: adjacent equal layers are counted. */
const layersText = (spec: CheckedSpec): string =>
  stackOf(spec)
    .map(({ first, last, block }) => (first === last ? block : `${last - first + 1} * ${block}`))
    .join(" + ");

/** Flattens a value to settings. A kind has the path of its object; a list is one setting. */
function flatten(value: Json, path: string, settings: Map<string, string>): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    settings.set(path, text(value));
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (key === "kind") settings.set(path, text(inner));
    else flatten(inner, `${path}.${key}`, settings);
  }
}

/** A value as in a spec. */
function text(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const { part, kind, ...rest } = value as Readonly<Record<string, Json>>;
  const inside = Object.entries(rest).map(([key, inner]) => `${key}: ${text(inner)}`);
  const name = part ?? kind;
  if (name === undefined) return `{ ${inside.join(", ")} }`;
  return inside.length === 0 ? text(name) : `${text(name)}(${inside.join(", ")})`;
}

export interface CostChange {
  readonly what: string;
  /** A number, or bytes if `bytes` is set; undefined if that spec does not have it. */
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly bytes?: true;
}

/** The costs of both specs, including equal ones. */
export function costsOf(one: Inspection, other: Inspection): CostChange[] {
  const row = (what: string, of: (inspection: Inspection) => number | undefined): CostChange => ({
    what,
    before: of(one),
    after: of(other),
  });
  const flops = (name: string) =>
    row(
      `FLOPs per token (${name}), forward and backward`,
      ({ modalities }) => modalities.find(({ modality }) => modality === name)?.training,
    );
  const names = new Set([...one.modalities, ...other.modalities].map(({ modality }) => modality));
  const bytesOf =
    (...roles: readonly string[]) =>
    ({ memory }: Inspection): number =>
      memory.roles.filter(({ role }) => roles.includes(role)).reduce((sum, { bytes }) => sum + bytes, 0);
  const bytes = (what: string, of: (inspection: Inspection) => number): CostChange => ({
    ...row(what, of),
    bytes: true,
  });
  return [
    row("parameters", ({ parameters }) => parameters.total),
    row("active parameters", ({ parameters }) => parameters.active),
    ...[...names].map(flops),
    bytes("weights and gradients", bytesOf("parameters", "gradients")),
    bytes("optimizer state", bytesOf("optimizer")),
    bytes("activations and scratch", bytesOf("workspace")),
    bytes("total memory", ({ memory }) => memory.total),
  ];
}
