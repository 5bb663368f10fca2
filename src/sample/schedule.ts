// Runs sampled documents in the sequences of a decoder, as many at a time as there are sequences.
import { isIn, LONGEST_RUN } from "./choosing.js";
import type { Decoder } from "./decoder.js";
import type { Answer, Item, SampledDocument, Want } from "./document.js";
import { type InRun, stepsOf } from "./runs.js";

type Documented = Generator<readonly (Want | undefined)[], SampledDocument, readonly Answer[]>;

/** A sequence of a document on the device, and the rest of its current request. */
interface Lane {
  readonly sequence: number;
  want: Want | undefined;
  /** The tokens that it reads next. */
  items: readonly Item[];
  /** The number of these that it has read before. They are read one by one again, which gives the same state. */
  again: number;
  /** Whether it has read more than it should have, so it must go back to the mark first. */
  strayed: boolean;
  answer: Answer;
}

const newLane = (sequence: number): Lane => ({
  sequence,
  want: undefined,
  items: [],
  again: 0,
  strayed: false,
  answer: undefined,
});

interface Slot {
  readonly number: number;
  readonly document: Documented;
  readonly lanes: readonly Lane[];
}

/**
 * Samples documents, as many at a time as the decoder has sequences. Each starts in an empty sequence.
 * @param width number of sequences per document
 * @param done called for each finished document, in any order
 */
export async function sampleAll(
  decoder: Decoder,
  documents: readonly Documented[],
  width: number,
  done: (document: SampledDocument, number: number) => void = () => {},
): Promise<SampledDocument[]> {
  const results: SampledDocument[] = [];
  const waiting = documents.map((document, number) => ({ document, number }));
  const free = Array.from({ length: Math.floor(decoder.sequences / width) }, (_, i) => i * width);
  if (free.length === 0) throw new Error(`a document needs ${width} sequences, and there are ${decoder.sequences}`);
  const slots = new Set<Slot>();

  /** Starts the next request of a document. If there is none, its sequences become free. */
  const advance = (slot: Slot, answers: readonly Answer[]) => {
    const { value, done: over } = slot.document.next(answers);
    if (over) {
      results[slot.number] = value;
      done(value, slot.number);
      slots.delete(slot);
      free.push(slot.lanes[0]?.sequence as number);
      return;
    }
    const fresh: number[] = [];
    slot.lanes.forEach((lane, i) => {
      const want = value[i];
      const resets = want?.kind === "ids" && want.resets;
      if (resets) {
        fresh.push(lane.sequence);
        Object.assign(lane, newLane(lane.sequence));
      }
      if (want !== undefined && want.kind !== "item") lane.items = [...lane.items, ...want.items];
      lane.want = want;
      lane.answer = undefined;
    });
    if (fresh.length > 0) decoder.clear(fresh);
  };
  const begin = () => {
    while (free.length > 0 && waiting.length > 0) {
      const sequence = free.shift() as number;
      const { document, number } = waiting.shift() as (typeof waiting)[number];
      const lanes = Array.from({ length: width }, (_, i) => newLane(sequence + i));
      decoder.clear(lanes.map((lane) => lane.sequence));
      const slot = { number, document, lanes };
      slots.add(slot);
      advance(slot, []);
    }
  };

  for (begin(); slots.size > 0; begin()) {
    const lanes = [...slots].flatMap((slot) => slot.lanes);
    goBack(decoder, lanes);
    await (readPieces(decoder, lanes) ?? readAndChoose(decoder, lanes) ?? lookAtItems(decoder, lanes));
    for (const slot of [...slots]) {
      if (slot.lanes.every(({ want }) => want === undefined))
        advance(
          slot,
          slot.lanes.map(({ answer }) => answer),
        );
    }
  }
  return results;
}

function goBack(decoder: Decoder, lanes: readonly Lane[]): void {
  const strayed = lanes.filter((lane) => lane.strayed);
  if (strayed.length > 0) decoder.back(strayed.map(({ sequence }) => sequence).sort((a, b) => a - b));
  for (const lane of strayed) lane.strayed = false;
}

/** Ends a request that only reads, if its tokens are read. */
function endIfRead(lane: Lane): void {
  if (lane.items.length === 0 && lane.want?.kind === "ids") lane.want = undefined;
}

/** A piece of the tokens of each sequence that has as many, besides the last one before a choice; undefined if none has. */
function readPieces(decoder: Decoder, lanes: readonly Lane[]): Promise<void> | undefined {
  const { piece, sequences } = decoder;
  const served = lanes.filter(
    ({ want, items, again }) => again === 0 && items.length - (want?.kind === "run" ? 1 : 0) >= piece,
  );
  if (served.length === 0) return undefined;
  const items: (readonly Item[] | undefined)[] = Array.from({ length: sequences }, () => undefined);
  for (const lane of served) {
    items[lane.sequence] = lane.items.slice(0, piece);
    lane.items = lane.items.slice(piece);
    endIfRead(lane);
  }
  decoder.prefill(items);
  return Promise.resolve();
}

/** Reading the choices of a run takes about as long as so many steps. */
const READING = 2;

/** The number of steps in which all sequences together take the most tokens for the time. */
function bestLength(steps: readonly number[]): number {
  const lengths = [...new Set(steps.map((count) => Math.min(count, LONGEST_RUN)))];
  const rate = (length: number): number =>
    steps.reduce((sum, count) => sum + Math.min(count, length), 0) / (length + READING);
  return lengths.reduce((best, length) => (rate(length) > rate(best) ? length : best));
}

/** One run of all sequences that have tokens to read or to choose; undefined if there are none. */
function readAndChoose(decoder: Decoder, lanes: readonly Lane[]): Promise<void> | undefined {
  const pending = lanes.flatMap((lane) => {
    const { want, items } = lane;
    const choices = want?.kind === "run" ? want.choices : undefined;
    return choices || items.length > 0 ? [{ lane, run: { items, choices } satisfies InRun }] : [];
  });
  if (pending.length === 0) return undefined;
  const steps = bestLength(pending.map(({ run }) => stepsOf(run)));
  const inRun: (InRun | undefined)[] = Array.from({ length: decoder.sequences }, () => undefined);
  for (const { lane, run } of pending) inRun[lane.sequence] = run;
  if (pending.some(({ lane: { want } }) => want?.kind === "run" && want.goesOn)) decoder.mark();
  return (async () => {
    const choices = await decoder.run(inRun, steps);
    for (const { lane } of pending) {
      const before = lane.items.slice(0, steps);
      lane.items = lane.items.slice(steps);
      lane.again = Math.max(0, lane.again - steps);
      endIfRead(lane);
      const chosen = choices[lane.sequence];
      if (chosen) settle(lane, before, chosen);
    }
  })();
}

/** Answers a run, after reading `before`. The choices after the first that is not ordinary have no meaning. */
function settle(lane: Lane, before: readonly Item[], choices: Int32Array): void {
  if (lane.want?.kind !== "run") return;
  const { ordinary, choices: of } = lane.want;
  const stop = choices.findIndex((id) => !isIn(ordinary, id));
  const taken = stop < 0 ? choices : choices.slice(0, stop + 1);
  if (taken.length < choices.length) {
    lane.strayed = true;
    lane.items = [...before, ...Array.from(taken.slice(0, -1), (id) => ({ id, modality: of.modality }))];
    lane.again = lane.items.length;
  }
  lane.answer = taken;
  lane.want = undefined;
}

/** One run for all requested items of a modality. */
async function lookAtItems(decoder: Decoder, lanes: readonly Lane[]): Promise<void> {
  const wanted = lanes.flatMap((lane) => (lane.want?.kind === "item" ? [{ lane, want: lane.want }] : []));
  const [first] = wanted;
  if (!first) throw new Error("no sampled document has a request");
  const served = wanted.filter(({ want }) => want.modality === first.want.modality);
  const bySequence = Array.from(
    { length: decoder.sequences },
    (_, b) => served.find(({ lane }) => lane.sequence === b)?.want,
  );
  const predicted = await decoder.items(
    first.want.modality,
    bySequence,
    bySequence.map((want) => want?.stays === true),
  );
  for (const { lane } of served) {
    lane.answer = predicted[lane.sequence];
    lane.want = undefined;
  }
}
