// Runs sampled documents side by side on a decoder: what they want is put together, so that one run serves all.
import type { Decoder } from "./decoder.js";
import type { Answer, Item, SampledDocument, Want } from "./document.js";

export type Documented = Generator<readonly (Want | undefined)[], SampledDocument, readonly Answer[]>;

/** A sequence of a document on the device, and what of its want is still to be done. */
interface Lane {
  readonly sequence: number;
  want: Want | undefined;
  fed: number;
  answer: Answer;
}

interface Slot {
  readonly number: number;
  readonly document: Documented;
  readonly lanes: readonly Lane[];
}

/**
 * Samples documents, as many at a time as the decoder has sequences for; each begins in an empty one.
 * @param width sequences that a document needs
 * @param done told of each as it is finished, in any order
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

  /** Takes up what a document wants next; where it wants nothing more, its sequences are free again. */
  const advance = (slot: Slot, answers: readonly Answer[]): void => {
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
      lane.want = value[i];
      lane.fed = 0;
      lane.answer = undefined;
      if (lane.want?.kind === "ids" && lane.want.anew) fresh.push(lane.sequence);
    });
    if (fresh.length > 0) decoder.clear(fresh);
  };
  const begin = (): void => {
    while (free.length > 0 && waiting.length > 0) {
      const sequence = free.shift() as number;
      const { document, number } = waiting.shift() as (typeof waiting)[number];
      const lanes = Array.from(
        { length: width },
        (_, i): Lane => ({ sequence: sequence + i, want: undefined, fed: 0, answer: undefined }),
      );
      decoder.clear(lanes.map((lane) => lane.sequence));
      const slot = { number, document, lanes };
      slots.add(slot);
      advance(slot, []);
    }
  };

  for (begin(); slots.size > 0; begin()) {
    const lanes = [...slots].flatMap((slot) => slot.lanes);
    await (feedTokens(decoder, lanes) ?? lookAtItems(decoder, lanes));
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

/** One run for the tokens that are wanted, in whole pieces first; undefined where none are. */
function feedTokens(decoder: Decoder, lanes: readonly Lane[]): Promise<void> | undefined {
  const pending = lanes.flatMap((lane) => {
    const { want, fed } = lane;
    return want?.kind === "ids" ? [{ lane, want, left: want.items.length - fed }] : [];
  });
  if (pending.length === 0) return undefined;
  const whole = pending.filter(({ left }) => left >= decoder.piece);
  const [served, count] = whole.length > 0 ? [whole, decoder.piece] : [pending, 1];
  const items: (readonly Item[] | undefined)[] = Array.from({ length: decoder.sequences }, () => undefined);
  for (const { lane, want } of served) items[lane.sequence] = want.items.slice(lane.fed, lane.fed + count);
  if (count === 1) decoder.step(items.map((list) => list?.[0]));
  else decoder.prefill(items);
  const through: Lane[] = [];
  let asked = false;
  for (const { lane, want } of served) {
    lane.fed += count;
    if (lane.fed < want.items.length) continue;
    asked ||= want.logits;
    through.push(lane);
  }
  return (async () => {
    const logits = asked ? await decoder.logits(count === 1 ? "step" : "prefill") : new Float32Array();
    const V = logits.length / decoder.sequences;
    for (const lane of through) {
      if (lane.want?.kind === "ids" && lane.want.logits)
        lane.answer = logits.subarray(lane.sequence * V, (lane.sequence + 1) * V);
      lane.want = undefined;
    }
  })();
}

/** One run for all wanted items of a modality. */
async function lookAtItems(decoder: Decoder, lanes: readonly Lane[]): Promise<void> {
  const wanted = lanes.flatMap((lane) => (lane.want?.kind === "item" ? [{ lane, want: lane.want }] : []));
  const [first] = wanted;
  if (!first) throw new Error("sampled documents wait for nothing");
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
