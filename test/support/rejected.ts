// The invalid specs in test/reject and their messages, which are the examples of the error codes.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Rejected {
  readonly name: string;
  readonly spec: string;
  /** The diagnostics as printed. */
  readonly message: string;
  readonly codes: readonly string[];
}

const MARK = "// ---- must say:\n";

/** The invalid specs, the shortest first. */
export function rejectedIn(root: string): Rejected[] {
  const folder = join(root, "test/reject");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".mom"))
    .map((name) => {
      const [spec = "", comment = ""] = readFileSync(join(folder, name), "utf8").split(MARK);
      const message = comment.replaceAll(/^\/\/ ?/gm, "");
      const codes = [...message.matchAll(/^(?:error|warning): .*\[(MOM\d{4})\]$/gm)].map(([, code = ""]) => code);
      return { name, spec, message, codes };
    })
    .sort(
      (a, b) => a.spec.length + a.message.length - b.spec.length - b.message.length || a.name.localeCompare(b.name),
    );
}
