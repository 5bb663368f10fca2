import type ts from "typescript";

export declare const EDGE: readonly RegExp[];
export declare function nodeUsesIn(tree: ts.SourceFile): string[];
