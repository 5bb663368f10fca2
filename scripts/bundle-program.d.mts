export function bundleProgram(out: string): Promise<void>;
