// The description of a codebook, from the metadata of its file: a safetensors file with one tensor,
//   entries   F32 [entries, columns]
// and the metadata `format: "mom codebook 1"`, `of`, and the fields of that kind of codebook. All values are strings.
import { type PatchGeometry, patchSize } from "./pixels.js";

export const CODEBOOK_FORMAT = "mom codebook 1";
export const CODEBOOK_ENTRIES = { least: 2, most: 65_536 } as const;

/** An entry is a patch of a picture: pixels in [−1, 1] by row, column, channel. */
export interface PictureCodes extends PatchGeometry {
  readonly of: "patches";
}

/** An entry is a frame of sound: 80 log-mel bands. src/data/audio/units.ts defines how they are computed. */
export interface SpeechCodes {
  readonly of: "speech";
}

/** What the entries of a codebook represent. */
export type CodebookKind = PictureCodes | SpeechCodes;

export const codesPictures = (kind: CodebookKind): kind is PictureCodes => kind.of === "patches";
export const codesSpeech = (kind: CodebookKind): kind is SpeechCodes => kind.of === "speech";

export interface CodebookFacts<Kind extends CodebookKind = CodebookKind> {
  readonly kind: Kind;
  readonly entries: number;
  /** Numbers of an entry. */
  readonly columns: number;
}

type Metadata = Readonly<Record<string, unknown>>;

/** Writes and reads the metadata of a kind. `read` returns a clause that describes the fault, if there is one. */
interface KindTable<Kind extends CodebookKind> {
  readonly write: (kind: Kind) => Readonly<Record<string, string>>;
  readonly read: (metadata: Metadata) => Kind | string;
  readonly columns: (kind: Kind) => number;
}

const SCALING = "pixel / 127.5 - 1";

const KINDS: { readonly [Of in CodebookKind["of"]]: KindTable<Extract<CodebookKind, { of: Of }>> } = {
  patches: {
    write: ({ height, width, patchHeight, patchWidth, channels }) => ({
      size: `${height}x${width}`,
      patch: `${patchHeight}x${patchWidth}`,
      channels: String(channels),
      scaling: SCALING,
    }),
    read: ({ size, patch, channels, scaling }) => {
      const [height, width] = sizeOf(size) ?? [];
      const [patchHeight, patchWidth] = sizeOf(patch) ?? [];
      if (!height || !width) return "its `size` is not HEIGHTxWIDTH";
      if (!patchHeight || !patchWidth) return "its `patch` is not HEIGHTxWIDTH";
      if (height % patchHeight !== 0 || width % patchWidth !== 0) return `its patches of ${patch} do not fill ${size}`;
      if (channels !== "1" && channels !== "3" && channels !== "4") return "its `channels` are not 1, 3 or 4";
      if (scaling !== SCALING) return `its \`scaling\` is not "${SCALING}"`;
      return { of: "patches", height, width, patchHeight, patchWidth, channels: Number(channels) };
    },
    columns: patchSize,
  },
  speech: {
    write: () => SPEECH,
    read: (metadata) => {
      const other = Object.entries(SPEECH).find(([key, value]) => metadata[key] !== value);
      return other === undefined ? { of: "speech" } : `its \`${other[0]}\` is not "${other[1]}"`;
    },
    columns: () => SPEECH_FRAMES.bands,
  },
};

/** The parameters of a frame of speech. A codebook with other frames is incompatible. Sizes are in samples. */
export const SPEECH_FRAMES = { rate: 16_000, hop: 640, window: 1280, points: 2048, bands: 80, range: 60 } as const;

const SPEECH: Readonly<Record<string, string>> = {
  rate: String(SPEECH_FRAMES.rate),
  hop: String(SPEECH_FRAMES.hop),
  window: `${SPEECH_FRAMES.window} hann`,
  points: String(SPEECH_FRAMES.points),
  bands: `${SPEECH_FRAMES.bands} slaney`,
  scaling: `1 + dB below the loudest band / ${SPEECH_FRAMES.range}, at least 0`,
  runs: "merged",
};

/** A height and a width of at most four digits each. */
function sizeOf(text: unknown): [number, number] | undefined {
  const found = typeof text === "string" ? /^([1-9]\d{0,3})x([1-9]\d{0,3})$/.exec(text) : null;
  return found ? [Number(found[1]), Number(found[2])] : undefined;
}

/** The metadata of a codebook's file. */
export const codebookMetadata = (kind: CodebookKind): Readonly<Record<string, string>> => ({
  format: CODEBOOK_FORMAT,
  of: kind.of,
  ...(KINDS[kind.of] as KindTable<CodebookKind>).write(kind),
});

/**
 * The facts in a file's metadata and the shape of its `entries`, or a clause that describes what is wrong with them.
 */
export function codebookFacts(metadata: Metadata, shape: readonly unknown[]): CodebookFacts | string {
  if (metadata.format !== CODEBOOK_FORMAT) return `its metadata lack \`format: "${CODEBOOK_FORMAT}"\``;
  const of = metadata.of;
  if (typeof of !== "string" || !Object.hasOwn(KINDS, of))
    return `it is of ${JSON.stringify(of) ?? "nothing"}, not of ${Object.keys(KINDS).join(" or ")}`;
  const table = KINDS[of as CodebookKind["of"]] as KindTable<CodebookKind>;
  const kind = table.read(metadata);
  if (typeof kind === "string") return kind;
  const [entries, columns] = shape;
  const { least, most } = CODEBOOK_ENTRIES;
  if (shape.length !== 2 || columns !== table.columns(kind))
    return `its entries have the shape [${shape}], not [entries, ${table.columns(kind)}]`;
  if (typeof entries !== "number" || !Number.isInteger(entries) || entries < least || entries > most)
    return `it has ${entries} entries, not ${least} to ${most}`;
  return { kind, entries, columns };
}
