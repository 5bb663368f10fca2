import type { SourceFile } from "typescript";

export function sourceTrees(root: string): Map<string, SourceFile>;
export function importsOf(file: string, tree: SourceFile): string[];
export function circlesIn(imports: ReadonlyMap<string, readonly string[]>): string[][];
