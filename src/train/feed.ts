// Makes the batches of updates for the device. The next one is made while the device works.
import type { Packed } from "../batch/batch.js";
import type { HostBatch } from "../batch/host-array.js";
import type { DataSet } from "../data/data-set.js";
import { type DataPosition, openTraining } from "../data/order.js";
import { filled } from "../data/packing.js";
import { openStreams } from "../data/streams.js";
import type { CheckedSpec } from "../front/spec.js";
import { fillTable, type Table, tableName } from "../kernels/tables.js";
import { dropOf } from "../objectives/objective.fields.js";
import { awaitedLater } from "./awaited-later.js";
import { type Counts, countsOf, hostBatch } from "./host-batch.js";

/** An update's batches, one for each of its micro-batches. */
export interface UpdateBatches {
  readonly batches: readonly HostBatch[];
  readonly counts: Counts;
  /** Positions that belong to a document. */
  readonly tokens: number;
  /** The data position before it. */
  readonly position: DataPosition;
  /** Ends the use of the batches: later ones reuse their largest arrays. */
  release(): void;
}

export interface Feed {
  /** The batches of the update after `step` updates, prepared in advance or made now. */
  take(step: number): Promise<UpdateBatches>;
  /** Starts to make what `take(step)` will return. */
  prepare(step: number): void;
  /** The data position before the next batches. */
  position(): DataPosition;
  /** Makes `take` return the batches that follow this position. */
  seek(position: DataPosition): void;
}

/** Adds the tables that kernels need from the host, by name. */
export function withTables(batch: HostBatch, tables: readonly Table[]): HostBatch {
  const sourceOf = (name: string) => {
    const array = batch.get(name);
    if (!array) throw new Error(`the batch lacks ${name}`);
    return array;
  };
  // A phase with its own batch or length needs tables of tensors that a training batch lacks.
  const mine = tables.filter(({ source }) => batch.has(source));
  return new Map([...batch, ...mine.map((table) => [tableName(table), fillTable(table, sourceOf)] as const)]);
}

function tokensIn({ document }: Packed): number {
  let tokens = 0;
  for (let r = 0; r < document.length; r++) if ((document[r] as number) >= 0) tokens++;
  return tokens;
}

export function openFeed(spec: CheckedSpec, dataSet: DataSet, tables: readonly Table[]): Feed {
  const { seed, batch, accumulate } = spec.train;
  const { length, carry } = spec.data;
  const drop = spec.objectives.map(dropOf);
  const order = (carry ? openStreams : openTraining)(dataSet, { length, batch, accumulate, seed, drop });
  let ahead:
    | { readonly step: number; readonly position: DataPosition; readonly made: Promise<UpdateBatches> }
    | undefined;

  const unused: Float32Array<ArrayBuffer>[] = [];

  const make = async (): Promise<UpdateBatches> => {
    const position = order.position();
    const used: Float32Array<ArrayBuffer>[] = [];
    // New arrays of this size cost more than all other work: the system has to map and clear their memory.
    const spare = (size: number) => {
      const at = unused.findIndex((array) => array.length >= size);
      const array = at === -1 ? new Float32Array(size) : (unused.splice(at, 1)[0] as Float32Array<ArrayBuffer>);
      used.push(array);
      return array.length === size ? array : array.subarray(0, size);
    };
    const micros = Array.from({ length: accumulate }, () => order.next());
    const counts = countsOf(spec, micros);
    const batchOf = async (micro: Packed) =>
      withTables(
        hostBatch(spec, await filled(dataSet, micro, seed, spare), counts, { kind: "training", seed }, spare),
        tables,
      );
    return {
      batches: await Promise.all(micros.map(batchOf)),
      counts,
      tokens: micros.reduce((sum, micro) => sum + tokensIn(micro), 0),
      position,
      release: () => void unused.push(...used.splice(0)),
    };
  };
  return {
    take(step) {
      const made = ahead?.step === step ? ahead.made : make();
      ahead = undefined;
      return made;
    },
    prepare(step) {
      ahead ??= { step, position: order.position(), made: awaitedLater(make()) };
    },
    position: () => ahead?.position ?? order.position(),
    seek(position) {
      ahead = undefined;
      order.seek(position);
    },
  };
}
