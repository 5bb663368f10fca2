export function generate(): void;
export function generateTypes(): Promise<void>;
