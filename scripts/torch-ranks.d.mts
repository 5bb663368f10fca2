import type { ChildProcess } from "node:child_process";

export declare const PYTHON: string;
export declare const ENV: NodeJS.ProcessEnv;
export declare function startRanks(project: string, count: number, ...args: readonly string[]): Promise<ChildProcess[]>;
export declare function finished(processes: readonly ChildProcess[]): Promise<void>;
