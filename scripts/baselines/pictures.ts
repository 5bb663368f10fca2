// The pictures of a data set as rows of numbers: entire pictures, or patches at one position.

import type { DataSet } from "../../src/data/data-set.js";
import { type PatchGeometry, patchesPerPicture, patchSize } from "../../src/modalities/pixels.js";
import { type Rows, rowOf } from "./linear-denoiser.js";

/** The pictures of one modality in these documents. Each row has the patches of a picture. */
export async function pictureRows(dataSet: DataSet, documents: readonly number[], modality: number): Promise<Rows> {
  const pictures = documents.flatMap((document) =>
    (dataSet.documents[document]?.segments ?? []).flatMap((segment) =>
      segment.kind === "item" && segment.modality === modality ? [dataSet.itemById(segment.item)] : [],
    ),
  );
  const rows = await Promise.all(pictures.map(({ values }) => values()));
  const size = rows[0]?.length ?? 0;
  const values = new Float32Array(rows.length * size);
  rows.forEach((row, index) => {
    values.set(row, index * size);
  });
  return { count: rows.length, size, values };
}

/** Rows of single patches, for every position in the picture. */
export function patchRows(pictures: Rows, modality: PatchGeometry): Rows[] {
  const size = patchSize(modality);
  return Array.from({ length: patchesPerPicture(modality) }, (_, patch) => {
    const values = new Float32Array(pictures.count * size);
    for (let row = 0; row < pictures.count; row++)
      values.set(rowOf(pictures, row).subarray(patch * size, (patch + 1) * size), row * size);
    return { count: pictures.count, size, values };
  });
}
