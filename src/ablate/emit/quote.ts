// Texts inside scripts and manifests. Specs are untrusted: whatever a name contains, it stays one word.

/** A text as one word of a POSIX shell. Inside single quotes only the quote itself has a meaning. */
export function quoted(text: string): string {
  if (text.includes("\0")) throw new RangeError("A word of a shell cannot contain a null character.");
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A text as an argument of a container. Kubernetes replaces `$(NAME)` there, and `$$` by `$`. */
export const argument = (text: string): string => text.replaceAll("$", "$$$$");
