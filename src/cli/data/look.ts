// `mom data look`: what the data set of a spec is, and a few of its documents as text.
import { nodeHost } from "../../api/node/host.js";
import { type Codecs, decodersOf } from "../../data/codecs.js";
import type { DataSet } from "../../data/data-set.js";
import type { Segment } from "../../data/document.js";
import { positionsOf } from "../../data/packing.js";
import { prepare } from "../../data/prepare.js";
import { isBytes, positionsOfItem } from "../../modalities/modality.fields.js";
import { firstId, type ModelParts, textOf } from "../../modalities/text.js";
import { allowOption, skipBadOption } from "../compile-options.js";
import { readSpec } from "../read-spec.js";
import { wholeNumber } from "../trained.js";
import { EXIT } from "../verb.js";
import type { Subcommand } from "./subcommand.js";

interface Options {
  readonly documents: number;
  readonly json?: true;
  readonly allow?: readonly string[];
  readonly skipBad?: true;
}

/** Ids that are shown of a segment that is no text. */
const SHOWN_IDS = 16;

export const subcommand: Subcommand = {
  name: "look",
  summary: "say what a spec's data set is, and show some documents",
  example: "mom data look specs/quickstart.mom",
  declare(command, finish) {
    command
      .argument("<file>", "the spec")
      .option("--documents <n>", "how many documents are shown", wholeNumber, 5)
      .option("--json", "print JSON")
      .addOption(allowOption())
      .addOption(skipBadOption())
      .action(async (file: string, { documents: count, json, allow, skipBad }: Options) => {
        const { spec, folder, reach } = readSpec(file, { allow });
        if (spec === undefined) return finish(EXIT.wrongInput);
        const notice = (text: string) => process.stderr.write(`${text}\n`);
        const { dataSet, files, codecs } = await prepare(spec.data, spec.model, {
          host: nodeHost,
          folder,
          reach,
          skipBad,
          notice,
        });
        const about = aboutOf(dataSet, spec.data.length);
        const step = Math.max(1, Math.floor(dataSet.documents.length / Math.max(1, count)));
        const shown = dataSet.documents
          .map((_, number) => number)
          .filter((number) => number % step === 0)
          .slice(0, count)
          .map((number) => documentOf(dataSet, number, codecs));
        process.stdout.write(
          json
            ? `${JSON.stringify({ file, ...about, shards: files, skipped: dataSet.skipped, shown }, undefined, 2)}\n`
            : `${aboutText(about)}${shown.map(({ number, held_out, text }) => `\n${number}${held_out ? " (held out)" : ""}: ${text}\n`).join("")}`,
        );
        finish(EXIT.done);
      });
  },
};

interface ModalityCount {
  readonly modality: string;
  readonly kind: string;
  readonly segments: number;
  /** Tokens or patches, without markers. */
  readonly positions: number;
  readonly longest: number;
}

interface About {
  readonly documents: { readonly train: number; readonly held_out: number };
  /** Of all documents with their markers; `mean` and `most` of one; `length` of a sequence. */
  readonly positions: { readonly all: number; readonly mean: number; readonly most: number; readonly length: number };
  readonly modalities: readonly ModalityCount[];
}

function aboutOf(dataSet: DataSet, length: number): About {
  let [all, most] = [0, 0];
  const counts = dataSet.parts.modalities.map(() => ({ segments: 0, positions: 0, longest: 0 }));
  for (const [number, document] of dataSet.documents.entries()) {
    const positions = positionsOf(dataSet, number);
    all += positions;
    most = Math.max(most, positions);
    for (const segment of document.segments) {
      const [count, size] = [counts[segment.modality], sizeOf(segment, dataSet)];
      if (count === undefined) continue;
      count.segments++;
      count.positions += size;
      count.longest = Math.max(count.longest, size);
    }
  }
  return {
    documents: { train: dataSet.train.length, held_out: dataSet.validation.length },
    positions: { all, mean: all / Math.max(1, dataSet.documents.length), most, length },
    modalities: dataSet.parts.modalities.map(({ name, kind }, index) => ({
      modality: name,
      kind,
      ...(counts[index] as (typeof counts)[number]),
    })),
  };
}

function sizeOf(segment: Segment, { parts }: DataSet): number {
  return segment.kind === "ids" ? segment.count : positionsOfItem(parts.modalities[segment.modality]);
}

const whole = (n: number): string => n.toLocaleString("en-US");

function aboutText({ documents, positions, modalities }: About): string {
  const { train, held_out } = documents;
  const rows = modalities.map(({ modality, kind, segments, positions: own, longest }) => [
    `${modality} (${kind})`,
    whole(segments),
    whole(own),
    whole(longest),
  ]);
  const table = [["", "segments", "positions", "longest"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("   "),
  );
  return [
    `${whole(train + held_out)} documents, ${whole(held_out)} of them held out`,
    `${whole(positions.all)} positions with markers; a document has ${positions.mean.toFixed(1)} on average, ` +
      `${whole(positions.most)} at most, and a sequence ${whole(positions.length)}`,
    "",
    ...lines,
    "",
  ].join("\n");
}

function documentOf(dataSet: DataSet, number: number, codecs: Codecs) {
  const { parts, validation } = dataSet;
  const decoders = decodersOf(codecs);
  const text = (dataSet.documents[number]?.segments ?? []).map((segment) => {
    const declared = parts.modalities[segment.modality];
    if (segment.kind === "item") {
      const { pixels } = dataSet.itemById(segment.item);
      return `${declared?.name}: ${pixels === undefined ? "a latent" : "a picture"} of ${sizeOf(segment, dataSet)} patches`;
    }
    if (isBytes(declared) || decoders.has(segment.modality))
      return `${declared?.name}: ${JSON.stringify(textOf(segment.ids, parts, decoders))}`;
    const first = firstId(segment.modality, parts.vocabulary);
    const ids = [...segment.ids.slice(0, SHOWN_IDS)].map((id) => id - first);
    return `${declared?.name}: ${ids.join(" ")}${segment.count > SHOWN_IDS ? ` … (${segment.count})` : ""}`;
  });
  return {
    number,
    held_out: validation.includes(number),
    label: dataSet.label(number),
    text: text.join(" | "),
    segments: (dataSet.documents[number]?.segments ?? []).map((segment) => segmentOf(segment, parts, codecs)),
  };
}

/** A segment for programs: the ids of its modality, and where these are text, the text and the token of each id. */
function segmentOf(segment: Segment, parts: ModelParts, codecs: Codecs) {
  const declared = parts.modalities[segment.modality];
  if (segment.kind === "item") return { modality: declared?.name };
  const first = firstId(segment.modality, parts.vocabulary);
  const ids = Array.from(segment.ids, (id) => id - first);
  const tokenizer = codecs.tokenizers.get(segment.modality);
  if (tokenizer === undefined && !isBytes(declared)) return { modality: declared?.name, ids };
  const text = textOf(segment.ids, parts, decodersOf(codecs));
  // As a tokenizer with byte fallback names its bytes.
  const tokens = ids.map((id) => (tokenizer === undefined ? `<0x${hex(id)}>` : (tokenizer.tokenOf(id) ?? null)));
  return { modality: declared?.name, text, tokens, ids };
}

const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, "0");
