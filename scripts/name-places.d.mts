import type ts from "typescript";

export interface NamePlace {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}
export function namePlaces(program: ts.Program, root: string, files: readonly string[]): NamePlace[];
