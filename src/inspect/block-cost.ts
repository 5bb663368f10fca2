// The costs of blocks and models, computed from models of one and two layers. They are cached until their inputs change, so an
// editor can show them while a spec is typed.
import { TRAINING_PHASES } from "../compile.js";
import type { CheckedSpec } from "../front/spec.js";
import { PROFILES } from "../ir/profiles.js";
import { type Counted, costOf } from "./inspection.js";
import { short } from "./inspection-text.js";

interface PartCost extends Counted {
  readonly part: string;
}

interface TokenCost {
  readonly modality: string;
  /** FLOPs of one token or patch in the forward pass. */
  readonly flops: number;
}

/** The cost of one layer or of a model. */
interface StackCost extends Counted {
  readonly parts: readonly PartCost[];
  readonly forward: readonly TokenCost[];
}

/** The costs of the spec's model with these layers. */
function costWith(spec: CheckedSpec, layers: readonly number[]): StackCost {
  const small: CheckedSpec = {
    ...spec,
    model: { ...spec.model, layers },
    train: { ...spec.train, precision: "f32", recompute: "none" },
  };
  const profile = PROFILES[0];
  if (profile === undefined) throw new Error("there is no profile");
  const options = { profile, batch: 1, length: spec.data.length, phases: TRAINING_PHASES, variants: "first" } as const;
  const { parameters, modalities } = costOf(small, options);
  const { total, active, parts } = parameters;
  return { total, active, parts, forward: modalities.map(({ modality, forward: flops }) => ({ modality, flops })) };
}

/** `a` + times · `b` for each part. */
function plus(a: StackCost, b: StackCost, times: number): StackCost {
  const names = [...new Set([...a.parts, ...b.parts].map(({ part }) => part))];
  const of = (cost: StackCost, name: string): Counted =>
    cost.parts.find(({ part }) => part === name) ?? { total: 0, active: 0 };
  const add = (x: Counted, y: Counted): Counted => ({
    total: x.total + times * y.total,
    active: x.active + times * y.active,
  });
  return {
    ...add(a, b),
    parts: names.map((part) => ({ part, ...add(of(a, part), of(b, part)) })).filter(({ total }) => total !== 0),
    forward: a.forward.map(({ modality, flops }, m) => ({
      modality,
      flops: flops + times * (b.forward[m]?.flops ?? 0),
    })),
  };
}

/**
 * The cost of one layer of a block.
 * @param block an index into the spec's blocks; `layers` may not use it
 */
export const blockCost = (spec: CheckedSpec, block: number): StackCost =>
  plus(costWith(spec, [block, block]), costWith(spec, [block]), -1);

/** @param of returns the cost of one layer of a block, possibly from the caller's cache */
export function modelCost(spec: CheckedSpec, of: (block: number) => StackCost): StackCost {
  const [first = 0] = spec.model.layers;
  const rest = plus(costWith(spec, [first]), of(first), -1);
  const counts = spec.model.blocks.map((_, block) => spec.model.layers.filter((layer) => layer === block).length);
  return counts.reduce((sum, times, block) => (times === 0 ? sum : plus(sum, of(block), times)), rest);
}

export interface Costs {
  readonly ofBlock: (spec: CheckedSpec, block: number) => StackCost;
  readonly ofModel: (spec: CheckedSpec) => StackCost;
}

/** The most cached entries. */
const KEPT = 1000;

export function createCosts(): Costs {
  const known = new Map<string, StackCost>();
  const keep = (key: string, make: () => StackCost): StackCost => {
    const cost = known.get(key) ?? make();
    known.delete(key);
    known.set(key, cost);
    for (const oldest of known.keys()) {
      if (known.size <= KEPT) break;
      known.delete(oldest);
    }
    return cost;
  };
  const around = ({ model, objectives, data }: CheckedSpec): unknown[] => {
    return [model.modalities, model.vocabulary, model.d_model, objectives, data];
  };
  const ofBlock: Costs["ofBlock"] = (spec, block) =>
    keep(JSON.stringify([...around(spec), spec.model.blocks[block]?.fields]), () => blockCost(spec, block));
  return {
    ofBlock,
    ofModel: (spec) =>
      keep(JSON.stringify([...around(spec), spec.model.blocks, spec.model.layers]), () =>
        modelCost(spec, (block) => ofBlock(spec, block)),
      ),
  };
}

/** FLOPs per token: one number if all modalities are equal, or one for each modality. */
export function flopsText({ forward }: StackCost): string {
  const [first] = forward;
  if (first !== undefined && forward.every(({ flops }) => short(flops) === short(first.flops)))
    return `${short(first.flops)}FLOP`.replace(/(\d)FLOP/, "$1 FLOP");
  return forward
    .map(({ modality, flops }) => `${modality} ${short(flops)}FLOP`.replace(/(\d)FLOP/, "$1 FLOP"))
    .join(", ");
}

/** Parameters, and the active ones if they are fewer. */
export function parametersText({ total, active }: StackCost): string {
  return active === total ? `${short(total)} parameters` : `${short(total)} parameters, ${short(active)} active`;
}

/** A Markdown table of the parts of a block or a model. */
export function costTable(cost: StackCost): string {
  const exact = (n: number): string => n.toLocaleString("en-US");
  const rows = [...cost.parts, { part: "**total**", total: cost.total, active: cost.active }];
  return [
    "| part | parameters | active |",
    "| --- | ---: | ---: |",
    ...rows.map(({ part, total, active }) => `| ${part} | ${exact(total)} | ${exact(active)} |`),
    "",
    `Forward pass of a token: ${flopsText(cost)}.`,
  ].join("\n");
}
