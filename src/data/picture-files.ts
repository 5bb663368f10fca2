// The picture files of a folder, those that a JSON Lines file names, or the emoji.
import type { DataHost } from "./host.js";
import { type NamedFile, namedFiles } from "./named-files.js";
import type { Reach } from "./reach.js";
import { picturesOf } from "./sources/open.js";

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
