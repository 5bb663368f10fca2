// One sampled document as a coroutine: it yields what to run on the device, and receives the results.
import { itemOf } from "../modalities/modality.fields.js";
import { ofItems } from "../objectives/items.js";
import type { Objective } from "../objectives/objective.fields.js";
import { type Stream, stream } from "../random/stream.js";
import { type Choices, type Choosing, type IdRange, idOf, LONGEST_RUN, uniformOf } from "./choosing.js";
import { afterToken, allowedIds, OUTSIDE, type Place, type Rules, segmentLength, steadyFor } from "./well-formed.js";

/** A token at a position of a modality. Markers belong to their owner. */
export interface Item {
  readonly id: number;
  readonly modality: number;
}

/** A request to run something for one sequence. It continues the sequence unless it states otherwise. */
export type Want =
  | {
      readonly kind: "ids";
      readonly items: readonly Item[];
      /** Whether to reset the sequence first. */
      readonly resets?: boolean;
    }
  | {
      /** Tokens, and a choice of the next ones up to the first that is not in `ordinary`, or fewer. */
      readonly kind: "run";
      readonly items: readonly Item[];
      readonly choices: Choices;
      readonly ordinary: IdRange;
      /** Whether the sequence may be continued after another token. */
      readonly goesOn: boolean;
    }
  | {
      readonly kind: "item";
      readonly modality: number;
      /** Its values, noised to time t, [positions, columns]. */
      readonly noisy: Float32Array;
      readonly t: number;
      /** Whether the sequence continues after the item; otherwise its state is restored. */
      readonly stays: boolean;
    };

/** The choices of a run, which the sequence has read up to the one before the last; or the prediction for an item. */
export type Answer = Int32Array | Float32Array | undefined;

export type SampledSegment =
  /** Ids in the vocabulary, without markers. */
  | { readonly kind: "ids"; readonly modality: number; readonly ids: readonly number[] }
  | { readonly kind: "item"; readonly modality: number; readonly values: Float32Array };

export interface SampledDocument {
  /** The sampled segments, without the prompt. */
  readonly segments: readonly SampledSegment[];
  /** Whether it ended by itself, not at the limit. */
  readonly ended: boolean;
}

export interface SampleSettings extends Choosing {
  readonly seed: number;
  /** The largest number of positions to sample. */
  readonly tokens: number;
  /** Number of denoising steps of an item. */
  readonly steps: number;
  /** Default: the usual one of the objective. */
  readonly sampler?: string | undefined;
  /** Guidance scale: 1 conditions an item as in training; larger values condition it more strongly. */
  readonly guidance: number;
  /** Sample one segment of this modality instead of the rest of the document. */
  readonly only?: number | undefined;
}

export interface Sampling {
  readonly rules: Rules;
  readonly objectives: readonly (Objective | undefined)[];
  readonly settings: SampleSettings;
}

/** The number of sequences of a document on the device. Guidance needs a second one, in which nothing precedes the items. */
export const sequencesFor = ({ guidance }: Pick<SampleSettings, "guidance">): 1 | 2 => (guidance === 1 ? 1 : 2);

type Run<T> = Generator<readonly (Want | undefined)[], T, readonly Answer[]>;

/**
 * Samples the continuation of a prompt.
 * @param number distinguishes documents with the same seed
 */
export function* sampleDocument(
  sampling: Sampling,
  prompt: readonly SampledSegment[],
  number: number,
): Run<SampledDocument> {
  const { rules, settings } = sampling;
  const { owner, spans } = rules.parts.vocabulary;
  const draw = stream("sample", settings.seed, number, 0);
  /** Random numbers that no choice has used yet. */
  const drawn: number[] = [];
  const uniforms = (count: number): number[] => {
    while (drawn.length < count) drawn.push(uniformOf(draw));
    return drawn.slice(0, count);
  };
  /** Tokens that have not been run yet. They are run when a result depends on them. */
  let unfed = yield* readPrompt(sampling, prompt, number);
  const segments: SampledSegment[] = [];
  const { only } = settings;
  const asked = only === undefined ? undefined : spans[only]?.begin;
  let left = settings.tokens;
  let place: Place = OUTSIDE;
  let open: { modality: number; ids: number[] } | undefined;
  const close = () => {
    if (open) segments.push({ kind: "ids", ...open });
    open = undefined;
  };
  const put = (id: number) => {
    const of = place;
    place = afterToken(rules, of, id);
    const content = of.kind === "inside" ? id !== spans[of.modality]?.end : of.kind === place.kind;
    const modality = content && of.kind === "inside" ? of.modality : owner;
    if (content) {
      open ??= { modality, ids: [] };
      open.ids.push(id);
    } else close();
    unfed.push({ id, modality });
    left--;
  };
  /** A single segment ends at the start of another one, or at its end marker. */
  const finished = () => {
    if (place.kind === "ended") return true;
    if (only === undefined) return false;
    return only === owner ? place.kind !== "outside" : place.kind === "outside";
  };
  if (only !== undefined && asked !== undefined) {
    left = Math.max(left, segmentLength(rules, only));
    put(asked);
  }
  /** A requested text that has not started has at least one token. */
  const begins = () => only === owner && open === undefined && prompt.at(-1)?.modality !== owner;
  let ended = false;
  for (let items = 0; left > 0 && !ended; ) {
    if (place.kind === "item") {
      const { modality } = place;
      const noise = stream("sample", settings.seed, number, 2, items++);
      const values = yield* drawnItem(sampling, modality, unfed, noise);
      unfed = [];
      segments.push({ kind: "item", modality, values });
      left -= segmentLength(rules, modality) - 2;
      place = { kind: "closing", modality };
      // Nothing follows the item, so its state is not needed.
      ended = only === modality;
      if (!ended) yield* stands(sampling, modality, values, noise);
      continue;
    }
    const possible = allowedIds(rules, place, left);
    const allowed = begins() ? possible.slice(0, 1) : possible;
    const [sole] = allowed.length === 1 ? allowed : [];
    const forced = sole !== undefined && sole.end === sole.first + 1 ? sole.first : undefined;
    if (forced !== undefined) put(forced);
    else {
      const { kind } = place;
      const count = begins() ? 1 : steadyFor(rules, place, left, LONGEST_RUN);
      const modality = kind === "inside" ? place.modality : owner;
      const choices: Choices = { count, allowed, choosing: settings, uniforms, modality };
      // Outside of segments, only the end of the document and the starts of segments are not ordinary.
      const goesOn = only === undefined && (kind === "inside" || allowed.length > 2);
      const [answer] = yield [{ kind: "run", items: unfed, choices, ordinary: possible[0] as IdRange, goesOn }];
      const chosen = [...(answer as Int32Array)].map(idOf);
      drawn.splice(0, chosen.length);
      for (const id of chosen) put(id);
      unfed = unfed.slice(-1);
    }
    ended = finished();
  }
  close();
  return { segments, ended };
}

/** Runs tokens, if there are any. */
function* fed(items: readonly Item[]): Run<void> {
  if (items.length > 0) yield [{ kind: "ids", items }];
}

function* stands(sampling: Sampling, modality: number, values: Float32Array, noise: Stream): Run<void> {
  yield [{ kind: "item", modality, ...asCondition(sampling, modality, values, noise), stays: true }];
}

/** Runs a prompt up to its last item. @returns the tokens after it, which have not been run */
function* readPrompt(sampling: Sampling, prompt: readonly SampledSegment[], number: number): Run<Item[]> {
  const { rules, settings } = sampling;
  const { owner, spans } = rules.parts.vocabulary;
  const marker = (id: number | undefined): Item[] => (id === undefined ? [] : [{ id, modality: owner }]);
  let unfed: Item[] = [];
  for (const [index, segment] of prompt.entries()) {
    const { modality } = segment;
    unfed.push(...marker(spans[modality]?.begin));
    if (segment.kind === "ids") for (const id of segment.ids) unfed.push({ id, modality });
    else {
      yield* fed(unfed);
      yield* stands(sampling, modality, segment.values, stream("sample", settings.seed, number, 1, index));
      unfed = [];
    }
    unfed.push(...marker(spans[modality]?.end));
  }
  return unfed;
}

/** Runs a finished item, which conditions what follows. */
function asCondition(
  { objectives }: Sampling,
  modality: number,
  values: Float32Array,
  draw: Stream,
): { noisy: Float32Array; t: number } {
  const objective = ofItems(objectives[modality]);
  const { t, signal, noise } = objective.at(objective.finished);
  return { t, noisy: noise === 0 ? values : values.map((value) => signal * value + noise * draw.normal()) };
}

/** Draws an item after the pending tokens, the last of which is its start marker. */
function* drawnItem(
  { rules, objectives, settings }: Sampling,
  modality: number,
  before: readonly Item[],
  draw: Stream,
): Run<Float32Array> {
  const shape = itemOf(rules.parts.modalities[modality]);
  if (shape === undefined) throw new Error(`modality ${modality} has no items`);
  const objective = ofItems(objectives[modality]);
  const { samplers } = objective;
  const { steps, guidance } = settings;
  const sampler = samplers.find((name) => name === settings.sampler) ?? samplers[0] ?? "";
  const fed: Want = { kind: "ids", items: before };
  const free = sequencesFor(settings) > 1;
  yield free ? [fed, { ...fed, items: before.slice(-1), resets: true }] : [fed];
  const bounded = shape.type === "U8";
  const drawing = objective.sample(shape.positions * shape.columns, { steps, sampler, bounded }, draw);
  let next = drawing.next();
  while (!next.done) {
    const look: Want = { kind: "item", modality, noisy: next.value.x, t: next.value.t, stays: false };
    const [conditional, unconditional] = yield free ? [look, look] : [look];
    const predicted = conditional as Float32Array;
    next = drawing.next(free ? guided(predicted, unconditional as Float32Array, guidance) : predicted);
  }
  return next.value;
}

/** Classifier-free guidance (Ho and Salimans 2022): u + g·(c − u), in float64. */
export const guided = (conditional: ArrayLike<number>, free: ArrayLike<number>, guidance: number): Float64Array =>
  Float64Array.from(conditional, (c, i) => (free[i] as number) + guidance * (c - (free[i] as number)));
