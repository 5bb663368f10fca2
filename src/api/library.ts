// What programs give and are given, whichever function they call: specs, options that are checked, and messages.
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

/** A spec as programs write it: what needs nothing but its kind, or its part, may stand by that name. */
export type Spec = Written<FullSpec>;

type Written<T> = T extends readonly (infer Item)[] ? readonly Written<Item>[] : T extends object ? Named<T> : T;

type Named<T extends object> =
  | NameOf<T, "kind">
  | NameOf<T, "part">
  | { readonly [Field in keyof T]: Written<T[Field]> };

/** The name in a field, if that field alone makes an object whole. */
type NameOf<T, Field extends string> = T extends { [_ in Field]: infer Name extends string }
  ? { [_ in Field]: Name } extends T
    ? Name
    : never
  : never;

/**
 * The path of a `.mom` or `.json` file; a text in the language; or a spec as `mom schema` describes it. Paths in a text
 * or an object are relative to the working folder.
 */
export type SpecInput = string | { readonly text: string } | Spec;

/** What is said of a spec, as `mom check --format json` does. */
export interface Message {
  /** What `mom explain` unfolds: `MOM0103`. */
  readonly code: string;
  /** Its readable name: `unknown-field`. */
  readonly name: string;
  readonly severity: "error" | "warning";
  readonly title: string;
  readonly message: string;
  readonly expected?: string;
  readonly help?: string;
  /** Where: a file, and lines and columns from 1. Of a spec that is no file, in the text that `format` gives. */
  readonly place?: { readonly file: string; readonly line: number; readonly column: number };
}

export interface CheckResult {
  /** Whether it can be compiled: nothing that was said is an error. */
  readonly right: boolean;
  readonly messages: readonly Message[];
  /** The spec with imports merged and defaults filled in; there where it is right. */
  readonly spec: FullSpec | undefined;
}

/** What a spec may read. */
export interface Reading {
  /** Folders in which a spec and its data may name files, besides the project's and those of MOM_ALLOW. */
  readonly allow?: readonly string[];
}

/** What is wrong with a spec. Throws a `Failure` only where there is no such file. */
export function checkInput(disk: Disk, input: SpecInput, { allow }: Reading): CheckResult {
  const { diagnostics, sources, json } = checkedOf(disk, input, allow);
  const messages = diagnostics.map((one) => messageOf(one, sources));
  const right = !diagnostics.some(isError);
  return { right, messages, spec: right ? (json as unknown as FullSpec) : undefined };
}

/** What a `Failure` says, as `check` says it; without places, since the texts that it speaks of may be gone. */
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
 * A text as `mom fmt` sets it; the text of a `.mom` file that says the same as a spec.
 * @throws Failure where the text has mistakes of syntax
 */
export function formatSpec(of: { readonly text: string } | Spec): string {
  const text = "text" in of ? of.text : printSpec(of as unknown as Json);
  const formatted = format({ path: UNNAMED, text });
  if ("text" in formatted) return formatted.text;
  // What cannot be written in the language is for `check` to refuse.
  if (!("text" in of)) return text;
  throw new Failure(formatted.diagnostics);
}

/** What a spec that is no file is called. */
const UNNAMED = "spec.mom";

/** The values that an option may have; undefined where its type says it. */
export type Allowed<Options> = { readonly [Name in keyof Required<Options>]: readonly string[] | undefined };

export const READING: Allowed<Reading> = { allow: undefined };

/** Refuses what a program without types may have misspelt. @throws InputError */
export function checkOptions<Options extends object>(options: Options, allowed: Allowed<Options>): void {
  const all = new Map<string, readonly string[] | undefined>(Object.entries(allowed));
  for (const [name, value] of Object.entries(options)) {
    if (!all.has(name))
      throw new InputError(
        "bad-option",
        `There is no option ${name}.`,
        suggestion(name, all.keys()) ?? "Leave it out.",
      );
    const values = all.get(name);
    if (values === undefined || value === undefined || values.includes(String(value))) continue;
    throw new InputError(
      "bad-option",
      `The option ${name} cannot be ${JSON.stringify(value)}.`,
      suggestion(String(value), values) ?? "",
    );
  }
}

function checkedOf(disk: Disk, input: SpecInput, allow: Reading["allow"]): Checked {
  if (typeof input !== "string" && (typeof input !== "object" || input === null)) {
    throw new InputError(
      "bad-option",
      `${JSON.stringify(input)} is no spec.`,
      "Give a path, { text }, or a spec as an object.",
    );
  }
  return typeof input === "string"
    ? checkFile(disk, input, { allow })
    : checkText(disk, "text" in input ? input.text : formatSpec(input), UNNAMED, { allow });
}

export interface RightSpec {
  readonly spec: CheckedSpec;
  readonly json: Json;
  readonly folder: string;
  readonly reach: Reach;
  /** Where there is no file, one that could be in the working folder. */
  readonly file: string;
  readonly name: string;
}

/** @throws Failure where it is wrong, or there is no such file */
export function rightSpec(disk: Disk, input: SpecInput, allow: Reading["allow"]): RightSpec {
  const { spec, json, diagnostics } = checkedOf(disk, input, allow);
  if (spec === undefined || json === undefined) throw new Failure(diagnostics.filter(isError));
  const file = typeof input === "string" ? input : UNNAMED;
  const { basename, dirname, resolve } = disk.paths;
  const reach = reachOf(disk, file, allow);
  return {
    spec,
    json,
    file,
    reach,
    folder: dirname(resolve(file)),
    name: basename(file).replace(/\.(?:mom|json)$/, ""),
  };
}
