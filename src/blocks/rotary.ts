// The angles of RoPE (Su et al. 2021), as a table that the host makes once: kernels' own cosines are off by 2e-4 at
// positions of a thousand and more.

/** The name of the constant: base of the angles, columns of a head, positions. */
export const rotaryName = (theta: number, head: number, positions: number): string =>
  `rotary ${theta} ${head} ${positions}`;

/** Columns of the table: a cosine and a sine for each pair of a head's columns. */
export const rotaryColumns = (head: number): number => 2 * Math.floor(head / 2);

/** cos and sin of position·theta^(−2i/head), i = 0, 1, …: [positions, rotaryColumns], in float64, rounded once. */
export function rotaryTable(theta: number, head: number, positions: number): Float32Array<ArrayBuffer> {
  const columns = rotaryColumns(head);
  return Float32Array.from({ length: positions * columns }, (_, at) => {
    const column = at % columns;
    const angle = Math.floor(at / columns) * theta ** (-(column - (column % 2)) / head);
    return column % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
  });
}

/** The table that a constant's name asks for; undefined where it names no such table. */
export function rotaryTableNamed(name: string): Float32Array<ArrayBuffer> | undefined {
  const [kind, theta, head, positions] = name.split(" ");
  return kind === "rotary" ? rotaryTable(Number(theta), Number(head), Number(positions)) : undefined;
}
