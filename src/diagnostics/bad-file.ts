// The error for a file that data name and that cannot be read: missing, or damaged. Others may be, too.
import { InputError } from "./input-error.js";

export class BadFile extends InputError {}
