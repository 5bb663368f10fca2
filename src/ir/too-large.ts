// The error for a plan that does not fit the devices of its profile.
import type { Profile } from "./plan.js";

/** A buffer, described by its largest user. */
export interface Piece {
  readonly what: string;
  readonly bytes: number;
}

/** Thrown if a device of the profile cannot bind what a kernel needs in one piece. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";

  constructor(
    /** Largest first. */
    readonly pieces: readonly Piece[],
    /** In bytes. */
    readonly limit: number,
    readonly profile: Profile,
  ) {
    const [{ what, bytes }] = pieces as [Piece];
    const others = pieces.length > 1 ? ` (and ${pieces.length - 1} more)` : "";
    super(`${what} takes ${bytes} bytes, more than the ${limit} that one binding of ${profile.name} may hold${others}`);
  }
}

export function refuseTooLarge(pieces: readonly Piece[], limit: number, profile: Profile): void {
  const large = pieces.filter(({ bytes }) => bytes > limit).sort((a, b) => b.bytes - a.bytes);
  if (large.length > 0) throw new TooLarge(large, limit, profile);
}
