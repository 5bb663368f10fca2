// The RoPE angles (Su et al. 2021), as a table that the host computes once. The cosines of kernels are off by 2e-4 at
// positions beyond a thousand.

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
