// The arrays that a program reads of a batch, by the names of its inputs.
export type HostArray = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
export type HostBatch = ReadonlyMap<string, HostArray>;
