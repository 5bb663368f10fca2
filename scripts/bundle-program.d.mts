export function bundleAll(root: string, out: string): Promise<void>;
