// The label of a document in reports.

export const LABEL = 60;

/** The start of a text. A text may be long, so only the shown part is processed. */
export const labelFrom = (text: string): string =>
  Array.from(text.trim().slice(0, 2 * LABEL))
    .slice(0, LABEL)
    .join("");
