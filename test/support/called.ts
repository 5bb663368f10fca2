// Fields of programs in tests, whose only meaning is a name.
import type { Meaning } from "../../src/ir/meaning.js";

export const called = (name: string): Meaning => ({ is: "named", name });
