// Runs a plan on a device: creates its buffers, pipelines and bind groups once, and encodes the commands of its phases.
import type { BufferRange, Dispatch, Kernel, Plan, Profile } from "../ir/plan.js";
import { type Allocated, allocate, type Buffers, createReadback, type Readback } from "./buffers.js";
import { choose, type PickedPhase, type Preference } from "./choose.js";
import { DeviceError } from "./device-error.js";
import { deviceErrorFrom, type Health, watch } from "./health.js";
import { type Encode, type PreparedNode, prepareNodes } from "./nodes.js";
import { type NodeTime, type PassClock, timeNodes } from "./pass-clock.js";
import { compileKernels, type Pipelines } from "./pipelines.js";

export interface PrepareOptions {
  /** Variants to prefer over others that the device supports. */
  readonly prefer?: Preference;
  /** The limit of dispatches per submit, so that no submit triggers a display driver's watchdog. */
  readonly dispatchesPerSubmit?: number;
  /** The pipelines of other plans on this device, to which this plan adds its own. */
  readonly pipelines?: Pipelines | undefined;
  /** Observes every pass that runs phases. */
  readonly clock?: PassClock | undefined;
}

/** A field by name, or a range of a buffer: offset and bytes are multiples of 4. */
type Place = string | BufferRange;

/** Copies from place to place, in order. */
export type Copies = readonly (readonly [from: Place, to: Place])[];

/** The variant of a node. */
interface NodePick {
  readonly phase: string;
  readonly label: string;
  /** The plan node's key. */
  readonly key?: string | undefined;
  readonly variant: string;
}

/** Every method throws or rejects with a DeviceError once the device has failed. */
export interface Runtime {
  readonly picks: readonly NodePick[];
  /** The memory of the plan's buffers, exactly as planned. Pending reads need additional staging buffers. */
  readonly bytes: Allocated;
  /** Submits the dispatches of these phases, in order, and returns at once. Copies run before and after them. */
  run(phases: readonly string[], copies?: { readonly before: Copies; readonly after: Copies }): void;
  /** Submits the dispatches of one node of a phase alone. */
  runNode(phase: string, index: number): void;
  /** Runs a phase several times, with timestamps before and after each node. */
  time(phase: string, times?: number): Promise<readonly NodeTime[]>;
  /** Copies `data` to the place at a byte offset, before the next run. */
  write(place: Place, data: ArrayBuffer | ArrayBufferView<ArrayBuffer>, offset?: number): void;
  /** Copies places to places of equal size in other buffers, in order, before the next run. */
  copy(pairs: Copies): void;
  /** Fills places with zeros before the next run. */
  clear(places: readonly Place[]): void;
  /** The contents of the place after everything submitted so far. The host does not need to wait. */
  read(place: Place): Promise<ArrayBuffer>;
  /** The contents of several places at the same moment, with a single copy. */
  readAll(places: readonly Place[]): Promise<ArrayBuffer[]>;
  /** Resolves when fewer than `ahead` reads are pending. This limits how many steps the host is ahead. */
  room(ahead?: number): Promise<void>;
  /** Resolves when everything submitted so far is done. */
  settled(): Promise<void>;
  /** Frees the buffers and rejects pending work. The device stays open. */
  destroy(): void;
}

/** Allocates, compiles and binds everything that the chosen variants need. */
export async function prepare(
  device: GPUDevice,
  profile: Profile,
  plan: Plan,
  options: PrepareOptions = {},
): Promise<Runtime> {
  const picked = choose(plan, profile, options.prefer);
  const health = watch(device);
  let buffers: Buffers | undefined;
  try {
    const dispatches = picked.flatMap(({ nodes }) => nodes.flatMap(({ choice }) => choice.dispatches));
    const kernelOf = kernelResolver(plan.kernels);
    const kernels = await compileKernels(device, health, dispatches.map(kernelOf), options.pipelines);
    buffers = await allocate(device, health, plan, dispatches);
    const phases = await prepareNodes(device, health, picked, { kernelOf, kernels, buffers: buffers.list });
    const { dispatchesPerSubmit: perSubmit = 256, clock } = options;
    return runtimeOf({ device, health, plan, picked, buffers, phases, perSubmit, clock });
  } catch (error) {
    const reason = deviceErrorFrom(error, "The plan can't be prepared");
    health.close(reason);
    for (const buffer of buffers?.list ?? []) buffer.destroy();
    throw reason;
  }
}

interface Prepared {
  readonly device: GPUDevice;
  readonly health: Health;
  readonly plan: Plan;
  readonly picked: readonly PickedPhase[];
  readonly buffers: Buffers;
  readonly phases: ReadonlyMap<string, readonly PreparedNode[]>;
  readonly perSubmit: number;
  readonly clock: PassClock | undefined;
}

function runtimeOf({ device, health, plan, picked, buffers, phases, perSubmit, clock }: Prepared): Runtime {
  const readback = createReadback(device, health);
  const nodesOf = (phase: string) => {
    const nodes = phases.get(phase);
    if (nodes === undefined) throw new RangeError(`The plan has no phase "${phase}"; it has ${[...phases.keys()]}.`);
    return nodes;
  };
  const locate = locator(plan, buffers.list);
  const submit = (label: string, dispatches: readonly Encode[], copies = { before: none, after: none }): void => {
    for (let first = 0; first < dispatches.length; first += perSubmit) {
      const encoder = device.createCommandEncoder({ label });
      if (first === 0) encodeCopies(encoder, copies.before, locate);
      const pass = encoder.beginComputePass({ label, ...(clock && { timestampWrites: clock.next() }) });
      for (const encode of dispatches.slice(first, first + perSubmit)) encode(pass);
      pass.end();
      if (first + perSubmit >= dispatches.length) encodeCopies(encoder, copies.after, locate);
      device.queue.submit([encoder.finish()]);
    }
  };
  return {
    picks: picked.flatMap(({ name, nodes }) =>
      nodes.map(({ label, key, choice }) => ({ phase: name, label, key, variant: choice.variant })),
    ),
    bytes: buffers.bytes,
    run(names, copies) {
      health.check();
      const dispatches = names.flatMap((name) => nodesOf(name).flatMap((node) => node.dispatches));
      submit(names.join(", "), dispatches, copies);
    },
    runNode(phase, index) {
      health.check();
      const node = nodesOf(phase)[index];
      if (node === undefined) throw new RangeError(`Phase ${phase} has no node ${index}.`);
      submit(`${phase}: ${node.label}`, node.dispatches);
    },
    async time(phase, times = 1) {
      health.check();
      const nodes = nodesOf(phase);
      return await timeNodes(device, health, readback, Array.from({ length: times }, () => nodes).flat());
    },
    ...accessOf(device, health, readback, locate),
    room: (ahead = 2) => readback.room(ahead),
    async settled() {
      health.check();
      await health.guard(device.queue.onSubmittedWorkDone());
    },
    destroy() {
      health.close(new DeviceError("The runtime was destroyed.", ""));
      readback.destroy();
      for (const buffer of buffers.list) buffer.destroy();
    },
  };
}

interface Located {
  readonly buffer: GPUBuffer;
  /** In bytes. */
  readonly start: number;
  readonly bytes: number;
  readonly name: string;
}

const none: Copies = [];

function encodeCopies(encoder: GPUCommandEncoder, pairs: Copies, locate: (place: Place) => Located): void {
  for (const [from, to] of pairs.map(([a, b]) => [locate(a), locate(b)] as const)) {
    if (from.bytes !== to.bytes) {
      throw new RangeError(`${from.name} has ${from.bytes} bytes, but ${to.name} has ${to.bytes}.`);
    }
    if (from.buffer === to.buffer) throw new RangeError(`${from.name} and ${to.name} are in the same buffer.`);
    encoder.copyBufferToBuffer(from.buffer, from.start, to.buffer, to.start, from.bytes);
  }
}

/** Host operations: writes, copies and reads at places that `locate` finds. */
function accessOf(
  device: GPUDevice,
  health: Health,
  readback: Readback,
  locate: (place: Place) => Located,
): Pick<Runtime, "write" | "copy" | "clear" | "read" | "readAll"> {
  /** A failure reaches the code that awaits it. A read that is dropped, or awaited later, must not end the process. */
  const heard = <T>(contents: Promise<T>) => {
    contents.catch(() => {});
    return contents;
  };
  const readAll = async (places: readonly Place[]) => await readback.read(places.map(locate));
  const readOne = async (place: Place) => (await readback.read([locate(place)]))[0] as ArrayBuffer;
  return {
    write(place, data, offset = 0) {
      health.check();
      const { buffer, start, bytes, name } = locate(place);
      if ((start + offset) % 4 !== 0 || data.byteLength % 4 !== 0) {
        throw new RangeError(`Writes to ${name} must start and end at multiples of 4 bytes.`);
      }
      if (offset < 0 || offset + data.byteLength > bytes) {
        throw new RangeError(`${data.byteLength} bytes at ${offset} don't fit into ${name}, which has ${bytes}.`);
      }
      device.queue.writeBuffer(buffer, start + offset, data);
    },
    copy(pairs) {
      health.check();
      const encoder = device.createCommandEncoder({ label: "copy" });
      encodeCopies(encoder, pairs, locate);
      device.queue.submit([encoder.finish()]);
    },
    clear(places) {
      health.check();
      const encoder = device.createCommandEncoder({ label: "clear" });
      for (const { buffer, start, bytes } of places.map(locate)) encoder.clearBuffer(buffer, start, bytes);
      device.queue.submit([encoder.finish()]);
    },
    read: (place) => heard(readOne(place)),
    readAll: (places) => heard(readAll(places)),
  };
}

function locator(plan: Plan, buffers: readonly GPUBuffer[]): (place: Place) => Located {
  const fields = new Map(plan.fields.map((field) => [field.name, field]));
  return (place) => {
    if (typeof place !== "string") {
      const { buffer, offset, bytes } = place;
      const name = plan.buffers[buffer]?.name ?? "a buffer that is not in the plan";
      return { buffer: buffers[buffer] as GPUBuffer, start: offset, bytes, name };
    }
    const field = fields.get(place);
    if (field === undefined) throw new RangeError(`The plan has no field "${place}".`);
    const count = field.shape.reduce((product, size) => product * size, 1);
    const bytes = 4 * (field.type === "f16" ? Math.ceil(count / 2) : count);
    return { buffer: buffers[field.buffer] as GPUBuffer, start: field.offset, bytes, name: place };
  };
}

/**
 * WebGPU refuses a dispatch that binds a buffer both as read-only and as writable storage, even if the ranges do not
 * overlap. Two writable bindings that do not overlap are allowed. So a read binding is declared writable if the same
 * buffer also has a written one. Returns the same object for the same kernel and bindings.
 */
export function kernelResolver(kernels: readonly Kernel[]): (dispatch: Dispatch) => Kernel {
  const resolved = new Map<string, Kernel>();
  return ({ kernel: index, bindings }) => {
    const kernel = kernels[index];
    if (kernel === undefined) throw new RangeError(`The plan has no kernel ${index}.`);
    const written = new Set(bindings.filter((_, i) => kernel.bindings[i] === "write").map(({ buffer }) => buffer));
    const shared = bindings.flatMap(({ buffer }, i) =>
      kernel.bindings[i] === "read" && written.has(buffer) ? [i] : [],
    );
    const key = [index, ...shared].join();
    const known = resolved.get(key) ?? (shared.length === 0 ? kernel : declareWritable(kernel, shared));
    resolved.set(key, known);
    return known;
  };
}

function declareWritable(kernel: Kernel, shared: readonly number[]): Kernel {
  const declaration = (binding: number) =>
    new RegExp(`(@binding\\(\\s*${binding}u?\\s*\\)[^;]*?)var<\\s*storage\\s*(?:,\\s*read\\s*)?>`);
  return {
    name: kernel.name,
    source: shared.reduce((source, i) => source.replace(declaration(i), "$1var<storage, read_write>"), kernel.source),
    bindings: kernel.bindings.map((binding, i) => (shared.includes(i) ? "write" : binding)),
  };
}
