// Compares pictures by the squared distance of their pixels.

/** A document of a data set, with the pixels of its first picture. */
export const withPixels = async (dataSet, document) => ({
  document,
  pixels: await dataSet.firstItem(document).pixels(),
});

function distance(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}

/** The nearest of these pictures, each an object with `pixels`; the first of several. */
export function nearestPicture(pixels, among) {
  let [nearest, least] = [undefined, Number.POSITIVE_INFINITY];
  for (const other of among) {
    const far = distance(pixels, other.pixels);
    if (far < least) [nearest, least] = [other, far];
  }
  return nearest;
}
