// The page of a data set: gathers what it shows.
import { voiceOf } from "../data/audio/voice.js";
import { wavBytes } from "../data/audio/write-wav.js";
import { pictureCodebook, pictureOf, speechCodebook } from "../data/codebook.js";
import { decodersOf } from "../data/codecs.js";
import type { DataSet } from "../data/data-set.js";
import type { Document, Segment } from "../data/document.js";
import { firstBatch } from "../data/first-batch.js";
import { MOST_SECONDS, type Original, originalsOf } from "../data/originals.js";
import { positionsOf } from "../data/packing.js";
import type { PreparedData, ReadSource } from "../data/prepare.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import { SPEECH_FRAMES } from "../modalities/codebook.fields.js";
import { aboutModality, isBytes, itemOf } from "../modalities/modality.fields.js";
import { type PatchGeometry, patchesPerPicture } from "../modalities/pixels.js";
import { grouped } from "../modalities/row.fields.js";
import { firstId, textOf } from "../modalities/text.js";
import { aboutObjective, dropOf } from "../objectives/objective.fields.js";
import type { PageDocument, PagePicture, PageSegment, PageSound, PageToken } from "../report/look/document.js";
import { fitted } from "../report/look/fitted.js";
import type { Packed } from "../report/look/packed.js";
import { type LookPage, lookPage, type PageModality, type PageSkipped, type PageSource } from "../report/look/page.js";
import { textTokens } from "../report/look/tokens.js";
import { pngOf } from "../report/png.js";
import type { Host } from "./host.js";
import { type Look, type LookedAt, type LookOptions, lookOf, preparedFor, sizeOf, spread } from "./look.js";

/** The most documents on a page: it is one file, with all pictures and sounds. */
const MOST_DOCUMENTS = 200;
const MOST_TOKENS = 1200;
const MOST_IDS = 256;
/** Originals that are smaller, in pixels of the page, are enlarged. */
const SMALL = 192;
/** Sequences of a batch. */
const MOST_ROWS = 8;

/** @throws InputError if the data are invalid, or too many documents are asked for */
export async function lookHtml(
  host: Host,
  looked: LookedAt,
  options: LookOptions,
  name: string,
): Promise<Look & { readonly html: string }> {
  if (options.documents > MOST_DOCUMENTS)
    throw new InputError(
      "bad-option",
      `a page of ${options.documents} documents would be too large`,
      `Show at most ${MOST_DOCUMENTS} documents on a page.`,
    );
  const { spec } = looked;
  const prepared = await preparedFor(host, looked, options);
  const found = lookOf(prepared, spec, options);
  const page: Gathering = { ...prepared, spec, host, decoders: decodersOf(prepared.codecs) };
  const numbers = spread(prepared.dataSet, options.documents);
  const originals = await originalsOf(prepared, numbers, spec.model, host);
  const html = lookPage({
    title: `Data of ${name}`,
    facts: factsOf(found, page),
    modalities: modalitiesOf(found, page),
    sources: sourcesOf(page),
    documents: await Promise.all(numbers.map((number) => documentOf(number, page, originals.get(number)))),
    packed: packedOf(page),
    skipped: skippedOf(page),
    licences: found.licences,
  });
  return { ...found, html };
}

interface Gathering extends Pick<PreparedData, "dataSet" | "codecs" | "read"> {
  readonly spec: CheckedSpec;
  readonly host: Host;
  readonly decoders: ReturnType<typeof decodersOf>;
}

function factsOf({ documents, positions, skipped }: Look, { spec }: Gathering): LookPage["facts"] {
  const { batch, accumulate } = spec.train;
  const all = documents.train + documents.held_out;
  return [
    ["documents", grouped(all)],
    ["for training", grouped(documents.train)],
    ["for validation", grouped(documents.held_out)],
    ["skipped", grouped(skipped.length)],
    ["positions, with markers", grouped(positions.all)],
    ["positions of a document", `${positions.mean.toFixed(1)} on average, ${grouped(positions.most)} at most`],
    ["sequence", `${grouped(positions.length)} positions`],
    ["batch", `${batch} sequences${accumulate > 1 ? `, ${accumulate} times for an update` : ""}`],
  ];
}

function modalitiesOf({ modalities }: Look, { spec, dataSet }: Gathering): PageModality[] {
  const uncounted = spec.model.modalities.map(() => 0);
  for (const document of dataSet.documents)
    for (const segment of document.segments)
      if (!segment.counted) uncounted[segment.modality] = (uncounted[segment.modality] ?? 0) + sizeOf(segment, dataSet);
  const { owner, spans } = spec.model.vocabulary;
  const markers = 2 + 2 * spans.filter((span) => span !== undefined).length;
  return modalities.map(({ modality: name, segments, positions, longest }, index) => {
    const declared = spec.model.modalities[index];
    return {
      ...{ name, segments, positions, longest, uncounted: uncounted[index] ?? 0 },
      about: declared === undefined ? "" : aboutModality(declared, index === owner ? markers : 0),
      objective: spec.objectives[index] === undefined ? "" : aboutObjective(spec.objectives[index]),
    };
  });
}

/** A source as the spec writes it. */
function nameOf({ fields }: ReadSource): string {
  const paths = "paths" in fields ? fields.paths : "path" in fields ? [fields.path] : [];
  return [fields.kind, ...paths].join(" ");
}

/** What the k-th source that was read is for. */
function useOf({ dataSet }: Gathering, index: number, first: number): string {
  const source = dataSet.sources[index];
  if (source !== undefined) return dataSet.sources.length === 1 ? "training" : `training, weight ${source.weight}`;
  return setOf(dataSet, first);
}

function setOf({ validationSets, validation }: DataSet, number: number): string {
  const set = validationSets.find(({ name, documents }) => name !== undefined && documents.includes(number));
  if (set?.name !== undefined) return `validation ${set.name}`;
  return validation.includes(number) ? "held out" : "training";
}

function sourcesOf(page: Gathering): PageSource[] {
  const { dataSet, read, spec } = page;
  const held = new Set(dataSet.validation);
  let first = 0;
  return read.map((source, index) => {
    const positions = spec.model.modalities.map(() => 0);
    let [heldOut, all] = [0, 0];
    for (let number = first; number < first + source.documents; number++) {
      if (held.has(number)) heldOut++;
      all += positionsOf(dataSet, number);
      for (const segment of dataSet.documents[number]?.segments ?? [])
        positions[segment.modality] = (positions[segment.modality] ?? 0) + sizeOf(segment, dataSet);
    }
    const use = useOf(page, index, first);
    first += source.documents;
    return {
      name: nameOf(source),
      use,
      documents: source.documents,
      heldOut,
      skipped: source.skipped.length,
      positions,
      all,
    };
  });
}

function skippedOf({ read, dataSet }: Gathering): PageSkipped[] {
  const sources = read.flatMap((source) => source.skipped.map(() => nameOf(source)));
  return dataSet.skipped.map(({ files }, index) => ({
    reasons: files,
    source: sources[index] ?? "prepared data",
  }));
}

function sourceNameOf({ read }: Gathering, number: number): string {
  let end = 0;
  for (const source of read) {
    end += source.documents;
    if (number < end) return nameOf(source);
  }
  return "prepared data";
}

async function documentOf(number: number, page: Gathering, original: Original | undefined): Promise<PageDocument> {
  const { dataSet } = page;
  const document = dataSet.documents[number];
  const { documentEnd, owner } = dataSet.parts.vocabulary;
  return {
    ...{ number, label: dataSet.label(number), place: original?.place },
    source: sourceNameOf(page, number),
    set: setOf(dataSet, number),
    positions: positionsOf(dataSet, number),
    eitherOrder: document?.eitherOrder === true,
    extra: document?.extra,
    piece: pieceOf(positionsOf(dataSet, number), original?.piece),
    segments: await Promise.all(
      joined(document, page).map(([index, segment]) => segmentOf(segment, page, original?.segments[index])),
    ),
    end: marker(documentEnd, page),
    endOutside: outsideOf({ counted: true, modality: owner }, page),
  };
}

function pieceOf(positions: number, piece: Original["piece"]): string | undefined {
  if (piece === undefined) return undefined;
  return piece.number === 0
    ? `the first ${grouped(positions)} of ${grouped(piece.of)} positions`
    : `part ${piece.number + 1} of a document of ${grouped(piece.of)} positions`;
}

/** The segments of a document with their indices. Texts that follow each other without markers are one, as for the model. */
function joined(document: Document | undefined, { codecs, dataSet }: Gathering): (readonly [number, Segment])[] {
  const { spans } = dataSet.parts.vocabulary;
  const all: (readonly [number, Segment])[] = [];
  for (const [index, segment] of (document?.segments ?? []).entries()) {
    const { modality, counted } = segment;
    const [first, before] = all.at(-1) ?? [];
    const codebook = pictureCodebook(codecs, modality) ?? speechCodebook(codecs, modality);
    const alone = document?.eitherOrder === true || spans[modality] !== undefined || codebook !== undefined;
    const same = before?.modality === modality && before.counted === counted;
    if (alone || !same || first === undefined || before.kind !== "ids" || segment.kind !== "ids") {
      all.push([index, segment]);
      continue;
    }
    const ids = Int32Array.from([...before.ids, ...segment.ids]);
    all[all.length - 1] = [first, { ...before, ids, count: ids.length }];
  }
  return all;
}

const marker = (id: number, { dataSet }: Gathering): PageToken => ({
  text: textOf([id], dataSet.parts),
  about: `marker, id ${id} of the vocabulary`,
});

function outsideOf(
  { counted, modality }: Pick<Segment, "counted" | "modality">,
  { spec }: Gathering,
): string | undefined {
  if (!counted) return "not in the loss";
  return spec.objectives[modality] === undefined ? "no objective" : undefined;
}

const countOf = (n: number, one: string, more = `${one}s`) => `${grouped(n)} ${n === 1 ? one : more}`;

async function segmentOf(
  segment: Segment,
  page: Gathering,
  original: Original["segments"][number],
): Promise<PageSegment> {
  const { dataSet, codecs, decoders } = page;
  const { modality } = segment;
  const { parts } = dataSet;
  const declared = parts.modalities[modality];
  const span = parts.vocabulary.spans[modality];
  const size = sizeOf(segment, dataSet);
  const common = {
    ...{ modality, name: declared?.name ?? "", outside: outsideOf(segment, page) },
    markers: span && ([marker(span.begin, page), marker(span.end, page)] as const),
  };
  if (segment.kind === "item")
    return {
      ...common,
      size: countOf(size, "patch", "patches"),
      picture: await pictureOfItem(segment.item, page, original),
    };
  const first = firstId(modality, parts.vocabulary);
  const own = Array.from(segment.ids, (id) => id - first);
  const tokenizer = codecs.tokenizers.get(modality);
  if (tokenizer !== undefined || isBytes(declared)) {
    const [shown, more] = [own.slice(0, MOST_TOKENS), Math.max(0, own.length - MOST_TOKENS)];
    const tokens = {
      shown: textTokens(shown, tokenizer && { ...tokenizer, decode: decoders.get(modality) ?? tokenizer.decode }),
      more,
    };
    return { ...common, size: countOf(size, tokenizer ? "token" : "byte"), tokens: { ...tokens, kind: "text" } };
  }
  const pictures = pictureCodebook(codecs, modality);
  const speech = speechCodebook(codecs, modality);
  const tokens = {
    shown: own
      .slice(0, MOST_IDS)
      .map((id) => ({ text: String(id), about: `id ${id}; ${first + id} of the vocabulary` })),
    more: Math.max(0, own.length - MOST_IDS),
    kind: "ids" as const,
  };
  return {
    ...common,
    size: countOf(size, speech ? "unit" : "code"),
    tokens,
    ...(pictures && { picture: pictureSeen(pictureOf(own, pictures), pictures.facts.kind, page, original) }),
    ...(speech && own.length > 0 && { sounds: soundsOf(own, voiceOf(own.slice(0, unitsOfSeconds), speech), original) }),
  };
}

const unitsOfSeconds = (MOST_SECONDS * SPEECH_FRAMES.rate) / SPEECH_FRAMES.hop;
const wavOf = (samples: Float32Array) => wavBytes({ rate: SPEECH_FRAMES.rate, channels: [samples] });
const seconds = (samples: number) => `${(samples / SPEECH_FRAMES.rate).toFixed(2)} s`;

function soundsOf(units: readonly number[], voice: Float32Array, original: Original["segments"][number]): PageSound[] {
  const most = MOST_SECONDS * SPEECH_FRAMES.rate;
  const beginning = (samples: number) => (samples > most ? `, of which the first ${MOST_SECONDS} s` : "");
  const all = units.length * SPEECH_FRAMES.hop;
  const sounds: PageSound[] = [
    {
      about: `The units, 40 ms each: ${seconds(all)}${beginning(all)}. A rough voice from the codebook's spectra; repeats were merged, so the pace differs.`,
      wav: wavOf(voice),
    },
  ];
  if (original?.kind !== "sound") return sounds;
  const name = original.name === undefined ? "" : ` ${original.name}`;
  sounds.push({
    about: `The recording${name}: ${seconds(original.length)}${beginning(original.length)}, in one channel at 16 kHz.`,
    wav: wavOf(original.samples),
  });
  return sounds;
}

async function pictureOfItem(
  number: number,
  page: Gathering,
  original: Original["segments"][number],
): Promise<PagePicture> {
  const { modality, pixels, values } = page.dataSet.itemById(number);
  const item = itemOf(page.dataSet.parts.modalities[modality]);
  if (item === undefined) throw new RangeError(`modality ${modality} has no items`);
  const seenPixels = await pixels();
  if (seenPixels !== undefined) return pictureSeen(seenPixels, item, page, original);
  const latent = item.join(await values()) as Float32Array;
  const { pixels: grey, range } = firstChannel(latent, item.channels);
  const seen = pictureSeen(grey, { ...item, channels: 1 }, page, undefined);
  return {
    ...seen,
    about: [`a latent of ${item.height} × ${item.width} × ${item.channels}`, `shown: the first channel, ${range}`],
  };
}

/** The first channel as grey, from its least to its largest value. */
function firstChannel(latent: Float32Array, channels: number): { readonly pixels: Uint8Array; readonly range: string } {
  const values = Float32Array.from({ length: latent.length / channels }, (_, i) => latent[i * channels] as number);
  const [least, most] = values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
  const scale = most > least ? 255 / (most - least) : 0;
  return {
    pixels: Uint8Array.from(values, (value) => Math.round((value - least) * scale)),
    range: `${least.toPrecision(3)} is black and ${most.toPrecision(3)} is white`,
  };
}

function pictureSeen(
  pixels: Uint8Array,
  geometry: PatchGeometry,
  { host }: Gathering,
  original: Original["segments"][number],
): PagePicture {
  const { width, height, channels, patchWidth, patchHeight } = geometry;
  const about = [
    `${height} × ${width}, ${grouped(patchesPerPicture(geometry))} patches of ${patchHeight} × ${patchWidth}`,
  ];
  const seen = {
    ...{ width, height, rows: height / patchHeight, columns: width / patchWidth },
    png: pngOf({ width, height, channels, pixels }, host.deflate),
  };
  if (original?.kind !== "picture") return { ...seen, about };
  const { preview, name, fitted: to } = original;
  const { filled, used, how } = fitted(original, to, to.fit ?? "pad");
  return {
    ...seen,
    about: [...about, how],
    ...(filled && { filled }),
    original: {
      ...(used && { used }),
      png: pngOf({ ...preview, channels: 3 }, host.deflate),
      width: preview.width * Math.max(1, Math.floor(SMALL / Math.max(preview.width, preview.height))),
      about: `the original${name === undefined ? "" : ` ${name}`}: ${original.height} × ${original.width}`,
    },
  };
}

function packedOf({ dataSet, spec }: Gathering): Packed {
  const { length, carry, reset } = spec.data;
  const { batch: sequences } = spec.train;
  const { rows, padding } = firstBatch(dataSet, { ...spec.train, length, drop: spec.objectives.map(dropOf) }, carry);
  const together = reset
    ? "Documents in a sequence do not see each other."
    : "A sequence's documents see earlier ones.";
  const how = carry
    ? `Each sequence is a stream that continues in the next batch, so documents are cut at its end. ${together}`
    : `Each document goes, complete, into the first sequence with room for it. ${together}`;
  const modalities = spec.model.modalities.map(({ name }) => name);
  const { owner } = spec.model.vocabulary;
  const hasLoss = (of: number | "marker" | "padding") =>
    of !== "padding" && spec.objectives[of === "marker" ? owner : of] !== undefined;
  const shown = rows.slice(0, MOST_ROWS).map((row) => ({
    ...row,
    runs: row.runs.map((run) => ({ ...run, counted: run.counted && hasLoss(run.of) })),
  }));
  return { how, length, sequences, modalities, padding, rows: shown };
}
