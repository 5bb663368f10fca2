// Inputs and results that all functions of the library share: specs, checked options, and messages.
import { format } from "../../grammar/format.js";
import type { Disk } from "../data/disk.js";
import { type Reach, reachOf } from "../data/reach.js";
import { codeOf } from "../diagnostics/codes.js";
import { type Diagnostic, isError, type Source } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { InputError } from "../diagnostics/input-error.js";
import { suggestion } from "../diagnostics/nearest.js";
import { positionOf } from "../diagnostics/render.js";
import type { Checked } from "../front/check.js";
import { printSpec } from "../front/print-spec.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import type { FullSpec } from "../spec.gen.js";
import { checkFile, checkText } from "./read-spec.js";

/** A spec as programs write it: an object with only a kind or a part can be replaced by that name. */
export type Spec = Written<FullSpec>;

type Written<T> = T extends readonly (infer Item)[] ? readonly Written<Item>[] : T extends object ? Named<T> : T;

type Named<T extends object> =
  | NameOf<T, "kind">
  | NameOf<T, "part">
  | { readonly [Field in keyof T]: Written<T[Field]> };

/** The name in a field, if that field alone completes the object. */
type NameOf<T, Field extends string> = T extends { [_ in Field]: infer Name extends string }
  ? { [_ in Field]: Name } extends T
    ? Name
    : never
  : never;

/**
 * The path of a `.mom` or `.json` file, the text of a `.mom` file, or a spec as `mom schema` describes it. Paths in a
 * text or an object are relative to the working folder.
 */
export type SpecInput = string | { readonly text: string } | Spec;

/** An error or a warning, as in `mom check --format json`. */
export interface Message {
  /** The code that `mom explain` takes: `MOM0103`. */
  readonly code: string;
  /** The name of the code: `unknown-field`. */
  readonly name: string;
  readonly severity: "error" | "warning";
  readonly title: string;
  readonly message: string;
  readonly expected?: string;
  readonly help?: string;
  /** The place: a file, with line and column from 1. For a spec object, the place in the text that `format` returns. */
  readonly place?: { readonly file: string; readonly line: number; readonly column: number };
}

export interface CheckResult {
  /** Whether the spec can be compiled: no message is an error. */
  readonly right: boolean;
  readonly messages: readonly Message[];
  /** The spec with imports merged and defaults filled in; undefined if it has errors. */
  readonly spec: FullSpec | undefined;
}

/** How a spec is read. */
export interface Reading {
  /** Changes of the spec, each `PATH=VALUE`, as `train.steps=2000`. */
  readonly set?: readonly string[];
  /** Folders in which a spec and its data may name files, besides the project and the folders of MOM_ALLOW. */
  readonly allow?: readonly string[];
}

/** Errors and warnings of a spec. @throws Failure only if the file does not exist */
export function checkInput(disk: Disk, input: SpecInput, reading: Reading): CheckResult {
  const { diagnostics, sources, json } = checkedOf(disk, input, reading);
  const messages = diagnostics.map((one) => messageOf(one, sources));
  const right = !diagnostics.some(isError);
  return { right, messages, spec: right ? (json as unknown as FullSpec) : undefined };
}

/** The messages of a `Failure`, in the form that `check` returns, without places: the texts may no longer exist. */
export const messagesOf = ({ diagnostics }: Failure): readonly Message[] =>
  diagnostics.map((one) => messageOf(one, []));

function messageOf(diagnostic: Diagnostic, sources: readonly Source[]): Message {
  const { name, severity, title, message, expected, help, span } = diagnostic;
  const text = sources.find(({ path }) => path === span?.path)?.text;
  return {
    code: codeOf(name),
    name,
    severity,
    title,
    message,
    ...(expected !== undefined && { expected }),
    ...(help !== undefined && { help }),
    ...(span !== undefined && text !== undefined && { place: { file: span.path, ...positionOf(text, span.start) } }),
  };
}

/**
 * The text in the format of `mom fmt`, or a spec object as the text of a `.mom` file.
 * @throws Failure if the text has syntax errors
 */
export function formatSpec(of: { readonly text: string } | Spec): string {
  const text = "text" in of ? of.text : printSpec(of as unknown as Json);
  const formatted = format({ path: UNNAMED, text });
  if ("text" in formatted) return formatted.text;
  // A spec that the language cannot express is refused by `check`.
  if (!("text" in of)) return text;
  throw new Failure(formatted.diagnostics);
}

/** The file name of a spec that was not read from a file. */
const UNNAMED = "spec.mom";

/** The allowed values of each option; undefined if its type is enough. */
export type Allowed<Options> = { readonly [Name in keyof Required<Options>]: readonly string[] | undefined };

export const READING: Allowed<Reading> = { set: undefined, allow: undefined };

/** Checks option names and values, for callers without types. @throws InputError */
export function checkOptions<Options extends object>(options: Options, allowed: Allowed<Options>): void {
  const all = new Map<string, readonly string[] | undefined>(Object.entries(allowed));
  for (const [name, value] of Object.entries(options)) {
    if (!all.has(name))
      throw new InputError("bad-option", `Unknown option ${name}.`, suggestion(name, all.keys()) ?? "Leave it out.");
    const values = all.get(name);
    if (values === undefined || value === undefined || values.includes(String(value))) continue;
    throw new InputError(
      "bad-option",
      `Invalid value ${JSON.stringify(value)} for the option ${name}.`,
      suggestion(String(value), values) ?? "",
    );
  }
}

function checkedOf(disk: Disk, input: SpecInput, { allow, set }: Reading): Checked {
  if (typeof input !== "string" && (typeof input !== "object" || input === null)) {
    throw new InputError(
      "bad-option",
      `${JSON.stringify(input)} is not a spec.`,
      "Give a path, { text }, or a spec as an object.",
    );
  }
  return typeof input === "string"
    ? checkFile(disk, input, { allow, set })
    : checkText(disk, "text" in input ? input.text : formatSpec(input), UNNAMED, { allow, set });
}

export interface RightSpec {
  readonly spec: CheckedSpec;
  readonly json: Json;
  readonly folder: string;
  readonly reach: Reach;
  /** The spec's file, or a possible path in the working folder if it was not read from a file. */
  readonly file: string;
  readonly name: string;
}

/** The spec as JSON without the settings of `set`; undefined if there are none, or if they correct its errors. */
export const withoutSettings = (
  disk: Disk,
  input: SpecInput,
  { set = [], allow = [] }: { readonly [K in keyof Reading]?: Reading[K] | undefined },
): Json | undefined => (set.length === 0 ? undefined : checkedOf(disk, input, { allow }).json);

/** @throws Failure if the spec has errors or the file does not exist */
export function rightSpec(disk: Disk, input: SpecInput, reading: Reading): RightSpec {
  const { spec, json, diagnostics } = checkedOf(disk, input, reading);
  if (spec === undefined || json === undefined) throw new Failure(diagnostics.filter(isError));
  const file = typeof input === "string" ? input : UNNAMED;
  const { basename, dirname, resolve } = disk.paths;
  const reach = reachOf(disk, file, reading.allow);
  return {
    spec,
    json,
    file,
    reach,
    folder: dirname(resolve(file)),
    name: basename(file).replace(/\.(?:mom|json)$/, ""),
  };
}
