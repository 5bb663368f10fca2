// `ablate` blocks. Each value is checked in the spec, so no variant turns out to be invalid after runs have started.

import type { Argument, Value, Word } from "../../grammar/tree.js";
import * as report from "../diagnostics/ablate.js";
import { emptyRange, logOfNegative, notValues } from "../diagnostics/ablate.js";
import { type Diagnostic, isError } from "../diagnostics/diagnostic.js";
import { needsName, unknownField, wrongType } from "../diagnostics/fields.js";
import { stream } from "../random/stream.js";
import { type Arm, type Arms, armsOf, changedBy, noArms } from "./arms.js";
import type { Member, Section } from "./document.js";
import { findingsOf } from "./findings.js";
import { keysOf, type Places } from "./places.js";
import { type Resolved, resolve } from "./resolve.js";
import { exampleOf, fieldNode, fieldsOf, kindNode, kindsOf, ROOT, type SchemaNode, wanted } from "./schema.js";
import { shapeValue } from "./shape.js";
import type { Shaping } from "./shaping.js";
import type { Ablation, Json } from "./spec.js";
import type { AblationJson } from "./spec-json.js";
import { validatePart, validateValue } from "./validate.js";
import { type Target, targetOf, valueIn, withValue } from "./vary.js";

/** The largest number of variants of an ablation, and of ablations of a spec. */
const VARIANTS = 4096;
const ABLATIONS = 64;

/** An axis whose values are not checked yet. */
interface Draft {
  readonly path: Word;
  readonly target: Target;
  readonly values: readonly Value[];
}

interface Axis {
  readonly target: Target;
  readonly arms: readonly Arm[];
  /** Whether a value is invalid, so that it makes no arm. */
  readonly incomplete: boolean;
}

/** What all checks share: the spec, which is valid without its ablations. */
interface Ablating extends Shaping {
  readonly json: Json;
  /** The JSON and the checked spec. */
  readonly like: Resolved;
  /** Ablations often share an axis, and the baseline is one of the arms. */
  readonly arms: Arms;
}

/**
 * Checks the `ablate` members of a spec that is valid without them.
 * @param known the arms of an earlier check, which are replaced with those of this one
 */
export function checkAblations(
  section: Section,
  json: Json,
  like: Resolved,
  shaping: Shaping,
  known = noArms(),
): Ablation[] {
  const arms = armsOf(json, known);
  const ablating = { ...shaping, json, like, arms };
  const members = [...section.members.values()];
  const beyond = members[ABLATIONS];
  if (beyond !== undefined) {
    shaping.diagnostics.push(report.tooManyAblations(beyond.name.span, ABLATIONS));
    return [];
  }
  const checked = members.map((member) => ablation(member, ablating)).filter((a) => a !== undefined);
  arms.keep();
  return checked;
}

/** Ablations as JSON, with all values listed. */
export function ablationsAsJson(ablations: readonly Ablation[]): Record<string, AblationJson> {
  const entries = ablations.map(({ name, axes, baseline, widen_baseline }): [string, AblationJson] => {
    const vary = Object.fromEntries(axes.map(({ path, values }) => [path, values]));
    return [name, { vary, ...(baseline && { baseline }), widen_baseline }];
  });
  return Object.fromEntries(entries);
}

function ablation(member: Member, ablating: Ablating): Ablation | undefined {
  const { diagnostics } = ablating;
  const { name, section } = member;
  const node = fieldNode(fieldNode(ROOT, "ablate") ?? {}, name.text) ?? {};
  const unknown = [...(section?.members.values() ?? [])].filter((m) => fieldNode(node, m.name.text) === undefined);
  for (const { name: field } of unknown) {
    diagnostics.push(unknownField(field.span, field.text, `\`${name.text}\``, fieldsOf(node)));
  }
  const vary = section?.members.get("vary");
  if (vary?.section === undefined) {
    if (vary !== undefined)
      diagnostics.push(needsName(vary.name.span, "vary", exampleOf("vary", fieldNode(node, "vary") ?? {})));
    else if (unknown.length === 0) diagnostics.push(report.missingVary(name.span, name.text));
    return undefined;
  }
  const drafts: Draft[] = [];
  for (const { name: path, value } of vary.section.members.values()) {
    const draft = value && draftOf(path, value, ablating);
    if (draft === undefined) continue;
    const overlaps = ({ target }: Draft) => within(draft.target, target) || within(target, draft.target);
    const earlier = drafts.find(overlaps);
    if (earlier !== undefined) diagnostics.push(report.variedTwice(path.span, path.text, earlier.path.span));
    else drafts.push(draft);
  }
  const count = drafts.reduce((product, { values }) => product * values.length, 1);
  if (count > VARIANTS) {
    diagnostics.push(report.tooManyVariants(name.span, name.text, count, VARIANTS));
    return undefined;
  }
  const axes = drafts.map(({ target, values }): Axis => {
    const arms = values.map((value) => arm(value, target, ablating)).filter((a) => a !== undefined);
    return { target, arms, incomplete: arms.length < values.length };
  });
  return {
    name: name.text,
    axes: axes.map(({ target, arms }) => ({ path: target.path, values: arms.map((arm) => arm.value) })),
    baseline: baselineOf(section?.members.get("baseline"), axes, ablating),
    widen_baseline: widensBaseline(section, ablating),
  };
}

const WIDENS = "widen_baseline";
const WIDENS_NODE = fieldNode(fieldNode(fieldNode(ROOT, "ablate") ?? {}, "*") ?? {}, WIDENS) ?? {};

function widensBaseline(section: Section | undefined, { diagnostics, ...shaping }: Ablating): boolean {
  const member = section?.members.get(WIDENS);
  if (member?.value === undefined) return false;
  const pointer = `/ablate/*/${WIDENS}`;
  const places: Places = new Map([[pointer, { value: member.value.span, key: member.name.span }]]);
  const json = shapeValue(member.value, WIDENS_NODE, pointer, { ...shaping, diagnostics, places });
  if (json === undefined) return false;
  const validated = validateValue(withValue({}, pointer, json), pointer);
  if ("errors" in validated) diagnostics.push(...findingsOf(validated.errors, places, shaping.textOf));
  if (json === true && section?.members.get("baseline") === undefined) {
    diagnostics.push(report.nothingToWiden(member.name.span));
  }
  return json === true;
}

const within = (inner: Target, outer: Target) => `${inner.pointer}/`.startsWith(`${outer.pointer}/`);

function draftOf(path: Word, value: Value, ablating: Ablating): Draft | undefined {
  const target = targetOf(path, ablating.json, ablating.diagnostics);
  const values = target && listValues(value, path.text, ablating);
  return target && values && { path, target, values };
}

/** The arm of a value; undefined if an error was reported. */
function arm(value: Value, target: Target, ablating: Ablating): Arm | undefined {
  const places: Places = new Map([[target.pointer, { value: value.span }]]);
  const before = ablating.diagnostics.length;
  const json = shapeValue(value, target.node, target.pointer, { ...ablating, places });
  if (json === undefined || ablating.diagnostics.length > before) return undefined;
  return ablating.arms.of(target, json, () => checkedArm(json, value, target, places, ablating));
}

/** Checks the whole spec with a value in its place. */
function checkedArm(
  json: Json,
  value: Value,
  target: Target,
  places: Places,
  { diagnostics, like, ...ablating }: Ablating,
): Arm | undefined {
  const tried = withValue(ablating.json, target.pointer, json);
  const validated = validateValue(tried, target.pointer);
  if ("errors" in validated) {
    // A number that a call made has no place in the text.
    const textOf = value.type === "number" ? () => value.text : ablating.textOf;
    diagnostics.push(...findingsOf(validated.errors, places, textOf));
    return undefined;
  }
  const found: Diagnostic[] = [];
  const spec = resolve(validated.spec, places, found, like);
  const wrong = found.find(isError);
  if (wrong === undefined) {
    const changed = changedBy(target, spec);
    return { value: valueIn(tried, target.pointer) ?? json, meaning: () => JSON.stringify(changed) };
  }
  const known = wrong.span !== undefined && wrong.span.end > wrong.span.start;
  diagnostics.push(known ? wrong : report.valueDoesNotFit(value.span, target.path, wrong.message));
  return undefined;
}

function baselineOf(
  member: Member | undefined,
  axes: readonly Axis[],
  ablating: Ablating,
): Record<string, Json> | undefined {
  if (member?.section === undefined) return undefined;
  const { diagnostics } = ablating;
  const baseline: Record<string, Json> = {};
  for (const { name: path, value } of member.section.members.values()) {
    const axis = axes.find(({ target }) => target.path === path.text);
    if (axis === undefined) {
      diagnostics.push(
        report.baselineNotVaried(
          path.span,
          path.text,
          axes.map(({ target }) => target.path),
        ),
      );
      continue;
    }
    const wanted = value && arm(value, axis.target, ablating);
    if (wanted === undefined || value === undefined) continue;
    const same = axis.arms.find((one) => one === wanted) ?? axis.arms.find((one) => one.meaning() === wanted.meaning());
    if (same === undefined) {
      if (!axis.incomplete) diagnostics.push(report.baselineNotAVariant(value.span, path.text));
    } else baseline[path.text] = same.value;
  }
  return baseline;
}

const VALUES_AT = "/ablate/*/vary/*";
const VALUES = keysOf(VALUES_AT).reduce<SchemaNode>((node, key) => fieldNode(node, key) ?? {}, ROOT);

/** The largest number of values of a path, checked before the values are made. */
const MOST = 4096;

/** The values as a list; undefined if an error was reported. */
function listValues(value: Value, path: string, shaping: Shaping): readonly Value[] | undefined {
  if (value.type === "list" && value.items.length > 0) return value.items;
  const kind = value.type === "call" ? kindNode(VALUES, value.name.text) : undefined;
  if (value.type !== "call" || kind === undefined) {
    shaping.diagnostics.push(notValues(value.span, path, kindsOf(VALUES)));
    return undefined;
  }
  if (value.name.text === "subsets") return subsets(value.args ?? [], value, shaping);
  const before = shaping.diagnostics.length;
  const places = new Map([["", { value: value.span, key: value.name.span }]]);
  const json = shapeValue(value, VALUES, "", { ...shaping, places });
  if (json === undefined || shaping.diagnostics.length > before) return undefined;
  const errors = validatePart(json, VALUES_AT);
  shaping.diagnostics.push(...findingsOf(errors, places, shaping.textOf));
  if (errors.length > 0) return undefined;
  const numbers = generate(json as Generator, value, shaping);
  return numbers?.map((number) => ({ type: "number", text: String(number), span: value.span }));
}

/** All subsets, the empty one first, in the order of binary numbers whose lowest bit is the first item. */
function subsets(args: readonly Argument[], value: Value, shaping: Shaping): readonly Value[] | undefined {
  const [only] = args;
  const of = kindNode(VALUES, "subsets")?.properties?.of ?? {};
  const list = only?.value;
  if (
    args.length !== 1 ||
    (only?.name !== undefined && only.name.text !== "of") ||
    list?.type !== "list" ||
    list.items.length === 0
  ) {
    const found = shaping.textOf(list?.span ?? value.span);
    shaping.diagnostics.push(
      wrongType(list?.span ?? value.span, "subsets", found, wanted(of), "subsets([in_proj, out_proj])"),
    );
    return undefined;
  }
  if (list.items.length > (of.maxItems ?? 12)) {
    shaping.diagnostics.push(wrongType(list.span, "subsets", shaping.textOf(list.span), wanted(of)));
    return undefined;
  }
  return Array.from({ length: 2 ** list.items.length }, (_, bits) => ({
    type: "list",
    items: list.items.filter((_, i) => (bits >> i) & 1),
    span: value.span,
  }));
}

type Generator =
  | { readonly kind: "range"; readonly from: number; readonly to: number; readonly step: number }
  | { readonly kind: "grid"; readonly from: number; readonly to: number; readonly count: number; readonly scale: Scale }
  | {
      readonly kind: "sample";
      readonly from: number;
      readonly to: number;
      readonly n: number;
      readonly scale: Scale;
      readonly seed: number;
    };
type Scale = "linear" | "log";

function generate(generator: Generator, value: Value, { diagnostics }: Shaping): number[] | undefined {
  const { from, to } = generator;
  if (to < from) {
    diagnostics.push(emptyRange(value.span));
    return undefined;
  }
  if (generator.kind === "range") {
    // A small tolerance, so that a range from 0 to 1 with step 0.1 includes 1.
    const count = Math.floor((to - from) / generator.step + 1e-9) + 1;
    return Array.from({ length: Math.min(count, MOST + 1) }, (_, i) => rounded(from + i * generator.step));
  }
  if (generator.scale === "log" && from <= 0) {
    diagnostics.push(logOfNegative(value.span));
    return undefined;
  }
  const at = (share: number) =>
    rounded(generator.scale === "log" ? from * (to / from) ** share : from + (to - from) * share);
  if (generator.kind === "grid")
    return Array.from({ length: generator.count }, (_, i) => at(i / (generator.count - 1)));
  const random = stream("sample", generator.seed);
  return Array.from({ length: generator.n }, () => at(random.uniform()));
}

/** Rounds to 12 digits, which removes the rounding error of sums such as 0.1 + 0.2. */
const rounded = (value: number) => Number(value.toPrecision(12));
