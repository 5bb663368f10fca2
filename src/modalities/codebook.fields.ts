// What a codebook is of, as the metadata of its file say. The file is a safetensors file with one tensor,
//   entries   F32 [entries, columns]
// and the metadata `format: "mom codebook 1"`, `of`, and what that kind of codebook needs, all as strings.
import { type PatchGeometry, patchSize } from "./pixels.js";

export const CODEBOOK_FORMAT = "mom codebook 1";
export const CODEBOOK_ENTRIES = { least: 2, most: 65_536 } as const;

/** An entry is a patch of a picture: pixels in [−1, 1] by row, column, channel. */
export interface PictureCodes extends PatchGeometry {
  readonly of: "patches";
}

/** An entry is a frame of sound: 80 log-mel bands, of which src/data/audio/units.ts says how they are made. */
export interface SpeechCodes {
  readonly of: "speech";
}

/** What codes are of. */
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

/** How a kind is written and read; `read` gives back what is wrong, as a clause. */
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

/** What a frame of speech is: a codebook of other frames would fit nothing. Sizes are in samples. */
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

/** Height and width of at most four digits each. */
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

/** What a file's metadata and the shape of its `entries` say, or what is wrong with them, as a clause. */
export function codebookFacts(metadata: Metadata, shape: readonly unknown[]): CodebookFacts | string {
  if (metadata.format !== CODEBOOK_FORMAT) return `its metadata do not say format "${CODEBOOK_FORMAT}"`;
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
