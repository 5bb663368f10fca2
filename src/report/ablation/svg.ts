// Texts and coordinates as SVG figures have them.

/** As much of a text as there is room for. */
export const cut = (text: string, characters: number): string =>
  text.length <= characters ? text : `${text.slice(0, Math.max(1, Math.floor(characters) - 1))}…`;

export const round = (value: number): number => Math.round(value * 10) / 10;
