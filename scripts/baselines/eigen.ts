// Eigenvalues and eigenvectors of a symmetric matrix: Householder's reduction to tridiagonal form, then implicit QL
// (Golub and Van Loan, "Matrix Computations", sections 8.3.1 and 8.3.3). About 8 n³ operations.

export interface Eigen {
  readonly values: Float64Array;
  /** Row i is the unit eigenvector of value i: [n, n]. */
  readonly vectors: Float64Array;
}

/** @param matrix [n, n], symmetric, not changed */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const { diagonal, offDiagonal, reflectors } = tridiagonalise(matrix.slice(), n);
  const vectors = implicitQl(diagonal, offDiagonal, n);
  for (let i = 0; i < n; i++) reflectBack(vectors.subarray(i * n, (i + 1) * n), reflectors);
  return { values: diagonal, vectors };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Entry i is between rows i and i + 1. The last entry is 0. */
  readonly offDiagonal: Float64Array;
  /** Unit vectors v of the reflections I − 2vvᵀ, in the order in which they were applied; entry k begins at row k + 1. */
  readonly reflectors: readonly Float64Array[];
}

function tridiagonalise(a: Float64Array, n: number): Tridiagonal {
  const reflectors: Float64Array[] = [];
  const offDiagonal = new Float64Array(n);
  for (let k = 0; k + 1 < n; k++) {
    const size = n - k - 1;
    const v = new Float64Array(size);
    for (let i = 0; i < size; i++) v[i] = a[(k + 1 + i) * n + k] as number;
    const norm = Math.sqrt(dot(v, v));
    const target = (v[0] as number) > 0 ? -norm : norm;
    offDiagonal[k] = target;
    v[0] = (v[0] as number) - target;
    const length = Math.sqrt(dot(v, v));
    if (length > 0) for (let i = 0; i < size; i++) v[i] = (v[i] as number) / length;
    reflectors.push(v);
    // A ← A − 2vwᵀ − 2wvᵀ with w = Av − (vᵀAv)v, on the rows and columns after k.
    const w = new Float64Array(size);
    const row = (i: number): Float64Array => a.subarray((k + 1 + i) * n + k + 1, (k + 2 + i) * n);
    for (let i = 0; i < size; i++) w[i] = dot(row(i), v);
    const along = dot(v, w);
    for (let i = 0; i < size; i++) w[i] = (w[i] as number) - along * (v[i] as number);
    for (let i = 0; i < size; i++) {
      const target = row(i);
      const [vi, wi] = [2 * (v[i] as number), 2 * (w[i] as number)];
      for (let j = 0; j < size; j++) target[j] = (target[j] as number) - vi * (w[j] as number) - wi * (v[j] as number);
    }
  }
  const diagonal = Float64Array.from({ length: n }, (_, i) => a[i * n + i] as number);
  return { diagonal, offDiagonal, reflectors };
}

/** Replaces the diagonal with the eigenvalues. @returns the eigenvectors of the tridiagonal matrix as rows */
function implicitQl(d: Float64Array, e: Float64Array, n: number): Float64Array {
  const z = new Float64Array(n * n);
  for (let i = 0; i < n; i++) z[i * n + i] = 1;
  for (let l = 0; l < n; l++)
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m + 1 < n && !negligible(d, e, m)) m++;
      if (m === l) break;
      if (sweep === 60) throw new RangeError(`Eigenvalue ${l} of ${n} does not converge.`);
      chase(d, e, z, n, l, m);
    }
  return z;
}

const negligible = (d: Float64Array, e: Float64Array, m: number): boolean =>
  Math.abs(e[m] as number) <= Number.EPSILON * (Math.abs(d[m] as number) + Math.abs(d[m + 1] as number));

/** One implicit QL step with Wilkinson's shift on rows l to m, which are decoupled from all other rows. */
function chase(d: Float64Array, e: Float64Array, z: Float64Array, n: number, l: number, m: number): void {
  const [dl, el] = [d[l] as number, e[l] as number];
  const half = ((d[l + 1] as number) - dl) / (2 * el);
  let g = (d[m] as number) - dl + el / (half + Math.sign(half || 1) * Math.sqrt(half * half + 1));
  let [s, c, p] = [1, 1, 0];
  for (let i = m - 1; i >= l; i--) {
    const f = s * (e[i] as number);
    const b = c * (e[i] as number);
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] = (d[i + 1] as number) - p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = (d[i + 1] as number) - p;
    const q = ((d[i] as number) - g) * s + 2 * c * b;
    p = s * q;
    d[i + 1] = g + p;
    g = c * q - b;
    const lower = z.subarray(i * n, (i + 1) * n);
    const upper = z.subarray((i + 1) * n, (i + 2) * n);
    for (let k = 0; k < n; k++) {
      const [x, y] = [lower[k] as number, upper[k] as number];
      upper[k] = s * x + c * y;
      lower[k] = c * x - s * y;
    }
  }
  d[l] = (d[l] as number) - p;
  e[l] = g;
  e[m] = 0;
}

/** y ← H₀ H₁ … y */
function reflectBack(y: Float64Array, reflectors: readonly Float64Array[]): void {
  for (let k = reflectors.length - 1; k >= 0; k--) {
    const v = reflectors[k] as Float64Array;
    const tail = y.subarray(k + 1);
    const twice = 2 * dot(tail, v);
    for (let i = 0; i < v.length; i++) tail[i] = (tail[i] as number) - twice * (v[i] as number);
  }
}

/** Σ a·b over the length of a, in four partial sums. */
export function dot(a: Float64Array | Float32Array, b: Float64Array | Float32Array): number {
  const n = a.length;
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < n; i += 4) {
    s0 += (a[i] as number) * (b[i] as number);
    s1 += (a[i + 1] as number) * (b[i + 1] as number);
    s2 += (a[i + 2] as number) * (b[i + 2] as number);
    s3 += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (; i < n; i++) s0 += (a[i] as number) * (b[i] as number);
  return s0 + s1 + s2 + s3;
}
