// The kernels of entire programs as drafts: the variants of each op that a device can run, and the tables that they
// read.
import { admits, type Choices, type Profile } from "../ir/plan.js";
import type { Program } from "../ir/program.js";
import type { Stretch } from "../ir/tensor.js";
import { type DraftChoice, type KernelSettings, settingsFor } from "./draft.js";
import type { DraftPhase } from "./emit.js";
import { selectKernels } from "./select.js";
import { sharedDrafts } from "./shared-drafts.js";
import { type Table, tableName } from "./tables.js";

export interface KernelOptions {
  readonly profile: Profile;
  /**
   * `first` keeps only the variant that a device of this profile would run, `all` keeps every variant that it admits.
   */
  readonly variants: "first" | "all";
  /** Forces a variant by name for every op that has it. */
  readonly force?: string;
  /** The variants of some nodes, used if the profile admits them. */
  readonly choices?: Choices | undefined;
  readonly settings?: KernelSettings;
}

/**
 * The phase of each program, with a node for each op.
 * @param regions the regions of the arenas
 */
export function draftPhases(
  programs: readonly Program[],
  regions: readonly Stretch[],
  options: KernelOptions,
): DraftPhase[] {
  const settings = options.settings ?? settingsFor(options.profile);
  return programs.map((program): DraftPhase => {
    const drafted = sharedDrafts(program, (op, key) =>
      choose(selectKernels(program, op, settings, regions), key, op.kind, options),
    );
    const nodes = program.ops.map((op) => {
      const { key, choices, madeFor } = drafted(op);
      return { label: op.kind, op: { program, op, madeFor }, key, choices };
    });
    return { name: program.name, nodes };
  });
}

function choose(choices: readonly DraftChoice[], key: string, label: string, options: KernelOptions): DraftChoice[] {
  const { profile, force, variants, choices: chosen = {} } = options;
  const admitted = choices.filter(({ requires, variant }) => admits(profile, requires) || variant === force);
  const wanted =
    admitted.find(({ variant }) => variant === force) ?? admitted.find(({ variant }) => variant === chosen[key]);
  const [first] = admitted;
  if (!first) throw new Error(`no kernel of ${label} runs on ${profile.name}`);
  if (wanted) return [wanted];
  return variants === "first" ? [first] : admitted;
}

/** The largest size of each scratch slot over all choices, in bytes. */
export function scratchOf(choices: readonly DraftChoice[]): number[] {
  const slots = Math.max(...choices.map((c) => c.scratch.length));
  return Array.from({ length: slots }, (_, slot) => Math.max(...choices.map((c) => c.scratch[slot] ?? 0)));
}

/** The tables of all phases, by name. */
export function tablesOf(phases: readonly DraftPhase[]): Map<string, Table> {
  const tables = new Map<string, Table>();
  const drafts = new Set(phases.flatMap(({ nodes }) => nodes.map(({ choices }) => choices)));
  const bindings = [...drafts].flatMap((choices) => choices.flatMap((c) => c.dispatches.flatMap((d) => d.bindings)));
  for (const { target } of bindings) if (target.kind === "table") tables.set(tableName(target.table), target.table);
  return tables;
}
