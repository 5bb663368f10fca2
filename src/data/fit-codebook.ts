// Fits a codebook to the patches of pictures.
import { InputError } from "../diagnostics/input-error.js";
import type { PictureCodes } from "../modalities/codebook.fields.js";
import { patchesOf, patchesPerPicture, patchSize } from "../modalities/pixels.js";
import { badFiles } from "./bad-files.js";
import type { DataHost } from "./host.js";
import { kMeans } from "./k-means.js";
import { type NamedFile, namedFiles } from "./named-files.js";
import { decodePicture, readPicture } from "./picture-file.js";
import type { Reach } from "./reach.js";
import { picturesOf } from "./sources/open.js";

/** Numbers of all patches together, 1 GiB: of more pictures than that, some are taken evenly. */
const MOST_NUMBERS = 2 ** 28;

interface FitOptions {
  readonly entries: number;
  readonly seed: number;
  /** At most. */
  readonly iterations: number;
  /** Told the mean squared error of a number after so many iterations. */
  readonly progress: (iteration: number, error: number) => void;
  /** Leave out pictures that cannot be read, telling of them here; without it they are refused. */
  readonly skipBad?: ((told: string) => void) | undefined;
}

interface Fitted {
  /** [entries, columns] */
  readonly entries: Float32Array;
  readonly columns: number;
  /** Those that were looked at, decoded: [height, width, channels] each. */
  readonly pictures: readonly Uint8Array[];
}

/** @throws InputError where a picture cannot be read, or they have too few different patches */
export async function fitCodebook(
  files: readonly NamedFile[],
  kind: PictureCodes,
  host: DataHost,
  { entries, seed, iterations, progress, skipBad }: FitOptions,
): Promise<Fitted> {
  const columns = patchSize(kind);
  const numbers = patchesPerPicture(kind) * columns;
  const most = Math.floor(MOST_NUMBERS / numbers);
  if (most === 0)
    throw new InputError(
      "bad-picture",
      `a picture of ${kind.height}x${kind.width} is too large`,
      "Choose a smaller --size.",
    );
  const some = files.length <= most ? files : files.filter((_, i) => taken(i, files.length, most));
  const pictures: Uint8Array[] = [];
  const bad = badFiles(skipBad);
  for (const { path, place } of some) {
    try {
      pictures.push(await decodePicture(host, () => readPicture(host.disk, path, place), kind, place));
    } catch (error) {
      bad.add(error);
    }
  }
  bad.end();
  const rows = new Float32Array(pictures.length * numbers);
  pictures.forEach((pixels, i) => {
    rows.set(patchesOf(pixels, kind), i * numbers);
  });
  return { entries: kMeans(rows, { columns, entries, seed, iterations, progress }), columns, pictures };
}

/** Whether the i-th of `count` is among `most` of them, evenly. */
const taken = (i: number, count: number, most: number): boolean =>
  Math.floor(((i + 1) * most) / count) > Math.floor((i * most) / count);

const ENDINGS = [".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".tif", ".tiff", ".svg"] as const;

/**
 * @param from `emoji`; or a folder, all of which is searched, in the order of names; or a file of documents
 * @param reach what a file of documents may name
 * @throws InputError where there is none
 */
export function pictureFiles(from: string, host: DataHost, reach: Reach): NamedFile[] {
  const own = picturesOf(from, host);
  if (own !== undefined) return own;
  return namedFiles(
    from,
    {
      endings: ENDINGS,
      key: "image",
      what: "image",
      several: "pictures",
      remedies: {
        path: "Give `emoji`, a folder of pictures, or a JSON Lines file.",
        folder: `Their names end in ${ENDINGS.join(", ")}.`,
        documents: 'A document names one as {"image": "a.png"}.',
      },
    },
    reach,
  );
}
