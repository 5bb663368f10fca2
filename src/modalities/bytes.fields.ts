// `bytes`: ids are the UTF-8 bytes of a text.
import type { IdsRow } from "./row.fields.js";

export interface BytesModality {
  readonly kind: "bytes";
  readonly name: string;
}

export interface BytesJson {
  readonly kind: "bytes";
}

export const bytes: IdsRow<BytesModality, BytesJson> = {
  holds: "ids",
  check: (name) => ({ kind: "bytes", name }),
  markers: "after",
  ids: () => ({ count: 256 }),
  unit: "byte",
  isBytes: true,
  contents: { text: { as: "bytes", example: "modality text: bytes" } },
  about: (_, markers) => `bytes: 256 ids${markers > 0 ? ` and ${markers} markers` : ""}`,
};
