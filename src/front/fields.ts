// Every field of the schema by its path, for those who ask what it means.
import { deref, fieldNode, kindNode, kindsOf, ROOT, type SchemaNode, tagOf, wordsOf } from "./schema.js";

export interface Field {
  /** Kinds stand in it as steps: `train.optimizer.adamw.lr`. */
  readonly path: readonly string[];
  readonly node: SchemaNode;
  readonly required: boolean;
}

/** All fields and kinds, depth first in the schema's order. */
export function allFields(): Field[] {
  return fieldsBelow(ROOT, []);
}

function fieldsBelow(node: SchemaNode, path: readonly string[]): Field[] {
  const inside =
    node.named === true || typeof node.additionalProperties === "object" ? fieldNode(node, "*") : undefined;
  if (inside !== undefined) return fieldsBelow(inside, path);
  const kinds = tagOf(node) === "kind" ? kindsOf(node) : [];
  const ofKinds = kinds.flatMap((kind) => {
    const below = kindNode(node, kind) ?? {};
    return [{ path: [...path, kind], node: below, required: false }, ...fieldsBelow(below, [...path, kind])];
  });
  const own = Object.entries(node.properties ?? {}).filter(([, field]) => field.const === undefined);
  const items = node.items === undefined || node.syntax === "layers" ? [] : fieldsBelow(deref(node.items), path);
  return [
    ...ofKinds,
    ...own.flatMap(([name, field]) => {
      const at = [...path, name];
      return [{ path: at, node: field, required: node.required?.includes(name) ?? false }, ...fieldsBelow(field, at)];
    }),
    ...items,
  ];
}

/** The fields that take a word for their value, or in a list: a part of a block, `auto`. */
export function fieldsTaking(word: string): Field[] {
  const takes = (node: SchemaNode): boolean =>
    wordsOf(node).includes(word) || (node.call !== undefined && kindsOf(node).includes(word));
  const found = allFields().filter(({ node }) => takes(node) || takes(node.items ?? {}));
  const above = ({ path }: Field): boolean => found.some((one) => one.path.join(".") === path.slice(0, -1).join("."));
  return found.filter((field) => !above(field));
}

/** The fields that a path may mean: it ends as they do, and may leave out steps on the way. */
export function fieldsAt(path: readonly string[]): Field[] {
  const matches = allFields().filter((field) => {
    if (field.path.at(-1) !== path.at(-1)) return false;
    let at = 0;
    for (const step of field.path) if (step === path[at]) at++;
    return at === path.length;
  });
  const exact = matches.filter((field) => field.path.length === path.length);
  return exact.length > 0 ? exact : matches;
}
