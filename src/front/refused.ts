// What a reader gives instead of a file that is there and cannot be read, or that may not be.

export type Refused =
  /** `folder` is what the user would have to open. */
  | { readonly refused: "outside"; readonly folder: string }
  /** `reason` is a clause: "it is a FIFO, not a file". */
  | { readonly refused: "unreadable"; readonly reason: string; readonly isFolder: boolean };

export const isRefused = (found: object | undefined): found is Refused => found !== undefined && "refused" in found;
