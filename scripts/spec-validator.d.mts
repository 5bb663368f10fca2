import type { Options } from "ajv";

export const OPTIONS: Options;
export function specValidator(schema: object, home: string, folder: string): string;
