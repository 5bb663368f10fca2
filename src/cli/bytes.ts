// Amounts of memory as people write them: 80GiB, 24GB, 8g.
import { InvalidArgumentError } from "commander";

const POWERS = ["", "k", "m", "g", "t"];

/** Bytes. `80GiB` and `80g` are binary, `80GB` is decimal; without a unit it is bytes. */
export function bytesOf(text: string): number {
  const [, digits = "", prefix = "", rest = ""] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?$/i.exec(text.trim()) ?? [];
  const base = rest.toLowerCase() === "b" ? 1000 : 1024;
  const bytes = Math.floor(Number(digits) * base ** POWERS.indexOf(prefix.toLowerCase()));
  if (digits !== "" && bytes >= 1 && bytes <= 2 ** 50 && (prefix !== "" || rest.toLowerCase() !== "ib")) return bytes;
  throw new InvalidArgumentError("It is a number and a unit up to 1024 TiB, such as 80GiB, 24GB or 8g.");
}
