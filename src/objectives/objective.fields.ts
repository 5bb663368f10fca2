// The kinds of objective, and functions that work for every kind.
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

/** Which modalities a kind of objective can train: those that hold ids, or items. */
export const taughtBy = (kind: ObjectiveKind): Holds => rowOf(kind).learns;

/** The kinds of objective for modalities that hold ids, or items; the default first. */
export const objectivesFor = (holds: Holds): ObjectiveKind[] =>
  (Object.keys(OBJECTIVES) as ObjectiveKind[]).filter((kind) => taughtBy(kind) === holds);

/** What is predicted of a modality; undefined for nothing. */
export const learnedOf = (objective: Objective | undefined): Holds | undefined => objective && taughtBy(objective.kind);

/** Probability that a document ending in an item of the modality is trained without what comes before the item. */
export const dropOf = (objective: Objective | undefined): number =>
  objective ? rowOf(objective.kind).drop(objective) : 0;

/** A short description. */
export const aboutObjective = (objective: Objective | undefined): string =>
  objective ? rowOf(objective.kind).about(objective) : "no objective";

/** The unit of the loss. `unit` is the name of one of the modality's ids. */
export const lossUnit = (objective: Objective, unit: string): string => rowOf(objective.kind).measures(objective, unit);
