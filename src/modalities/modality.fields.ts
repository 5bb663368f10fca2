// The kinds of modality, and functions that work for every kind.
import type { Reporter } from "../diagnostics/diagnostic.js";
import { type BytesJson, type BytesModality, bytes } from "./bytes.fields.js";
import { type CodesJson, type CodesModality, codes } from "./codes.fields.js";
import { type PatchesJson, type PatchesModality, patches } from "./patches.fields.js";
import type { Content, Holding, Holds, Ids, IdsRow, ItemShape, ModalityRow } from "./row.fields.js";
import { type TokensJson, type TokensModality, tokens } from "./tokens.fields.js";

export type Modality = BytesModality | TokensModality | CodesModality | PatchesModality;
export type ModalityJson = BytesJson | TokensJson | CodesJson | PatchesJson;
export type ModalityKind = Modality["kind"];

type Of<T, K extends ModalityKind> = Extract<T, { readonly kind: K }>;

/** In the order in which messages list the kinds that can hold a content. */
export const MODALITIES: { readonly [K in ModalityKind]: ModalityRow<Of<Modality, K>, Of<ModalityJson, K>> } = {
  bytes,
  tokens,
  patches,
  codes,
};

export const isModality = (kind: string): kind is ModalityKind => Object.hasOwn(MODALITIES, kind);

type AnyRow = ModalityRow<Modality, ModalityJson>;
type Kinded = { readonly kind: ModalityKind };

const rowOf = ({ kind }: Kinded): AnyRow => MODALITIES[kind] as AnyRow;

const idsRow = (kinded: Kinded): IdsRow<Modality, ModalityJson> | undefined => {
  const row = rowOf(kinded);
  return row.holds === "ids" ? row : undefined;
};

/** Checks JSON that matches the schema. */
export const checkModality = (name: string, json: ModalityJson, reporter: Reporter): Modality =>
  rowOf(json).check(name, json, reporter);

/** Whether its positions hold ids of the vocabulary or items of numbers. */
export const holdsOf = (modality: Kinded): Holds => rowOf(modality).holds;

export const holdsIds = (modality: Kinded | undefined): boolean =>
  modality !== undefined && holdsOf(modality) === "ids";

/** The item shape of a modality of numbers; undefined for one that holds ids. */
export function itemOf(modality: Modality | undefined): ItemShape | undefined {
  if (modality === undefined) return undefined;
  const row = rowOf(modality);
  return row.holds === "items" ? row.item(modality) : undefined;
}

/** The positions of an item; 0 for a modality that holds ids. */
export const positionsOfItem = (modality: Modality | undefined): number => itemOf(modality)?.positions ?? 0;

/** The ids of a modality; undefined for one that holds numbers. */
export const idsOf = (modality: Modality): Ids | undefined => idsRow(modality)?.ids(modality);

/** Where the ids of its markers are, if it owns them. */
export const markersOf = (modality: Kinded): IdsRow<never, never>["markers"] => idsRow(modality)?.markers ?? "none";

/** The field that names the file with which contents are encoded as ids. */
export const fileFieldOf = (modality: Kinded): IdsRow<never, never>["file"] => idsRow(modality)?.file;

/** The path in that field; undefined if absent. */
export function fileOf(json: ModalityJson): string | undefined {
  const field = fileFieldOf(json);
  return field && (json as Partial<Record<typeof field, string>>)[field];
}

/** How a modality holds a content; undefined if it cannot, even with another file. */
export function holdingOf(modality: Modality, content: Content): Holding<Modality> | undefined {
  const holding = rowOf(modality).contents[content];
  return holding && (holding.if?.(modality) ?? true) ? holding : undefined;
}

/** The kinds that can hold a content, for use after "a modality of", and an example declaration. */
export function holdersNamed(content: Content): { readonly kinds: string; readonly example: string } {
  const all = Object.values(MODALITIES).flatMap(({ contents }) => contents[content] ?? []);
  return { kinds: all.map(({ as }) => as).join(" or of "), example: all[0]?.example ?? "" };
}

/** The keys under which segments of documents can be written. */
export const CONTENTS: ReadonlySet<string> = new Set(
  Object.values(MODALITIES).flatMap(({ contents }) => Object.keys(contents)),
);

/** Whether its ids are the bytes of a text. */
export const isBytes = (modality: Kinded | undefined): boolean =>
  modality !== undefined && idsRow(modality)?.isBytes === true;

/** The name of one of its ids or items in units of a loss. */
export const unitOf = (modality: Kinded): string => idsRow(modality)?.unit ?? "number";

/** A short description. @param markers how many markers of spans and documents it owns */
export const aboutModality = (modality: Modality, markers: number): string => rowOf(modality).about(modality, markers);

/** What determines the bytes of a shard. The modality's name does not. */
export function storedAs(modality: Modality): unknown {
  const row = rowOf(modality);
  return row.holds === "items" ? row.stored(modality) : modality.kind;
}

/** The shared vocabulary of all modalities that hold ids, in the order of declaration. */
export interface Vocabulary {
  readonly size: number;
  /** Index of the modality that owns the markers: the first that can. */
  readonly owner: number;
  readonly documentEnd: number;
  readonly padding: number;
  /** First id of each modality's range; −1 for one that holds numbers. */
  readonly first: readonly number[];
  /** Markers around the spans of each modality except the owner, where it is undefined. */
  readonly spans: readonly ({ readonly begin: number; readonly end: number } | undefined)[];
}

/** The largest number of items in a batch. */
export const itemCapacity = ({ positions }: ItemShape, batch: number, length: number): number =>
  batch * Math.max(1, Math.floor(length / positions));
