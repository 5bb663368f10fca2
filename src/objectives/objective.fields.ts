// The kinds of objective, and what everyone may ask of one without knowing its kind.
import type { Holds } from "../modalities/row.fields.js";
import { type CrossEntropyObjective, cross_entropy } from "./cross_entropy.fields.js";
import { type DdpmObjective, ddpm } from "./ddpm.fields.js";
import { type RectifiedFlowObjective, rectified_flow } from "./rectified_flow.fields.js";
import type { ObjectiveFields } from "./row.fields.js";

export type Objective = CrossEntropyObjective | DdpmObjective | RectifiedFlowObjective;
export type ObjectiveKind = Objective["kind"];

const OBJECTIVES: { readonly [K in ObjectiveKind]: ObjectiveFields<Extract<Objective, { readonly kind: K }>> } = {
  cross_entropy,
  ddpm,
  rectified_flow,
};

export const isObjective = (kind: string): kind is ObjectiveKind => Object.hasOwn(OBJECTIVES, kind);

const rowOf = (kind: ObjectiveKind): ObjectiveFields<Objective> => OBJECTIVES[kind] as ObjectiveFields<Objective>;

/** What modalities a kind of objective can teach. */
export const taughtBy = (kind: ObjectiveKind): Holds => rowOf(kind).learns;

/** The kinds of objective that can teach modalities which hold this, the usual one first. */
export const objectivesFor = (holds: Holds): ObjectiveKind[] =>
  (Object.keys(OBJECTIVES) as ObjectiveKind[]).filter((kind) => taughtBy(kind) === holds);

/** What is predicted of a modality; undefined where nothing is. */
export const learnedOf = (objective: Objective | undefined): Holds | undefined => objective && taughtBy(objective.kind);

/** Probability that a document which ends in an item of the modality is learned without what precedes it. */
export const dropOf = (objective: Objective | undefined): number =>
  objective ? rowOf(objective.kind).drop(objective) : 0;

/** In a few words. */
export const aboutObjective = (objective: Objective | undefined): string =>
  objective ? rowOf(objective.kind).about(objective) : "no objective";

/** What the loss measures, of a modality whose ids are each a `unit`. */
export const lossUnit = (objective: Objective, unit: string): string => rowOf(objective.kind).measures(unit);
