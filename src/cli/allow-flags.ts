// The folders that a command was given, as it would be given them again.
import { allowFlag } from "../diagnostics/allow.js";

export const allowFlags = (folders: readonly string[] = []): string =>
  folders.map((folder) => ` ${allowFlag(folder)}`).join("");
