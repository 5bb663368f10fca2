// The data of a drawing: the weights of a model with shapes and owners, as the compiler declares them, and their costs.

import { flowOf } from "../../blocks/block.fields.js";
import type { Residual } from "../../blocks/row.fields.js";
import { EVALUATION_PHASES, programAfter, programsOf } from "../../compile.js";
import type { CheckedSpec } from "../../front/spec.js";
import { PROFILES } from "../../ir/profiles.js";
import type { Parameter } from "../../ir/program.js";
import { count } from "../../ir/tensor.js";
import { aboutModality, holdsIds } from "../../modalities/modality.fields.js";
import { aboutObjective } from "../../objectives/objective.fields.js";
import type { Inspection } from "../inspection.js";
import { partName } from "../part-name.js";
import { type Folded, fold } from "./fold.js";

/** The copies of some weights, each with the modalities that use it. */
export interface Weights {
  /** The shape of each tensor of one copy, as in checkpoints but without dimensions of 1. */
  readonly shapes: readonly string[];
  /** Numbers in one copy. */
  readonly parameters: number;
  /** The modalities of each copy, by index. A single copy for all modalities is shared. */
  readonly owners: readonly (readonly number[])[];
}

/** Weights outside the stack, between modalities and the residual stream. */
export interface End extends Omit<Weights, "owners"> {
  readonly name: string;
  readonly modalities: readonly number[];
}

export interface DrawnBlock {
  readonly name: string;
  readonly kind: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly flow: readonly Residual[];
  /** Weights by the name from `partName`. */
  readonly weights: ReadonlyMap<string, Weights>;
  /** Parameters of one layer, in all copies. */
  readonly parameters: number;
}

export interface DrawnModel {
  readonly modalities: readonly { readonly name: string; readonly kind: string; readonly about: string }[];
  readonly inputs: readonly End[];
  readonly d_model: number;
  readonly length: number;
  /** By index; undefined if no layer uses the block. */
  readonly blocks: readonly (DrawnBlock | undefined)[];
  readonly stack: readonly Folded[];
  readonly norm: Weights;
  readonly outputs: readonly End[];
  /** Objectives by modality. */
  readonly objectives: readonly string[];
  readonly total: number;
  readonly active: number;
  readonly costs: Inspection["modalities"];
}

/** @param inspection the inspection of the same spec */
export function drawnModel(
  spec: CheckedSpec,
  inspection: Pick<Inspection, "parameters" | "modalities" | "stack">,
): DrawnModel {
  const { model } = spec;
  const declared = parametersOf(spec);
  const all = model.modalities.map((_, m) => m);
  const tokens = all.filter((m) => holdsIds(model.modalities[m]));
  const outside = declared.filter(({ layer }) => layer < 0);
  const named = (test: (name: string) => boolean): Parameter[] => outside.filter((one) => test(partName(one)));
  const norm = named((name) => name === "final norm");
  /** The weights that all tokens share, then those of each modality of patches. */
  const ends = (shared: string, own: readonly string[]): End[] =>
    [
      { name: shared, modalities: tokens },
      ...all.flatMap((m) => own.map((stem) => ({ name: `${stem}.${model.modalities[m]?.name}`, modalities: [m] }))),
    ].flatMap(({ name, modalities }) => {
      const found = named((one) => one === name);
      return found.length === 0 ? [] : [{ name, modalities, ...measure(found) }];
    });
  return {
    modalities: model.modalities.map((modality, m) => ({
      name: modality.name,
      kind: modality.kind,
      about: aboutModality(modality, m === model.vocabulary.owner ? markersIn(spec) : 0),
    })),
    inputs: ends("embed", ["patch_in", "t_embed"]),
    d_model: model.d_model,
    length: spec.data.length,
    blocks: model.blocks.map(({ name, fields }, index) => {
      const layer = model.layers.indexOf(index);
      if (layer < 0) return undefined;
      const own = declared.filter((one) => one.layer === layer);
      const parts = [...new Set(own.map(partName))];
      const sizes = inspection.stack.find(({ block }) => block === name)?.sizes ?? {};
      const weights = new Map(
        parts.map((part) => {
          const of = own.filter((one) => partName(one) === part);
          return [part, { ...measure(of), owners: ownersOf(of, all) }] as const;
        }),
      );
      const parameters = own.reduce((sum, { shape, names }) => sum + count(shape) * names.length, 0);
      return { name, kind: fields.kind, sizes, flow: flowOf(fields), weights, parameters };
    }),
    stack: fold(model.layers),
    norm: { ...measure(norm), owners: [all] },
    outputs: ends("head", ["patch_out"]),
    objectives: spec.objectives.map(aboutObjective),
    total: inspection.parameters.total,
    active: inspection.parameters.active,
    costs: inspection.modalities,
  };
}

/** The parameters that the compiler declares. They do not depend on precision or device. */
function parametersOf(spec: CheckedSpec): readonly Parameter[] {
  const [profile] = PROFILES;
  if (profile === undefined) throw new Error("there is no profile");
  const plain = { ...spec, train: { ...spec.train, precision: "f32", recompute: "none" } } as const;
  const options = {
    profile,
    batch: 1,
    length: spec.data.length,
    phases: EVALUATION_PHASES,
    variants: "first",
  } as const;
  return programsOf(plain, options).flatMap((stage) => programAfter(stage, "lower").parameters);
}

const measure = (parameters: readonly Parameter[]): Pick<Weights, "shapes" | "parameters"> => ({
  shapes: parameters.map(({ shape }) => shape.filter((side, i) => side > 1 || i === 0).join(" × ")),
  parameters: parameters.reduce((sum, { shape }) => sum + count(shape), 0),
});

/** The owners of a part. All its tensors have the same owners. */
function ownersOf([first]: readonly Parameter[], modalities: readonly number[]): number[][] {
  return (first?.names ?? []).map((_, group) => modalities.filter((m) => (first?.of[m] ?? 0) === group));
}

const markersIn = ({ model: { modalities } }: CheckedSpec): number => 2 * modalities.length;
