// Solves A x = b for a symmetric positive definite A, which is factored once.

/** @param matrix A by rows. Returns the function from b to x. */
export function solver(matrix: readonly (readonly number[])[]): (right: readonly number[]) => number[] {
  // A = L Lᵀ, L lower triangular.
  const lower: number[][] = [];
  for (const [i, row] of matrix.entries()) {
    const made: number[] = [];
    for (let j = 0; j <= i; j++) {
      const other = lower[j] ?? made;
      const rest = (row[j] as number) - dot(made, other, j);
      made.push(i === j ? Math.sqrt(rest) : rest / (other[j] as number));
    }
    lower.push(made);
  }
  return (right) => {
    // L y = b downwards, then Lᵀ x = y upwards in its place.
    const x: number[] = [];
    for (const [i, row] of lower.entries()) x.push(((right[i] as number) - dot(row, x, i)) / (row[i] as number));
    for (let i = lower.length - 1; i >= 0; i--) {
      for (let k = i + 1; k < lower.length; k++) x[i] = (x[i] as number) - (lower[k]?.[i] as number) * (x[k] as number);
      x[i] = (x[i] as number) / (lower[i]?.[i] as number);
    }
    return x;
  };
}

/** Of the first `count` numbers of each. */
function dot(a: readonly number[], b: readonly number[], count: number): number {
  let total = 0;
  for (let k = 0; k < count; k++) total += (a[k] as number) * (b[k] as number);
  return total;
}
