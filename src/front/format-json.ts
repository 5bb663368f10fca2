// A spec in JSON as the file that says the same, set as the formatter sets it.
import { type Formatted, format } from "../../grammar/format.js";
import { print } from "../../grammar/print.js";
import { isError, type Source } from "../diagnostics/diagnostic.js";
import { parseJson } from "./parse-json.js";

/** What is given and no more: no defaults. What the spec means is for `check` to say. */
export function formatJson(source: Source): Formatted {
  const { entries, diagnostics } = parseJson(source);
  return diagnostics.some(isError) ? { diagnostics } : format({ path: source.path, text: print(entries) });
}
