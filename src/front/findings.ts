// Turns Ajv's findings into diagnostics.
import type { ErrorObject } from "ajv";
import type { Diagnostic, Span } from "../diagnostics/diagnostic.js";
import * as report from "../diagnostics/fields.js";
import { nearest } from "../diagnostics/nearest.js";
import { below, fieldName, keyAt, keysOf, type Places, valueAt } from "./places.js";
import { count, exampleOf, fieldsOf, kindOfPath, kindsOf, type SchemaNode, tagOf, wanted, wordsOf } from "./schema.js";

/** One diagnostic each, in Ajv's order. A field that is missing because its value was invalid is not reported again. */
export function findingsOf(
  errors: readonly ErrorObject[],
  places: Places,
  textOf: (span: Span) => string,
): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  const unknown = unknownByPlace(errors);
  for (const error of errors) {
    if (error.keyword === "required" && isMisspelt(error, unknown.get(error.instancePath) ?? [])) continue;
    const diagnostic = translate(error, places, textOf);
    if (diagnostic?.span === undefined) continue;
    const { path, start } = diagnostic.span;
    const key = `${path}:${start}:${diagnostic.message}`;
    if (!found.has(key)) found.set(key, diagnostic);
  }
  return [...found.values()];
}

/** The unknown fields of each group, by its pointer. */
function unknownByPlace(errors: readonly ErrorObject[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { keyword, instancePath, params } of errors) {
    if (keyword !== "additionalProperties") continue;
    const names = found.get(instancePath) ?? [];
    names.push(String(params.additionalProperty));
    found.set(instancePath, names);
  }
  return found;
}

/** Whether a field is missing because it is misspelt. Then the message about its spelling is enough. */
const isMisspelt = ({ params }: ErrorObject, unknown: readonly string[]) =>
  unknown.some((name) => nearest(name, [String(params.missingProperty)]).length > 0);

function translate(error: ErrorObject, places: Places, textOf: (span: Span) => string): Diagnostic | undefined {
  const { instancePath: pointer, keyword } = error;
  const node = (error.parentSchema ?? {}) as SchemaNode;
  const span = valueAt(places, pointer);
  const field = fieldName(pointer);
  const text = textOf(span);
  const parameter = (name: string) => String((error.params as Record<string, unknown>)[name]);
  switch (keyword) {
    case "additionalProperties": {
      const key = parameter("additionalProperty");
      return report.unknownField(keyAt(places, below(pointer, key)), key, ownerOf(pointer, node), fieldsOf(node));
    }
    case "required": {
      const key = parameter("missingProperty");
      if (places.has(below(pointer, key))) return undefined;
      if (key === tagOf(node)) return report.missingKind(keyAt(places, pointer), field, kindsOf(node));
      const missing = node.properties?.[key] ?? {};
      const example = exampleOf(key, missing);
      return report.missingField(
        keyAt(places, pointer),
        key,
        ownerOf(pointer, node),
        missing.description ?? "",
        example,
      );
    }
    case "discriminator":
      return places.has(below(pointer, tagOf(node) ?? ""))
        ? report.unknownKind(
            valueAt(places, below(pointer, tagOf(node) ?? "")),
            parameter("tagValue"),
            whatOf(pointer),
            kindsOf(node),
            kindOfPath(node, parameter("tagValue")),
          )
        : report.missingKind(keyAt(places, pointer), field, kindsOf(node));
    case "enum":
      return report.unknownWord(span, field, text, wordsOf(node));
    case "minItems":
    case "maxItems":
      return report.wrongCount(span, field, (error.data as unknown[]).length, `a list${count(node)}`);
    case "minProperties":
      return report.wrongCount(keyAt(places, pointer), field, 0, `one or more, such as \`${exampleOf(field, node)}\``);
    case "maxProperties":
      return report.wrongCount(
        keyAt(places, pointer),
        field,
        Object.keys(error.data as object).length,
        `at most ${parameter("limit")}`,
      );
    case "minimum":
    case "maximum":
    case "exclusiveMinimum":
    case "exclusiveMaximum":
    case "leastNonzero":
    case "pattern":
      return report.outOfRange(span, field, text, wanted(node));
    default:
      if (node.type === "array") return report.noList(span, field, text, wanted(node), node.examples?.[0]);
      return report.wrongType(span, field, text, wanted(node), node.named ? exampleOf(field, node) : undefined);
  }
}

/** The name of a group in a sentence. */
function ownerOf(pointer: string, node: SchemaNode): string {
  const keys = keysOf(pointer);
  const kind = Object.values(node.properties ?? {}).find((field) => field.const !== undefined)?.const;
  if (keys.length === 0) return kind === undefined ? "A spec" : `\`${kind}\``;
  const name = fieldName(pointer);
  return kind === undefined || kind === name ? `\`${name}\`` : `\`${name}\` (\`${kind}\`)`;
}

/** The noun for the kinds of a field. */
function whatOf(pointer: string): string {
  const [section, second, third] = keysOf(pointer);
  if (section === "model") return third === undefined ? "kind" : `kind of ${second}`;
  return section === "objective" ? "objective" : fieldName(pointer) || "kind";
}
