// Results of a reader for a file that exists but cannot be read, or is not allowed.

export type Refused =
  /** `folder` is the folder to allow. */
  | { readonly refused: "outside"; readonly folder: string }
  /** `reason` is a clause: "it is a FIFO, not a file". */
  | { readonly refused: "unreadable"; readonly reason: string; readonly isFolder: boolean };

export const isRefused = (found: object | undefined): found is Refused => found !== undefined && "refused" in found;
