// One sampled document, as a coroutine: it says what must be run on the device, and is told what came out.
import { type Modality, type PatchesModality, patchesPerPicture, patchSize } from "../modalities/modality.fields.js";
import { alphaBar } from "../objectives/ddpm.js";
import type { Objective } from "../objectives/objective.fields.js";
import { type Stream, stream } from "../random/stream.js";
import { type Choosing, chooseToken } from "./choose-token.js";
import { cappedAlphaBar, denoiseStep, firstTimestep, guided, type Sampler, visitedTimesteps } from "./denoise.js";
import { afterToken, allowedIds, OUTSIDE, type Place, type Rules, spanLength } from "./well-formed.js";

/** A token at a position of a modality; markers are of their owner. */
export interface Item {
  readonly id: number;
  readonly modality: number;
}

/** What is to be run for one sequence. Each continues the sequence, unless it says otherwise. */
export type Want =
  | {
      readonly kind: "tokens";
      readonly items: readonly Item[];
      /** Whether the logits after the last one are wanted. */
      readonly logits: boolean;
      /** Forget what the sequence held. */
      readonly anew?: boolean;
    }
  | {
      readonly kind: "picture";
      readonly modality: number;
      /** Noisy patches: [patches · patch size]. */
      readonly noisy: Float32Array;
      readonly timestep: number;
      /** Whether the sequence goes on after it; else it is only looked at. */
      readonly stays: boolean;
    };

/** Logits [V] after tokens, where wanted; the predicted noise of a picture. */
export type Answer = Float32Array | undefined;

export type SampledSegment =
  /** Ids in the vocabulary, without markers. */
  | { readonly kind: "tokens"; readonly modality: number; readonly ids: readonly number[] }
  | { readonly kind: "picture"; readonly modality: number; readonly patches: Float32Array };

export interface SampledDocument {
  /** What was sampled, without the prompt. */
  readonly segments: readonly SampledSegment[];
  /** Whether it ended on its own, rather than by its limit. */
  readonly ended: boolean;
}

export interface SampleSettings extends Choosing {
  readonly seed: number;
  /** Most positions to sample. */
  readonly tokens: number;
  /** Timesteps that a picture visits. */
  readonly steps: number;
  readonly sampler: Sampler;
  /** 1: what precedes a picture conditions it, as it was learned; more: it does so more strongly. */
  readonly guidance: number;
  /** One segment of this modality, rather than the rest of the document. */
  readonly only?: number | undefined;
}

export interface Sampling {
  readonly rules: Rules;
  readonly objectives: readonly (Objective | undefined)[];
  readonly settings: SampleSettings;
}

/** Sequences that a document needs on the device: with guidance one more, in which nothing precedes the pictures. */
export const sequencesFor = ({ guidance }: Pick<SampleSettings, "guidance">): 1 | 2 => (guidance === 1 ? 1 : 2);

type Run<T> = Generator<readonly (Want | undefined)[], T, readonly Answer[]>;

/**
 * Samples what follows a prompt.
 * @param number tells documents of one seed apart
 */
export function* sampleDocument(
  sampling: Sampling,
  prompt: readonly SampledSegment[],
  number: number,
): Run<SampledDocument> {
  const { rules, settings } = sampling;
  const { owner, spans } = rules.parts.vocabulary;
  const draw = stream("sample", settings.seed, number, 0);
  /** Tokens that the sequence does not have yet: they are fed when something depends on them. */
  let unfed: Item[] = [];
  const marker = (id: number | undefined): void => {
    if (id !== undefined) unfed.push({ id, modality: owner });
  };
  const feed = function* (logits: boolean): Run<Float32Array | undefined> {
    if (unfed.length === 0) return undefined;
    const [answer] = yield [{ kind: "tokens", items: unfed, logits }];
    unfed = [];
    return answer;
  };
  const stands = function* (modality: number, patches: Float32Array, noise: Stream): Run<void> {
    yield [{ kind: "picture", modality, ...asCondition(sampling, modality, patches, noise), stays: true }];
  };

  for (const [index, segment] of prompt.entries()) {
    const { modality } = segment;
    marker(spans[modality]?.begin);
    if (segment.kind === "tokens") unfed.push(...segment.ids.map((id) => ({ id, modality })));
    else {
      yield* feed(false);
      yield* stands(modality, segment.patches, stream("sample", settings.seed, number, 1, index));
    }
    marker(spans[modality]?.end);
  }

  const segments: SampledSegment[] = [];
  const { only } = settings;
  const asked = only === undefined ? undefined : spans[only]?.begin;
  let left = settings.tokens;
  let place: Place = OUTSIDE;
  let open: { modality: number; ids: number[] } | undefined;
  const close = (): void => {
    if (open) segments.push({ kind: "tokens", ...open });
    open = undefined;
  };
  const put = (id: number): void => {
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
  /** Of one segment alone: its text ends where another begins, and a span with its marker. */
  const finished = (): boolean => {
    if (place.kind === "ended") return true;
    if (only === undefined) return false;
    return only === owner ? place.kind !== "outside" : place.kind === "outside";
  };
  if (only !== undefined && asked !== undefined) {
    left = Math.max(left, spanLength(rules, only));
    put(asked);
  }
  /** A text that is asked for by name, and has not begun, has a token at least. */
  const begins = (): boolean => only === owner && open === undefined && prompt.at(-1)?.modality !== owner;
  let ended = false;
  for (let pictures = 0; left > 0 && !ended; ) {
    if (place.kind === "picture") {
      const { modality } = place;
      const noise = stream("sample", settings.seed, number, 2, pictures++);
      const patches = yield* drawnPicture(sampling, modality, unfed, noise);
      unfed = [];
      segments.push({ kind: "picture", modality, patches });
      left -= spanLength(rules, modality) - 2;
      place = { kind: "closing", modality };
      // Nothing comes after it: it need not stand.
      ended = only === modality;
      if (!ended) yield* stands(modality, patches, noise);
      continue;
    }
    const possible = allowedIds(rules, place, left);
    const allowed = begins() ? possible.slice(0, 1) : possible;
    const [sole] = allowed.length === 1 ? allowed : [];
    const forced = sole !== undefined && sole.end === sole.first + 1 ? sole.first : undefined;
    put(forced ?? chooseToken((yield* feed(true)) ?? [], allowed, settings, draw));
    ended = finished();
  }
  close();
  return { segments, ended };
}

/** A picture that conditions what follows: as x_1, or clean where nothing is learned of its noise. */
function asCondition(
  { rules, objectives }: Sampling,
  modality: number,
  patches: Float32Array,
  draw: Stream,
): { noisy: Float32Array; timestep: number } {
  const objective = objectives[modality];
  if (objective?.kind !== "ddpm") return { noisy: patches, timestep: 0 };
  const kept = alphaBar(1, objective.steps);
  const noisy = patches.map((value) => Math.sqrt(kept) * value + Math.sqrt(1 - kept) * draw.normal());
  const declared = rules.parts.modalities[modality] as Modality;
  if (declared.kind !== "patches") throw new Error(`${declared.name} has no pictures`);
  return { noisy, timestep: 1 };
}

/** Denoises a picture after the tokens that are still to be fed, the last of which is its begin marker. */
function* drawnPicture(
  { rules, objectives, settings }: Sampling,
  modality: number,
  before: readonly Item[],
  draw: Stream,
): Run<Float32Array> {
  const declared = rules.parts.modalities[modality] as PatchesModality;
  const objective = objectives[modality];
  if (objective?.kind !== "ddpm") throw new Error(`nothing is learned of the noise in ${declared.name}`);
  const { sampler, guidance } = settings;
  const fed: Want = { kind: "tokens", items: before, logits: false };
  const free = sequencesFor(settings) > 1;
  yield free ? [fed, { ...fed, items: before.slice(-1), anew: true }] : [fed];
  const x = Float32Array.from({ length: patchesPerPicture(declared) * patchSize(declared) }, () => draw.normal());
  const kept = cappedAlphaBar(objective.steps);
  const clip = declared.values !== "latents";
  const times = visitedTimesteps(firstTimestep(kept, clip), settings.steps);
  for (const [i, timestep] of times.slice(0, -1).entries()) {
    const look: Want = { kind: "picture", modality, noisy: x, timestep, stays: false };
    const [conditional, unconditional] = yield free ? [look, look] : [look];
    const noise = free
      ? guided(conditional as Float32Array, unconditional as Float32Array, guidance)
      : (conditional as Float32Array);
    const [now, next] = [kept[timestep] as number, kept[times[i + 1] as number] as number];
    denoiseStep(x, noise, { sampler, now, next, clip }, draw);
  }
  return x;
}
