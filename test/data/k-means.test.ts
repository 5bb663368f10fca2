// K-means: nearest entries are exact, clusters are found, and results are deterministic.
import { expect, test } from "vitest";
import { kMeans, quantisationError } from "../../src/data/k-means.js";
import { nearestEntries } from "../../src/data/nearest.js";
import { stream } from "../../src/random/stream.js";

/** Rows around `clusters` centres, each at 10 on an axis of its own, with noise of ±`noise`. */
function clustered(clusters: number, each: number, columns: number, noise: number): Float32Array {
  const random = stream("sample", 5);
  return Float32Array.from({ length: clusters * each * columns }, (_, i) => {
    const cluster = Math.floor(i / columns) % clusters;
    return (i % columns === cluster ? 10 : 0) + noise * (2 * random.uniform() - 1);
  });
}

const normals = (count: number, seed: number): Float32Array => {
  const random = stream("sample", seed);
  return Float32Array.from({ length: count }, () => random.normal());
};

test("the nearest entry is exact with any initial guess, and the first one wins a tie", () => {
  const columns = 11;
  const [rows, entries] = [normals(50 * columns, 1), normals(20 * columns, 2)];
  entries.copyWithin(17 * columns, 3 * columns, 4 * columns);
  rows.set(entries.subarray(3 * columns, 4 * columns), 0);
  const plain = Array.from({ length: 50 }, (_, row) => {
    const distances = Array.from({ length: 20 }, (_, entry) => {
      let sum = 0;
      for (let i = 0; i < columns; i++)
        sum += ((rows[row * columns + i] as number) - (entries[entry * columns + i] as number)) ** 2;
      return sum;
    });
    return { code: distances.indexOf(Math.min(...distances)), distance: Math.min(...distances) };
  });
  for (const guess of [undefined, new Int32Array(50).fill(17)]) {
    const { codes, distances } = nearestEntries(rows, entries, columns, guess);
    expect([...codes]).toEqual(plain.map(({ code }) => code));
    distances.forEach((distance, row) => {
      expect(distance).toBeCloseTo(plain[row]?.distance as number, 12);
    });
  }
  expect(nearestEntries(rows, entries, columns).codes[0]).toBe(3);
});

test("separate clusters are found, and each entry is the mean of its rows", () => {
  const [clusters, columns] = [12, 12];
  const rows = clustered(clusters, 40, columns, 0.5);
  const entries = kMeans(rows, { columns, entries: clusters, seed: 3 });
  const { codes } = nearestEntries(rows, entries, columns);
  for (let cluster = 0; cluster < clusters; cluster++) {
    const members = codes.filter((_, row) => row % clusters === cluster);
    expect(new Set(members).size, `cluster ${cluster}`).toBe(1);
    const own = Array.from(rows.keys()).filter((i) => Math.floor(i / columns) % clusters === cluster);
    for (let column = 0; column < columns; column++) {
      const values = own.filter((i) => i % columns === column).map((i) => rows[i] as number);
      const mean = values.reduce((a, b) => a + b) / values.length;
      expect(entries[(members[0] as number) * columns + column]).toBeCloseTo(mean, 5);
    }
  }
  expect(new Set(codes).size).toBe(clusters);
});

test("the same seed gives the same bits, another seed gives others, and the error falls in every iteration", () => {
  const rows = normals(3000 * 6, 7);
  const errors: number[] = [];
  const options = { columns: 6, entries: 32, seed: 1, iterations: 12 };
  const entries = kMeans(rows, { ...options, progress: (_, error) => errors.push(error) });
  expect(kMeans(rows, options)).toEqual(entries);
  expect(kMeans(rows, { ...options, seed: 2 })).not.toEqual(entries);
  expect(errors).toHaveLength(13);
  for (let i = 1; i < errors.length; i++) expect(errors[i]).toBeLessThanOrEqual(errors[i - 1] as number);
  expect(errors.at(-1)).toBeLessThan(0.8 * (errors[0] as number));
  expect(quantisationError(rows, entries, 6)).toBe(errors.at(-1));
});

test("many equal rows leave no entry unused", () => {
  // Five distinct rows, one of which is repeated 1000 times.
  const different = [0, 10, 20, 30, 40];
  const rows = Float32Array.from([...new Array<number>(1000).fill(0), ...different]);
  const entries = kMeans(rows, { columns: 1, entries: 5, seed: 1 });
  expect([...entries].sort((a, b) => a - b)).toEqual(different);
  expect(quantisationError(rows, entries, 1)).toBe(0);
});

test("many rows are clustered in mini-batches, with the same error", () => {
  const clusters = 8;
  const rows = clustered(clusters, 40_000, 8, 0.5);
  const seen: number[] = [];
  const options = { columns: 8, entries: clusters, seed: 1, iterations: 2 };
  const entries = kMeans(rows, { ...options, progress: (_, error) => seen.push(error) });
  // The variance of uniform noise in ±½ is 1/12.
  expect(quantisationError(rows, entries, 8)).toBeCloseTo(1 / 12, 3);
  expect(kMeans(rows, options)).toEqual(entries);
  expect(seen).toHaveLength(2);
});

test("too few distinct rows and NaN are refused", () => {
  const rows = Float32Array.from([1, 2, 1, 2, 3, 4]);
  expect(() => kMeans(rows, { columns: 2, entries: 3, seed: 1 })).toThrow(
    "cannot fit 3 entries to 3 rows, of which 2 are distinct",
  );
  expect(() => kMeans(new Float32Array(), { columns: 2, entries: 2, seed: 1 })).toThrow(/fit 2 entries to 0 rows/);
  rows[3] = Number.NaN;
  expect(() => kMeans(rows, { columns: 2, entries: 2, seed: 1 })).toThrow(/contain NaN or infinity/);
});
