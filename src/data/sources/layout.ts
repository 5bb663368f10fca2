// Recognizes the layout of a data file by its first bytes, to name the source that reads it.

import { withoutCompression } from "../decompress.js";

/** The columns of each mapped modality, by its name. */
export type Columns = Readonly<Record<string, readonly string[]>>;

interface Layout {
  /** "a Parquet file" */
  readonly is: string;
  /** The kinds of sources that read it. */
  readonly kinds: readonly string[];
  readonly remedy: (name: string, columns?: Columns) => string;
}

const textOf = (start: Uint8Array) => String.fromCharCode(...start.subarray(0, 512));
/** @param usual columns for a source that maps none; undefined if the kind maps none */
const call =
  (kind: string, usual?: string) =>
  (name: string, columns: Columns = {}) => {
    const mapped = Object.entries(columns).map(([modality, names]) => `${modality}: ${written(names)}`);
    const shown = usual === undefined || mapped.length === 0 ? usual : mapped.join(", ");
    return `Use ${kind}(${JSON.stringify(name)}${shown === undefined || shown === "" ? "" : `, ${shown}`}).`;
  };

function written(names: readonly string[]): string {
  const words = names.map((name) => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name)));
  return words.length === 1 ? (words[0] as string) : `[${words.join(", ")}]`;
}

const isTar = (text: string) => text.slice(257, 262) === "ustar";

/** @returns undefined if it may be any text */
export const layoutOf = (start: Uint8Array, name: string): Layout | undefined =>
  binaryLayout(start) ?? textLayout(start, name);

function binaryLayout(start: Uint8Array): Layout | undefined {
  const text = textOf(start);
  if (text.startsWith("PAR1"))
    return { is: "a Parquet file", kinds: ["parquet"], remedy: call("parquet", "text: caption, image: image") };
  if (isTar(text))
    return { is: "a tar file", kinds: ["webdataset"], remedy: call("webdataset", "text: txt, image: [jpg, png]") };
  if (text.startsWith("PK\x03\x04"))
    return { is: "a zip archive", kinds: [], remedy: () => "Unpack it, and use `folder`, `table` or `files`." };
  if (/^(\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP|BM|II\*\0|MM\0\*)/s.test(text))
    return {
      is: "a picture",
      kinds: [],
      remedy: () => "Use folder(…) with the folder of the pictures.",
    };
  if (/^(RIFF....WAVE|fLaC|OggS|ID3)/s.test(text))
    return { is: "a recording", kinds: [], remedy: () => "Use folder(…) with the folder of the recordings." };
  if (text.startsWith("ARROW1"))
    return {
      is: "an Arrow file",
      kinds: [],
      remedy: () => "Write it as Parquet (`Dataset.to_parquet`), and use `parquet`.",
    };
  return undefined;
}

/** Of a text that is not JSON, the ending of its name decides. */
function textLayout(start: Uint8Array, name: string): Layout | undefined {
  const text = textOf(start);
  const trimmed = text.replace(/^\ufeff|^ï»¿/, "").trimStart();
  if (trimmed.startsWith("["))
    return {
      is: "a JSON list",
      kinds: ["conversations", "text", "table"],
      remedy: call("conversations"),
    };
  if (trimmed.startsWith("{"))
    return { is: "a file of JSON objects", kinds: ["files", "conversations", "text"], remedy: call("files", "") };
  const ending = /\.(csv|tsv|tab|txt|md)$/i.exec(withoutCompression(name))?.[1]?.toLowerCase();
  if (ending === undefined) return undefined;
  return ending === "txt" || ending === "md"
    ? { is: "a text", kinds: ["text"], remedy: call("text") }
    : {
        is: `a ${ending === "csv" ? "CSV" : "TSV"} file`,
        kinds: ["table", "text"],
        remedy: call("table", "text: caption, image: image"),
      };
}
