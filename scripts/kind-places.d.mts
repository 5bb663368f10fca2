import type ts from "typescript";

export interface KindPlace {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  /** `block`, `objective`, … */
  readonly of: string;
}
export function kindPlaces(program: ts.Program, root: string, files: readonly string[]): KindPlace[];
export function sourceProgram(root: string, planted?: string): ts.Program;
export const PLANTED: string;
export function writtenFiles(program: ts.Program, root: string): string[];
