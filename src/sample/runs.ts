// Runs of tokens: each sequence first reads given tokens, then those that the device chooses. The host reads all choices
// of a run at once.
import type { HostBatch } from "../batch/host-array.js";
import { labelOf, type Single } from "../ir/meaning.js";
import type { Field } from "../ir/plan.js";
import type { Model } from "../train/model.js";
import { type Choices, LONGEST_RUN, limitsOf, mergedRanges } from "./choosing.js";
import type { Item } from "./document.js";
import type { Sequences } from "./sequences.js";

/** What a sequence does in a run. */
export interface InRun {
  /** Tokens that it reads first. */
  readonly items: readonly Item[];
  /** What it chooses after them. The last choice of a run is not read. */
  readonly choices?: Choices | undefined;
}

/** The number of steps until a sequence has nothing to read. */
export const stepsOf = ({ items, choices }: InRun): number => items.length + Math.max(0, (choices?.count ?? 1) - 1);

const STEP = "step";

const inStep = (is: Single): string => labelOf({ is }, STEP);

interface On {
  readonly model: Model;
  readonly sequences: Sequences;
  /** The batch of a step with the tokens of some sequences. */
  readonly batchOf: (items: readonly (Item | undefined)[], used: readonly number[]) => HostBatch;
  readonly attends: boolean;
}

/** Runs so many steps, at most LONGEST_RUN. Returns the choices of each sequence that has come to choose. */
export async function runTokens(
  { model, sequences, batchOf, attends }: On,
  lanes: readonly (InRun | undefined)[],
  steps: number,
): Promise<(Int32Array | undefined)[]> {
  const { runtime } = model;
  const active = lanes.map((lane) => (lane ? Math.min(steps, stepsOf(lane)) : 0));
  if (lanes.some((lane) => lane?.choices)) writeChoices(model, lanes);
  for (let step = 0; step < Math.max(...active); step++) {
    const running = [...lanes.keys()].filter((b) => step < (active[b] as number));
    const given = (b: number): number => lanes[b]?.items.length ?? 0;
    // Once all tokens are chosen on the device, only the places of attention change.
    const changes = running.some((b) => step <= given(b));
    if (changes || attends) {
      const items = lanes.map((lane, b) => {
        if (!running.includes(b) || lane === undefined) return undefined;
        return lane.items[step] ?? { id: 0, modality: lane.choices?.modality as number };
      });
      writeStep(model, batchOf(items, running), changes);
    }
    const chosen = running.filter((b) => step >= given(b));
    runtime.run([STEP], {
      before: sequences.passing(chosen, inStep("chosen"), inStep("embedded")),
      after: sequences.advancing(running),
    });
    sequences.stayed(running, 1);
  }
  if (!lanes.some((lane, b) => lane?.choices && (active[b] as number) >= lane.items.length)) return [];
  const choices = new Int32Array(await runtime.read(inStep("choices")));
  return lanes.map((lane, b) => {
    const first = (lane?.items.length ?? 0) - 1;
    const end = active[b] as number;
    return lane?.choices && end > first ? choices.slice(b * LONGEST_RUN + first, b * LONGEST_RUN + end) : undefined;
  });
}

/** Fields of a step that change although no modality does. */
const PLACES: ReadonlySet<Field["means"]["is"]> = new Set(["place", "position", "keys"]);

function writeStep(model: Model, batch: HostBatch, changes: boolean): void {
  if (changes) {
    model.writeBatch(batch, STEP);
    return;
  }
  for (const { means, scope, name } of model.compiled.plan.fields) {
    const array = scope === STEP && PLACES.has(means.is) ? batch.get(labelOf(means)) : undefined;
    if (array) model.runtime.write(name, array);
  }
}

/** Writes what the op `choose` reads in all steps of a run. */
function writeChoices({ runtime, compiled }: Model, lanes: readonly (InRun | undefined)[]): void {
  const B = lanes.length;
  const shape = compiled.plan.fields.find(({ name }) => name === inStep("allowed"))?.shape;
  if (shape === undefined) throw new Error("the model does not predict tokens");
  const bounds = shape[1] as number;
  const allowed = new Uint32Array(B * bounds);
  const choosing = new Float32Array(3 * B);
  const uniforms = new Float32Array(B * LONGEST_RUN);
  lanes.forEach((lane, b) => {
    if (!lane?.choices) return;
    const { choices, items } = lane;
    allowed.set(
      mergedRanges(choices.allowed).flatMap(({ first, end }) => [first, end]),
      b * bounds,
    );
    choosing.set(limitsOf(choices.choosing), 3 * b);
    const room = LONGEST_RUN - items.length + 1;
    if (room > 0) uniforms.set(choices.uniforms(Math.min(choices.count, room)), b * LONGEST_RUN + items.length - 1);
  });
  runtime.write(inStep("allowed"), allowed);
  runtime.write(inStep("choosing"), choosing);
  runtime.write(inStep("uniforms"), uniforms);
  runtime.write(labelOf({ is: "round" }), new Uint32Array(B));
}
