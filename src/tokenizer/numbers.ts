// Scores as the library reads them: its JSON parser rounds twice, so that one number in eight is the next one to the right one.
import { InputError } from "../diagnostics/input-error.js";
import { shown } from "./fields.js";

/** What the library makes of a number whose shortest form is in the file. */
export function asRead(value: number): number {
  const { digits, exponent } = decimalOf(String(Math.abs(value)));
  const significand = Number(digits);
  const read = exponent < 0 ? significand / 10 ** -exponent : significand * 10 ** exponent;
  return value < 0 ? -read : read;
}

/** `12.5e3` is 125 · 10². */
function decimalOf(text: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa = "", power = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { digits: whole + fraction, exponent: Number(power) - fraction.length };
}

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
/** Up to so many digits and such powers of ten are exact, and nothing is rounded twice. */
const EXACT_DIGITS = 15;
const EXACT_POWER = 22;

/**
 * @param json a valid JSON text
 * @throws InputError if a number is written so that the library could read another
 */
export function checkNumbers(json: string): void {
  for (const [token] of json.matchAll(STRING_OR_NUMBER)) {
    if (token.startsWith('"')) continue;
    const text = token.replace(/^-/, "");
    const shortest = String(Number(text));
    if (text === shortest || text === `${shortest}.0`) continue;
    const { digits, exponent } = decimalOf(text);
    if (digits.replace(/^0+/, "").length <= EXACT_DIGITS && Math.abs(exponent) <= EXACT_POWER) continue;
    const [a, b] = [digits, decimalOf(shortest).digits].map((some) => some.replace(/^0+/, ""));
    if (a === b && exponent === decimalOf(shortest).exponent) continue;
    throw new InputError(
      "tokenizer",
      `the number ${shown(token)} is not in its shortest form, and the library may read another`,
      `Write ${token.startsWith("-") ? "-" : ""}${shortest}.`,
    );
  }
}
