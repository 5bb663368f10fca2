// Which variant of every node a device runs: a pure function of the plan, the profile and the user's wishes.
import { admits, type Choice, type Choices, type Plan, type Profile, type Requirement } from "../ir/plan.js";
import { DeviceError } from "./device-error.js";

export interface PickedNode {
  readonly label: string;
  readonly key?: string | undefined;
  readonly choice: Choice;
}

export interface PickedPhase {
  readonly name: string;
  readonly nodes: readonly PickedNode[];
}

/** Whether this variant of this node is wanted before the others that the device admits. */
export type Preference = (label: string, variant: string, key: string | undefined) => boolean;

function asked(requires: Requirement): string {
  const words = [
    requires.kind && `a ${requires.kind === "gpu" ? "real GPU" : "CPU adapter"}`,
    requires.storageBuffers && `${requires.storageBuffers} storage buffers`,
    requires.workgroupBytes && `${requires.workgroupBytes} bytes of workgroup memory`,
    requires.invocations && `${requires.invocations} invocations in a workgroup`,
    requires.subgroup && `subgroups of ${requires.subgroup}`,
    requires.f16 && "16-bit floats",
    requires.matrix && "matrix units for halves",
    requires.quads && "subgroups of four at least",
  ];
  return words.filter((word) => typeof word === "string").join(", ");
}

/** For every node its first preferred choice among those that the profile admits, else the first admitted. */
export function choose(plan: Plan, profile: Profile, prefer: Preference = () => false): readonly PickedPhase[] {
  return plan.phases.map(({ name, nodes }) => ({
    name,
    nodes: nodes.map(({ label, key, choices }) => {
      const admitted = choices.filter(({ requires }) => admits(profile, requires));
      const choice = admitted.find(({ variant }) => prefer(label, variant, key)) ?? admitted[0];
      if (choice === undefined) {
        const needs = choices.map(({ variant, requires }) => `${variant} needs ${asked(requires)}`).join("; ");
        throw new DeviceError(`No variant of ${label} runs on ${profile.name}: ${needs}.`, "Use another adapter.");
      }
      return { label, key, choice };
    }),
  }));
}

/** The plan with one choice at every node: that of `choices`, where the profile admits it, else the first admitted. */
export function withChoices(plan: Plan, profile: Profile, choices: Choices): Plan {
  const picked = choose(plan, profile, (_, variant, key) => key !== undefined && choices[key] === variant);
  const phases = plan.phases.map(({ name, nodes }, phase) => ({
    name,
    nodes: nodes.map((node, i) => ({ ...node, choices: [picked[phase]?.nodes[i]?.choice as Choice] })),
  }));
  return { ...plan, phases };
}

/** What a device runs of a plan, node by node, as choices that give the same again. */
export function choicesOf(plan: Plan, profile: Profile): Choices {
  const nodes = choose(plan, profile).flatMap((phase) => phase.nodes);
  return Object.fromEntries(nodes.flatMap(({ key, choice }) => (key === undefined ? [] : [[key, choice.variant]])));
}
