// The data of a spec: its sources and their columns, and what is validated on.
import type { ErrorObject } from "ajv";
import {
  checkColumnNames,
  checkSource,
  columnKeys,
  type SourceContext,
  type SourceJson,
} from "../data/sources/source.fields.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { heldOutBeside, weightAlone } from "../diagnostics/sources.js";
import { below, keyAt, type Places, valueAt } from "./places.js";
import type { DataFields, Json } from "./spec.js";
import type { SpecJson } from "./spec-json.js";
import { isObject, valueIn } from "./vary.js";

interface Reporting {
  readonly places: Places;
  readonly diagnostics: Diagnostic[];
}

const SOURCE = "/data/source";
const VALIDATION = "/data/validation";
const HELD_OUT = "/data/held_out";

/** @param modalities their names */
export function resolveData(
  { source, validation, held_out, ...data }: SpecJson["data"],
  modalities: readonly string[],
  reporting: Reporting,
): DataFields {
  const { places, diagnostics } = reporting;
  if (validation !== undefined && held_out !== undefined)
    diagnostics.push(heldOutBeside(keyAt(places, HELD_OUT), keyAt(places, VALIDATION)));
  const checked = (json: SourceJson, pointer: string) => checkSource(json, contextAt(pointer, modalities, reporting));
  return {
    ...data,
    source: checked(source, SOURCE),
    validation: Object.entries(validation ?? {}).map(([name, json]) => ({
      name,
      source: checked(json, below(VALIDATION, name)),
    })),
    ...(held_out !== undefined ? { held_out } : validation !== undefined && { held_out: 0 }),
  };
}

const contextAt = (
  pointer: string,
  modalities: readonly string[],
  { places, diagnostics }: Reporting,
): SourceContext => ({
  modalities,
  at: (...keys) => valueAt(places, keys.reduce<string>(below, pointer)),
  keyAt: (...keys) => keyAt(places, keys.reduce<string>(below, pointer)),
  report: (mistake) => void diagnostics.push(mistake),
});

/** A source in a spec's JSON, which may be invalid. */
interface Found {
  readonly pointer: string;
  readonly json: SourceJson;
  /** Whether it is in a list of sources. */
  readonly mixed: boolean;
}

/** All sources of a spec, without the lists that contain them. */
function sourcesIn(spec: Json): Found[] {
  const found = (json: Json | undefined, pointer: string, mixed: boolean): Found[] => {
    if (!isObject(json)) return [];
    if (Array.isArray(json.of))
      return json.of.flatMap((one: Json, i) => found(one, below(below(pointer, "of"), i), true));
    return [{ pointer, json: json as unknown as SourceJson, mixed }];
  };
  const sets = valueIn(spec, VALIDATION);
  return [
    ...found(valueIn(spec, SOURCE), SOURCE, false),
    ...Object.entries(isObject(sets) ? sets : {}).flatMap(([name, one]) => found(one, below(VALIDATION, name), false)),
  ];
}

/** Checks the names of columns in a spec that may have other errors. */
export function checkColumns(spec: Json, modalities: readonly string[], reporting: Reporting): void {
  for (const { pointer, json } of sourcesIn(spec)) checkColumnNames(json, contextAt(pointer, modalities, reporting));
}

/** The schema's errors without those of columns whose name is unknown: `checkColumns` reports the name. */
export function withoutUnknownColumns(errors: readonly ErrorObject[], spec: Json): readonly ErrorObject[] {
  const modalities = valueIn(spec, "/model/modality");
  if (!isObject(modalities)) return errors;
  const unknown = sourcesIn(spec).flatMap(({ pointer, json }) =>
    columnKeys(json)
      .filter((name) => !Object.hasOwn(modalities, name))
      .map((name) => `${below(pointer, name)}/`),
  );
  return errors.filter(({ instancePath }) => !unknown.some((pointer) => `${instancePath}/`.startsWith(pointer)));
}

/** The weights of sources that are not in a list. */
export function* weightsAlone(spec: SpecJson, places: Places): Iterable<Diagnostic> {
  for (const { pointer, json, mixed } of sourcesIn(spec as unknown as Json))
    if (!mixed && json.weight !== undefined) yield weightAlone(keyAt(places, below(pointer, "weight")));
}
