// The error for a missing or damaged file that the data name. Preparation continues, to report all of them.
import { InputError } from "./input-error.js";

export class BadFile extends InputError {}
