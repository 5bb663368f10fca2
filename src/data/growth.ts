// Data that have grown at their end since a run was saved: documents after the others of a source, or sources after the others.
import type { DataSet } from "./data-set.js";
import { drawnAt, type EarlierSize, epochAt } from "./document-order.js";
import type { DataPosition, StreamPlace } from "./order.js";

/** What a checkpoint records of a source: the number of its documents, and their fingerprint. */
export interface SourceBeginning {
  readonly documents: number;
  readonly fingerprint: number;
}

export const beginningsOf = ({ sources }: Pick<DataSet, "sources">): SourceBeginning[] =>
  sources.map(({ documents, begins }) => ({ documents, fingerprint: begins(documents) }));

/** Whether the training documents begin with those of a run, source by source. */
export const isGrown = (before: readonly SourceBeginning[], { sources }: Pick<DataSet, "sources">): boolean =>
  before.length <= sources.length &&
  before.every(({ documents, fingerprint }, i) => {
    const source = sources[i];
    return source !== undefined && documents <= source.documents && source.begins(documents) === fingerprint;
  });

/**
 * The position of a run in its grown data. Each source finishes its epoch with the documents that it had; the new ones
 * take part from its next epoch on. New sources take part at once.
 */
export function grownPosition(
  position: DataPosition,
  before: readonly SourceBeginning[],
  { sources }: Pick<DataSet, "sources">,
): DataPosition {
  const { epoch, index, drawn, grown = [], streams } = position;
  const counts = before.map(({ documents }, s) => trainedOf(sources, s, documents));
  // A source alone is counted by its epochs, the sources of a mixture by their documents.
  const given = drawn ?? [drawnAt(epoch, index, counts[0] as number, grown[0])];
  const history = sources.map((source, s): readonly EarlierSize[] => {
    const [count, earlier] = [counts[s] ?? source.train.length, grown[s] ?? []];
    if (count === source.train.length) return earlier;
    const at = epochAt(given[s] as number, count, earlier);
    return [...earlier, { until: at.index === 0 ? at.epoch : at.epoch + 1, documents: count }];
  });
  const moved = {
    ...position,
    ...(history.some((earlier) => earlier.length > 0) && { grown: history }),
    ...(streams && { streams: streams.map((place) => place && renumbered(place, before, sources)) }),
  };
  if (sources.length === before.length) return moved;
  const all = sources.map((_, s) => given[s] ?? 0);
  const total = all.reduce((sum, one) => sum + one, 0);
  return { ...moved, epoch: 0, index: total, drawn: all, since: { index: total, drawn: all } };
}

/** The number of training documents among the first documents of a source. */
function trainedOf(sources: DataSet["sources"], s: number, documents: number): number {
  const { train = [] } = sources[s] ?? {};
  const end = firstOf(sources, s) + documents;
  const beyond = train.findIndex((document) => document >= end);
  return beyond < 0 ? train.length : beyond;
}

/** The number of the first document of a source. */
const firstOf = (sources: readonly { readonly documents: number }[], s: number): number =>
  sources.slice(0, s).reduce((sum, { documents }) => sum + documents, 0);

/** A document that a stream has begun, by its number in the grown data. */
function renumbered(place: StreamPlace, before: readonly SourceBeginning[], sources: DataSet["sources"]): StreamPlace {
  let s = before.length - 1;
  while (firstOf(before, s) > place.document) s--;
  return { ...place, document: place.document - firstOf(before, s) + firstOf(sources, s) };
}
