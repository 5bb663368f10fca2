// Costs of blocks and models, kept as long as what they depend on does not change.
import type { CheckedSpec } from "../front/spec.js";
import { blockCost, modelCost, type StackCost } from "../inspect/block-cost.js";
import { short } from "../inspect/inspection-text.js";

export interface Costs {
  readonly ofBlock: (spec: CheckedSpec, block: number) => StackCost;
  readonly ofModel: (spec: CheckedSpec) => StackCost;
}

/** More than this many are not kept. */
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

/** FLOPs of a token: one number where all modalities agree, else each modality's. */
export function flopsText({ forward }: StackCost): string {
  const [first] = forward;
  if (first !== undefined && forward.every(({ flops }) => short(flops) === short(first.flops)))
    return `${short(first.flops)}FLOP`.replace(/(\d)FLOP/, "$1 FLOP");
  return forward
    .map(({ modality, flops }) => `${modality} ${short(flops)}FLOP`.replace(/(\d)FLOP/, "$1 FLOP"))
    .join(", ");
}

/** Parameters, and those that a token uses where they are fewer. */
export function parametersText({ total, active }: StackCost): string {
  return active === total ? `${short(total)} parameters` : `${short(total)} parameters, ${short(active)} active`;
}

/** The parts of a block or a model, as Markdown. */
export function costTable(cost: StackCost): string {
  const exact = (n: number): string => n.toLocaleString("en-US");
  const rows = [...cost.parts, { part: "**in all**", total: cost.total, active: cost.active }];
  return [
    "| part | parameters | active |",
    "| --- | ---: | ---: |",
    ...rows.map(({ part, total, active }) => `| ${part} | ${exact(total)} | ${exact(active)} |`),
    "",
    `A token, forward: ${flopsText(cost)}.`,
  ].join("\n");
}
