// allocate: gives every tensor its memory. Parameters, gradients and optimizer state have arenas of the same layout.
// What the host writes or reads has fields; all other tensors and scratch share buffers by liveness.
import { byLayer, numbersOf, parametersIn, wholeName } from "../ir/arena.js";
import { storage } from "../ir/facts.js";
import { labelOf } from "../ir/meaning.js";
import type { Memory, ParameterField } from "../ir/memory.js";
import { inputsOf, outputsOf } from "../ir/op.js";
import type { BufferRange, BufferRole, Field, PlannedBuffer, Profile } from "../ir/plan.js";
import { type Arena, type Program, tensorOf } from "../ir/program.js";
import { type ArenaStretch, bytesIn, count, type FieldRole, type Stretch, type TensorId } from "../ir/tensor.js";
import { type Piece, refuseTooLarge } from "../ir/too-large.js";

/** One program of the model and what its kernels need besides its tensors. */
export interface PhaseNeeds {
  readonly program: Program;
  /** For each op, the bytes of each of its scratch slots. */
  readonly scratch: readonly (readonly number[])[];
}

export interface AllocateNeeds {
  /** All phases. Their parameters are laid out in the order in which they first appear. */
  readonly phases: readonly PhaseNeeds[];
  /** Sizes of the batch's row tables, in u32 numbers. */
  readonly tables: ReadonlyMap<string, number>;
  readonly stepBytes: number;
}

const ALIGNMENT = 256;
const aligned = (bytes: number): number => ALIGNMENT * Math.ceil(bytes / ALIGNMENT);

/** An interval during which something needs memory. Time runs through the phases, one op per tick. */
interface Interval {
  readonly key: string;
  /** A description for error messages. */
  readonly what: string;
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

function intervals({ phases }: AllocateNeeds): Interval[] {
  const found: Interval[] = [];
  let clock = 0;
  phases.forEach(({ program, scratch }, phase) => {
    const lives = new Map<TensorId, [number, number]>();
    program.ops.forEach((op, i) => {
      for (const id of [...inputsOf(op), ...outputsOf(op)]) {
        const home = storage(program, id);
        if (home.role !== "value") continue;
        const life = lives.get(home.id);
        if (life) life[1] = i;
        else lives.set(home.id, [i, i]);
      }
      scratch[i]?.forEach((bytes, slot) => {
        const what = `scratch of ${op.kind}`;
        found.push({ key: `${phase}/${i}/${slot}`, what, bytes, from: clock + i, to: clock + i });
      });
    });
    for (const [id, [from, to]] of lives) {
      const tensor = tensorOf(program, id);
      found.push({
        key: `${phase}:${id}`,
        what: tensor.name,
        bytes: bytesIn(tensor),
        from: clock + from,
        to: clock + to,
      });
    }
    clock += program.ops.length;
  });
  return found;
}

/** Evenly spaced moments. One bit per moment records whether a slot is busy then. */
const MOMENTS = 32;

/** Greedy by size: the largest interval first, each into the last slot that is large enough and free. */
function shareSlots(all: readonly Interval[]): { slots: Piece[]; slotOf: Map<string, number> } {
  const slots: Piece[] = [];
  /** For each slot, the start and end of each of its intervals, in order. */
  const busy: number[][] = [];
  /** For each slot, the moments at which it is busy. Most activations of a deep model overlap at one of them. */
  const moments: number[] = [];
  const end = all.reduce((latest, { to }) => Math.max(latest, to), 0) + 1;
  const slotOf = new Map<string, number>();
  for (const { key, what, bytes, from, to } of [...all].sort((a, b) => b.bytes - a.bytes || a.from - b.from)) {
    const within = momentsWithin(from, to, end);
    let slot = slots.length - 1;
    let place = -1;
    for (; slot >= 0; slot--) {
      if ((moments[slot] as number) & within) continue;
      place = placeAmong(busy[slot] as number[], from, to);
      if (place >= 0) break;
    }
    if (slot < 0) {
      slot = slots.length;
      slots.push({ what, bytes: aligned(bytes) });
      busy.push([]);
      moments.push(0);
      place = 0;
    }
    busy[slot]?.splice(place, 0, from, to);
    moments[slot] = (moments[slot] as number) | within;
    slotOf.set(key, slot);
  }
  return { slots, slotOf };
}

function momentsWithin(from: number, to: number, end: number): number {
  let bits = 0;
  for (let moment = Math.ceil((from * MOMENTS) / end); moment * end <= to * MOMENTS; moment++) bits |= 1 << moment;
  return bits;
}

/** The index at which an interval fits between the intervals of a slot, or -1 if it overlaps one of them. */
function placeAmong(taken: readonly number[], from: number, to: number): number {
  let low = 0;
  let high = taken.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((taken[2 * middle + 1] as number) < from) low = middle + 1;
    else high = middle;
  }
  const next = taken[2 * low];
  return next === undefined || next > to ? 2 * low : -1;
}

/** The arenas of the update program; without one, a single arena with the parameters of all programs. */
const arenasOf = (programs: readonly Program[]): readonly Arena[] =>
  programs.find(({ arenas }) => arenas !== undefined)?.arenas ?? [{ slots: [], runs: byLayer(parametersIn(programs)) }];

interface Region extends Stretch {
  readonly slots: readonly string[];
}

interface Layout {
  readonly fields: readonly ParameterField[];
  readonly regions: readonly Region[];
  /** By the name of the stored tensor. `buffer` is the index of a region here. */
  readonly at: ReadonlyMap<string, BufferRange>;
  readonly runs: readonly Piece[];
}

/** Lays parameters out in regions. One binding can hold a region, and a region belongs to one arena. */
function layOut(programs: readonly Program[], limit: number): Layout {
  const fields: ParameterField[] = [];
  const regions: Region[] = [];
  const found: Piece[] = [];
  const at = new Map<string, BufferRange>();
  let first = 0;
  for (const { slots, runs } of arenasOf(programs)) {
    let size = 0;
    const close = (): void => {
      regions.push({ first, size, slots });
      first += size;
      size = 0;
    };
    for (const run of runs) {
      const bytes = run.reduce((sum, parameter) => sum + 4 * numbersOf(parameter), 0);
      const [{ layer, names: named }] = run as readonly [(typeof run)[number]];
      const ofOneLayer = layer >= 0 && run.every((parameter) => parameter.layer === layer);
      const what = ofOneLayer
        ? `the parameters of layer ${layer}`
        : run.length === 1
          ? named.join()
          : `${named[0]} and similar parameters`;
      found.push({ what, bytes });
      if (4 * size + bytes > limit && size > 0) close();
      for (const parameter of run) {
        const { tensor: _, names, shape, ...source } = parameter;
        const [region, offset, copy] = [regions.length, 4 * size, 4 * count(shape)];
        at.set(wholeName(parameter), { buffer: region, offset, bytes: copy * names.length });
        names.forEach((name, group) => {
          fields.push({ name, shape, part: region, offset: offset + group * copy, group, source });
        });
        size += numbersOf(parameter);
      }
    }
    close();
  }
  return { fields, regions, at, runs: found };
}

/** Whether a program writes or reads the gradients of parameters. */
const trains = ({ arenas, tensors }: Program): boolean =>
  arenas !== undefined || tensors.some(({ role }) => role === "gradient");

const bindable = ({ limits }: Profile): number => Math.min(limits.bindingBytes, limits.bufferBytes);

/** The regions of the arenas. They do not depend on the rest of the plan. */
export const arenaRegions = (programs: readonly Program[], profile: Profile): readonly Stretch[] =>
  layOut(programs, bindable(profile)).regions;

type Wanted = Omit<Field, "buffer" | "offset">;

/** A growing list of buffers and the fields in them. */
function bufferList() {
  const buffers: PlannedBuffer[] = [];
  const fields: Field[] = [];
  const places = new Map<string, BufferRange>();
  const add = (name: string, role: BufferRole, bytes: number, holds?: PlannedBuffer["holds"]): number =>
    buffers.push({ name, role, bytes: Math.max(16, aligned(bytes)), ...(holds && { holds }) }) - 1;
  return {
    buffers,
    fields,
    add,
    /** Adds a buffer that fields share. */
    gather(name: string, role: BufferRole, wanted: readonly Wanted[]): void {
      const buffer = buffers.length;
      let offset = 0;
      for (const field of wanted) {
        const bytes = bytesIn(field);
        fields.push({ ...field, buffer, offset });
        places.set(`${role}:${field.name}`, { buffer, offset, bytes });
        offset += aligned(bytes);
      }
      add(name, role, offset);
    },
    field(name: string): BufferRange {
      for (const role of ["batch", "constants", "step", "results"]) {
        const place = places.get(`${role}:${name}`);
        if (place) return place;
      }
      throw new Error(`the plan has no field ${name}`);
    },
  };
}

/** The fields of a role in all phases. Phases must agree on their shapes. */
function declaredIn({ phases }: AllocateNeeds, role: FieldRole): Wanted[] {
  const found = new Map<string, Wanted>();
  for (const { program } of phases) {
    for (const { role: of, name, means, scope, type, shape } of program.tensors) {
      if (of !== role || means === undefined) continue;
      const before = found.get(name)?.shape ?? shape;
      if (before.join() !== shape.join()) throw new Error(`phases have ${name} as [${before}] and as [${shape}]`);
      found.set(name, { name, means, ...(scope !== undefined && { scope }), type, shape });
    }
  }
  return [...found.values()];
}

/** Adds a buffer for each region of each arena. Returns a lookup: undefined if the arena does not have that region. */
function addArenas(list: ReturnType<typeof bufferList>, programs: readonly Program[], regions: readonly Region[]) {
  const arenas = new Map<string, (number | undefined)[]>();
  const add = (arena: string, role: BufferRole): void => {
    const buffers = regions.map(({ size, slots }, region) =>
      role !== "optimizer" || slots.includes(arena)
        ? list.add(`${arena}.${region}`, role, 4 * size, { arena, part: region })
        : undefined,
    );
    arenas.set(arena, buffers);
  };
  add("parameters", "parameters");
  if (programs.some(trains)) add("gradients", "gradients");
  for (const slot of new Set(regions.flatMap(({ slots }) => slots))) add(slot, "optimizer");
  return (arena: string, region: number): number | undefined => arenas.get(arena)?.[region];
}

/** @throws TooLarge if the profile's devices cannot bind something in one piece */
export function allocate(needs: AllocateNeeds, profile: Profile): Memory {
  const limit = bindable(profile);
  const list = bufferList();
  const { buffers, fields, field } = list;
  const programs = needs.phases.map(({ program }) => program);
  const layout = layOut(programs, limit);
  const arenaBuffer = addArenas(list, programs, layout.regions);
  const tables = [...needs.tables].map(([name, size]): Wanted => {
    return { name, means: { is: "table", table: name }, type: "u32", shape: [size] };
  });
  list.gather("batch", "batch", [...declaredIn(needs, "batch"), ...tables]);
  list.gather("constants", "constants", declaredIn(needs, "constant"));
  const step = { is: "step" } as const;
  list.gather("step", "step", [{ name: labelOf(step), means: step, type: "u32", shape: [needs.stepBytes / 4] }]);
  for (const result of [...declaredIn(needs, "result"), ...declaredIn(needs, "state")])
    list.gather(`result ${result.name}`, "results", [result]);

  const { slots, slotOf } = shareSlots(intervals(needs));
  refuseTooLarge([...layout.runs, ...slots], limit, profile);
  const hosts = buffers.filter(({ role }) => role === "batch" || role === "constants");
  const written = hosts.map(({ name, bytes }) => ({ what: `the buffer that the host writes as ${name}`, bytes }));
  refuseTooLarge(written, profile.limits.bufferBytes, profile);
  const firstSlot = buffers.length;
  slots.forEach(({ bytes }, slot) => {
    list.add(`workspace.${slot}`, "workspace", bytes);
  });
  const slot = (key: string, bytes: number): BufferRange => {
    const found = slotOf.get(key);
    if (found === undefined) throw new Error(`no memory was planned for ${key}`);
    return { buffer: firstSlot + found, offset: 0, bytes };
  };
  const arena: Memory["arena"] = (name, region) => arenaBuffer(name, region) as number;

  const inRegion = ({ arena: of, first, size }: ArenaStretch): BufferRange => {
    const region = layout.regions.findIndex((one) => one.first <= first && first + size <= one.first + one.size);
    const start = layout.regions[region]?.first;
    if (start === undefined) throw new Error(`no region of ${of} holds the numbers from ${first} on`);
    return { buffer: arena(of, region), offset: 4 * (first - start), bytes: 4 * size };
  };

  return {
    buffers,
    fields,
    parameters: layout.fields,
    regions: layout.regions,
    slots,
    arena,
    field,
    scratch: (phase, op, index) => slot(`${phase}/${op}/${index}`, needs.phases[phase]?.scratch[op]?.[index] as number),
    tensor: (phase, id) => {
      const { program } = needs.phases[phase] as PhaseNeeds;
      const home = storage(program, id);
      const { role, name, stretch } = home;
      if (stretch) return inRegion(stretch);
      if (role === "value") return slot(`${phase}:${home.id}`, bytesIn(home));
      if (role === "parameter" || role === "gradient") {
        const place = layout.at.get(name);
        if (!place) throw new Error(`no memory was laid out for the parameter ${name}`);
        return { ...place, buffer: arena(role === "parameter" ? "parameters" : "gradients", place.buffer) };
      }
      return field(name);
    },
  };
}
