export declare function randomFrom(seed: number): () => number;
export declare const CORRUPTIONS: Readonly<
  Record<string, (bytes: Buffer, random: () => number) => Buffer | undefined>
>;
export declare function corrupted(
  bytes: Buffer,
  index: number,
  random: () => number,
): { readonly kind: string; readonly bytes: Buffer | undefined };
