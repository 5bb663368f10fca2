// Hashes of contents (SHA-256): for cache keys, and for the split into training and validation.
import { createHash } from "node:crypto";

export const contentHash = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

/** The first 32 bits of the content's hash: its side of the split, whatever else there is. */
export const splitHash = (content: string): number => Number.parseInt(contentHash(content).slice(0, 8), 16);
