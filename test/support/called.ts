// Fields of a program made by hand: they mean nothing beyond their names.
import type { Meaning } from "../../src/ir/meaning.js";

export const called = (name: string): Meaning => ({ is: "named", name });
