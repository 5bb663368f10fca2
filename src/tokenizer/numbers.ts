// Reads scores as the library does. Its JSON parser rounds twice, so one number in eight is off by one unit in the last place.
import { InputError } from "../diagnostics/input-error.js";
import { shown } from "./fields.js";

/** The number that the library reads if the file has this number in its shortest form. */
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
/** Numbers of at most this many digits and powers of ten up to this one are exact, so they are rounded only once. */
const EXACT_DIGITS = 15;
const EXACT_POWER = 22;

/**
 * @param json a valid JSON text
 * @throws InputError if the library could read a different number from a number's digits
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
      `the number ${shown(token)} is not in its shortest form, and the library may read a different number`,
      `Write ${token.startsWith("-") ? "-" : ""}${shortest}.`,
    );
  }
}
