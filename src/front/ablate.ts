// `ablate` blocks: each value that varies is tried in the spec, so that no variant is found wrong after runs have begun.
import type { Value, Word } from "../../grammar/tree.js";
import * as report from "../diagnostics/ablate.js";
import { type Diagnostic, isError } from "../diagnostics/diagnostic.js";
import { needsName, unknownField } from "../diagnostics/fields.js";
import type { Member, Section } from "./document.js";
import { findingsOf } from "./findings.js";
import type { Places } from "./places.js";
import { type Resolved, resolve } from "./resolve.js";
import { exampleOf, fieldNode, fieldsOf, ROOT, type SchemaNode } from "./schema.js";
import { shapeValue } from "./shape.js";
import type { Shaping } from "./shaping.js";
import type { Ablation, Json } from "./spec.js";
import type { AblationJson } from "./spec-json.js";
import { validatePart, validateValue } from "./validate.js";
import { listValues } from "./values.js";
import { type Target, targetOf, valueIn, withValue } from "./vary.js";

/** Of one `ablate` block, and blocks of a spec. */
const VARIANTS = 4096;
const ABLATIONS = 64;

/** An axis before its values are tried. */
interface Draft {
  readonly path: Word;
  readonly target: Target;
  readonly values: readonly Value[];
}

interface Axis {
  readonly target: Target;
  readonly arms: readonly Arm[];
  /** Whether a value was wrong, and is no arm. */
  readonly incomplete: boolean;
}

interface Arm {
  readonly value: Json;
  /** The checked spec that it makes, as text to compare by. */
  readonly meaning: () => string;
}

/** What the checks share: the spec itself, right without its ablations. */
interface Ablating extends Shaping {
  readonly json: Json;
  /** The same JSON, and what it means. */
  readonly like: Resolved;
  /** Those that are right, by what they put where: ablations often share an axis, and a baseline is one of the arms. */
  readonly arms: Map<string, Arm>;
}

/** The `ablate` members of a spec that is right without them. */
export function checkAblations(section: Section, json: Json, like: Resolved, shaping: Shaping): Ablation[] {
  const ablating = { ...shaping, json, like, arms: new Map<string, Arm>() };
  const members = [...section.members.values()];
  const beyond = members[ABLATIONS];
  if (beyond !== undefined) {
    shaping.diagnostics.push(report.tooManyAblations(beyond.name.span, ABLATIONS));
    return [];
  }
  return members.map((member) => ablation(member, ablating)).filter((a) => a !== undefined);
}

/** Ablations as a spec's JSON has them, every value written out. */
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
    const overlaps = ({ target }: Draft): boolean => within(draft.target, target) || within(target, draft.target);
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
/** A whole that has nothing else, for ajv to speak of. */
const WIDENS_ALONE: SchemaNode = { type: "object", properties: { [WIDENS]: WIDENS_NODE } };

function widensBaseline(section: Section | undefined, { diagnostics, ...shaping }: Ablating): boolean {
  const member = section?.members.get(WIDENS);
  if (member?.value === undefined) return false;
  const pointer = `/${WIDENS}`;
  const places: Places = new Map([[pointer, { value: member.value.span, key: member.name.span }]]);
  const json = shapeValue(member.value, WIDENS_NODE, pointer, { ...shaping, diagnostics, places });
  if (json === undefined) return false;
  diagnostics.push(...findingsOf(validatePart({ [WIDENS]: json }, WIDENS_ALONE), places, shaping.textOf));
  if (json === true && section?.members.get("baseline") === undefined) {
    diagnostics.push(report.nothingToWiden(member.name.span));
  }
  return json === true;
}

const within = (inner: Target, outer: Target): boolean => `${inner.pointer}/`.startsWith(`${outer.pointer}/`);

function draftOf(path: Word, value: Value, ablating: Ablating): Draft | undefined {
  const target = targetOf(path, ablating.json, ablating.diagnostics);
  const values = target && listValues(value, path.text, ablating);
  return target && values && { path, target, values };
}

/** Tries a value in the spec: the whole is checked as if it stood there. */
function arm(value: Value, target: Target, ablating: Ablating): Arm | undefined {
  const { diagnostics, arms, like } = ablating;
  // A number that a call made stands nowhere in the text.
  const textOf = value.type === "number" ? () => value.text : ablating.textOf;
  const places: Places = new Map([[target.pointer, { value: value.span }]]);
  const before = diagnostics.length;
  const json = shapeValue(value, target.node, target.pointer, { ...ablating, places });
  if (json === undefined || diagnostics.length > before) return undefined;
  const key = `${target.pointer} ${JSON.stringify(json)}`;
  const earlier = arms.get(key);
  if (earlier !== undefined) return earlier;
  const tried = withValue(ablating.json, target.pointer, json);
  const validated = validateValue(tried, target.pointer, target.node);
  if ("errors" in validated) {
    diagnostics.push(...findingsOf(validated.errors, places, textOf));
    return undefined;
  }
  const found: Diagnostic[] = [];
  resolve(validated.spec, places, found, like);
  const wrong = found.find(isError);
  if (wrong === undefined) {
    const meaning = () => JSON.stringify(resolve(validated.spec, places, [], like));
    const right = { value: valueIn(tried, target.pointer) ?? json, meaning };
    arms.set(key, right);
    return right;
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
