// Every error code that the program may print, read from its sources: where a diagnostic is made, there its code stands,
// as `code: "…"` of an object, or with its title and message in a call of `error(…)`, `warning(…)` or `say("error", …)`.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

export interface Code {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly title: string;
  /** What it says, a sentence or two; `‹name›` and `…` stand for what differs from case to case. */
  readonly message: string;
}

/** In the order of the alphabet, each once; an empty title or message where the source makes it of other things. */
export function codesIn(root: string): Code[] {
  const found = ["src", "grammar"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
      .flatMap((file) => codesOf(readFileSync(join(root, folder, file), "utf8"))),
  );
  const once = new Map<string, Code>();
  for (const code of found) if (!once.has(code.code) || once.get(code.code)?.title === "") once.set(code.code, code);
  return [...once.values()].sort((a, b) => a.code.localeCompare(b.code));
}

export function codesOf(text: string): Code[] {
  const codes: Code[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const maker = node.expression.text;
      const given = node.arguments.map(said);
      const [severity, code, title, message] = maker === "say" ? given : [maker, ...given];
      if ((severity === "error" || severity === "warning") && isCode(code))
        codes.push(made(code, severity, title, message));
    }
    if (ts.isObjectLiteralExpression(node)) {
      const fields = new Map(
        node.properties.filter(ts.isPropertyAssignment).map((p) => [p.name.getText(), said(p.initializer)]),
      );
      const code = fields.get("code");
      const severity = fields.get("severity") === "warning" ? "warning" : "error";
      if (isCode(code) && fields.has("severity"))
        codes.push(made(code, severity, fields.get("title"), fields.get("message")));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("codes.ts", text, ts.ScriptTarget.Latest, true));
  return codes;
}

const isCode = (text: string | undefined): text is string =>
  text !== undefined && /^(?:MOM\d{4}|[a-z][a-z\d]*(?:-[a-z\d]+)*)$/.test(text);

const made = (code: string, severity: Code["severity"], title = "", message = ""): Code => ({
  code,
  severity,
  title,
  message,
});

/** What an expression says, as far as it stands in the source; undefined where that is nothing. */
function said(node: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isAsExpression(node)) return said(node.expression);
  if (ts.isTemplateExpression(node))
    return [node.head.text, ...node.templateSpans.map((one) => blank(one.expression) + one.literal.text)].join("");
  if (ts.isConditionalExpression(node)) return said(node.whenTrue) ?? said(node.whenFalse);
  return undefined;
}

/** What differs from case to case, by its name where it has one. */
const blank = (node: ts.Expression): string => (ts.isIdentifier(node) ? `‹${node.text}›` : "…");
