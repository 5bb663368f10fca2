// The parameters of a block or of the model as PyTorch modules, so that their paths are the names in checkpoints.
import type { Parameter } from "../../ir/program.js";
import { bracketed, type Expression, indented, onOneLine, quoted, statement, tuple } from "./python.js";

/** Parts of names in order. A leaf is a tensor's shape. */
interface Node {
  readonly children: Map<string, Node>;
  shape?: readonly number[];
}

const isNumber = (key: string): boolean => /^\d+$/.test(key);
const isTensor = ({ shape }: Node): boolean => shape !== undefined;

function treeOf(parameters: readonly Parameter[], prefix: string): Node {
  const root: Node = { children: new Map() };
  for (const { names, shape } of parameters)
    for (const name of names) {
      let node = root;
      for (const key of name.slice(prefix.length).split(".")) {
        const next = node.children.get(key) ?? { children: new Map() };
        node.children.set(key, next);
        node = next;
      }
      node.shape = shape;
    }
  return root;
}

/** Whether children are a list: numbered from 0, without gaps. */
const isList = ({ children }: Node): boolean => [...children.keys()].every((key, i) => key === String(i));

const copy = (shape: readonly number[]): string => `nn.Parameter(torch.empty${tuple(shape)})`.replace(",)", ")");

/** An expression that makes a module or a parameter. */
function made(node: Node, outside: boolean): Expression {
  if (node.shape !== undefined) return copy(node.shape);
  const children = [...node.children];
  if (isList(node)) {
    const items = children.map(([, child]) => made(child, outside));
    const [first = ""] = items;
    const list = children.every(([, child]) => isTensor(child)) ? "nn.ParameterList(" : "nn.ModuleList(";
    if (items.length > 1 && new Set(items.map(onOneLine)).size === 1) {
      return { ...bracketed(list, [first]), comprehension: `for _ in range(${items.length})` };
    }
    return bracketed(list, [bracketed("[", items, "]")]);
  }
  if (children.every(([key, child]) => isTensor(child) && !isNumber(key)))
    return bracketed(
      "Tensors(",
      children.map(([key, { shape = [] }]) => `${key}=${tuple(shape)}`),
    );
  const entries = children.map(([key, child]): Expression => {
    const value = made(child, outside);
    return typeof value === "string"
      ? `${quoted(key)}: ${value}`
      : { ...value, before: `${quoted(key)}: ${value.before}` };
  });
  return bracketed("Named(", [bracketed("{", entries, "}")]);
}

/** Whether the modules below it are called by the names of modalities, which may be any names. */
const isNamed = (node: Node, outside: boolean): boolean =>
  outside && [...node.children.values()].some((child) => !isTensor(child));

/**
 * Statements of `__init__` that declare parameters.
 * @param prefix of their names, which the module's own path replaces
 * @param outside whether they are outside the layers, where modules may be called by the names of modalities
 */
export function declarations(parameters: readonly Parameter[], prefix: string, outside: boolean): string[] {
  const lines = (path: string, node: Node): string[] => {
    const children = [...node.children];
    const isContainer = children.length > 0 && !isList(node) && children.some(([, child]) => !isTensor(child));
    if (!isContainer || isNamed(node, outside)) return statement(2, `${path} = `, made(node, outside));
    return [
      indented(2, `${path} = nn.Module()`),
      ...children.flatMap(([key, child]) => lines(`${path}.${key}`, child)),
    ];
  };
  return [...treeOf(parameters, prefix).children].flatMap(([key, node]) => lines(`self.${key}`, node));
}

/** The copies of a parameter: the only one, if there is no other, and an expression for the list of all. */
export function access(
  { names }: Parameter,
  prefix: string,
  outside: boolean,
): { readonly one?: string; readonly all: string } {
  const [first = ""] = names;
  const keys = first.slice(prefix.length).split(".");
  const [top = "", ...rest] = keys;
  const named = outside && rest.length > 1;
  if (names.length === 1) {
    const path = rest.map((key, i) => (named && i < rest.length - 1 ? `[${quoted(key)}]` : `.${key}`));
    const one = `self.${top}${path.join("")}`;
    return { one, all: `[${one}]` };
  }
  const at = keys.findIndex(isNumber);
  const list = `self.${keys.slice(0, at).join(".")}`;
  const within = keys.slice(at + 1);
  const child = within.slice(0, -1).map(quoted);
  const leaf = within.at(-1);
  if (leaf === undefined) return { all: list };
  return { all: `${leaf === "bias" ? "biases" : "weights"}(${[list, ...child].join(", ")})` };
}
