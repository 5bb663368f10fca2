export declare function mutated(text: string, lines: boolean, random: () => number): string;
