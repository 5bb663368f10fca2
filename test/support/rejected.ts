// Specs that are wrong on purpose, test/reject, and what is said of each: the examples of the error codes.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Rejected {
  readonly name: string;
  readonly spec: string;
  /** As printed. */
  readonly says: string;
  readonly codes: readonly string[];
}

const MARK = "// ---- must say:\n";

/** The shortest first. */
export function rejectedIn(root: string): Rejected[] {
  const folder = join(root, "test/reject");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".mom"))
    .map((name) => {
      const [spec = "", said = ""] = readFileSync(join(folder, name), "utf8").split(MARK);
      const says = said.replaceAll(/^\/\/ ?/gm, "");
      const codes = [...says.matchAll(/^(?:error|warning): .*\[(MOM\d{4})\]$/gm)].map(([, code = ""]) => code);
      return { name, spec, says, codes };
    })
    .sort((a, b) => a.spec.length + a.says.length - b.spec.length - b.says.length || a.name.localeCompare(b.name));
}
